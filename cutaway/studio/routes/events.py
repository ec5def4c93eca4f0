"""The stream of events."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from starlette.responses import PlainTextResponse, Response

from .given import GivenPerson, GivenWorkspace

router = APIRouter(prefix="/api")


@router.get("/events")
async def events(workspace: GivenWorkspace, person: GivenPerson) -> Response:
    """Server-sent events: "runs", "training" and others; "reset" tells a page to read everything again."""
    if workspace.hub.is_full(person.name):
        return PlainTextResponse("Too many pages of this studio are open. Next: close some of them.\n", 503)
    return StreamingResponse(
        workspace.hub.stream(person.name),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},  # nginx would collect what we send
    )
