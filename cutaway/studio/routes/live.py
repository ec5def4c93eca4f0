"""Live maps of runs that are being trained."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import PlainTextResponse, Response

from .given import GivenWorkspace, RunId

router = APIRouter(prefix="/api")


@router.get("/runs/{run}/live")
def watch(run: RunId, workspace: GivenWorkspace) -> dict[str, Any]:
    """Say that a page watches a run, and get the heads of the frames of its map; ask again within 20 seconds."""
    return workspace.live.watch(workspace.index.path(run))


@router.get("/runs/{run}/live/{number}")
def picture(run: RunId, number: Annotated[int, Path(ge=0, le=2**53)], workspace: GivenWorkspace) -> Response:
    """The bytes of a frame; see `cutaway.studio.live.Frame`."""
    found = workspace.live.find(workspace.folder / run, number)
    if found is None:
        return PlainTextResponse("This frame is not kept any more.\n", 404)
    return Response(found.data, media_type="application/octet-stream")
