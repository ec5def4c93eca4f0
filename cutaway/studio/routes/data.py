"""Data: allowed folders, and uploads."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from cutaway.data import dataset_names
from cutaway.errors import CutawayError
from cutaway.page import render_fragment
from cutaway.studio.references import DataReference, DataRoots, Part, list_folder
from cutaway.studio.uploads import upload_name

from .given import GivenPerson, GivenRoots, GivenWorkspace

router = APIRouter(prefix="/api")

UploadName = Annotated[str, Path(max_length=255)]


Parts = Annotated[list[Part] | None, Query(max_length=64)]


@router.get("/data")
def places(
    workspace: GivenWorkspace,
    places: GivenRoots,
    person: GivenPerson,
    folder: Annotated[int | None, Query(ge=0, le=1000)] = None,
    part: Parts = None,
) -> dict[str, Any]:
    """Where data may be chosen, as HTML, with the content of each folder, or of one below it; and the uploads."""
    uploads = workspace.uploads.rows()
    folders = [
        _content(number, tuple(part or ()) if number == folder else (), places) for number in range(len(places.folders))
    ]
    values = {"bundled": dataset_names(), "folders": folders, "uploads": uploads, "writes": person.writes}
    return {"html": render_fragment("places.html", **values), "uploads": uploads}


def _content(folder: int, parts: tuple[str, ...], places: DataRoots) -> dict[str, Any]:
    found = {"name": places.folders[folder].name or "/", "parts": parts, "entries": [], "more": False, "problem": ""}
    try:
        return found | list_folder(DataReference(place="folder", folder=folder, parts=parts), places)
    except CutawayError as error:  # the others can be chosen
        return found | {"problem": str(error)}


@router.get("/data/folder/{folder}")
def folder(
    folder: Annotated[int, Path(ge=0, le=1000)],
    places: GivenRoots,
    part: Parts = None,
) -> dict[str, Any]:
    """The content of a folder, or of one below it."""
    return list_folder(DataReference(place="folder", folder=folder, parts=tuple(part or ())), places)


@router.get("/uploads/{name}")
def upload_check(name: UploadName, _: GivenWorkspace) -> dict[str, Any]:
    """The name of the next upload; refused here, it need not be sent at all."""
    return {"name": upload_name(name)}


@router.put("/uploads/{name}")
async def upload(name: UploadName, request: Request, workspace: GivenWorkspace) -> Response:
    """Receive a file, whose content is the body."""
    length = request.headers.get("content-length", "")
    try:
        stored = await workspace.uploads.receive(
            name, request.stream(), length=int(length) if length.isdecimal() else None
        )
    except ClientDisconnect:  # nobody is there to be answered
        return Response(status_code=400)
    return JSONResponse({"name": stored, "uploads": workspace.uploads.rows()})


@router.delete("/uploads/{name}")
def remove_upload(name: UploadName, workspace: GivenWorkspace) -> dict[str, Any]:
    """Delete an upload."""
    workspace.uploads.remove(name)
    return {"uploads": workspace.uploads.rows()}
