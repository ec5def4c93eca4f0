"""The documents of the studio, one shell for all of them, and its modules, style sheets and font."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from cutaway.page import studio_files, studio_shell
from cutaway.studio.settings import Person, StudioSettings

from .given import GivenManager, GivenPerson, GivenSettings, GivenWorkspace, RunId

router = APIRouter()

FOREVER = "private, max-age=31536000, immutable"
KINDS = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}


@router.get("/static/{digest}/{name:path}")
def static(digest: str, name: str) -> Response:
    """A module, a style sheet or the font. The digest of all of them is in the address, so a browser may keep them."""
    files = studio_files()
    if digest != files.digest or name not in files.contents:
        return PlainTextResponse("There is no such file.\n", 404)
    kind = KINDS[name[name.rindex(".") :]]
    return Response(files.contents[name], media_type=kind, headers={"cache-control": FOREVER})


@router.get("/")
@router.get("/runs/{run}")
@router.get("/runs/{run}/label-issues")
@router.get("/trash/{run}")
@router.get("/compare/{run}/{other}")
@router.get("/trainings/{job}")
@router.get("/data")
@router.get("/train")
@router.get("/class")
def shell(settings: GivenSettings, person: GivenPerson, run: str = "", job: str = "") -> Response:
    """The shell of every view: which one it shows, its script takes from the address."""
    return _shell(settings, person)


@router.get("/playground")
def playground() -> Response:
    """The playground: a page that trains in the browser, and tells the studio which tasks are done."""
    return _playground(studio="./")


@router.get("/runs/{run}/playground")
def playground_of_run(run: RunId, workspace: GivenWorkspace) -> Response:
    """The playground with the samples and settings of a run of two inputs."""
    from cutaway.api.opening import open_run
    from cutaway.api.playground import playground_start

    opened = open_run(workspace.index.path(run))
    return _playground(studio="../../", start=playground_start(opened.context))


def _playground(*, studio: str, start: dict[str, Any] | None = None) -> Response:
    """Args: studio: its address, relative to the page."""
    from cutaway.api.playground import playground_page

    page = playground_page(studio=studio, start=start)
    return HTMLResponse(page.html, headers={"content-security-policy": page.policy})


def _shell(settings: StudioSettings, person: Person, status: int = 200) -> Response:
    others = 0 if person.name else len(settings.people) - 1
    page = studio_shell(base=settings.base, person=person.name, writes=person.writes, others=others)
    return HTMLResponse(page, status)


class Visit(BaseModel, extra="forbid"):
    """That a person has opened a view, which is named as the first part of its address."""

    view: Annotated[str, Field(max_length=64)] = ""


@router.post("/api/visits")
def visit(
    opened: Visit, settings: GivenSettings, person: GivenPerson, manager: GivenManager, workspace: GivenWorkspace
) -> dict[str, Any]:
    """Load the process of the view ahead: somebody is there and may want to look inside a run.

    The map of a training is there sooner if its process is loaded while the form is open. In a classroom all open the
    form simultaneously, and few train simultaneously: a process of 340 MB for each would take the memory.
    """
    manager.warm("look", "view")
    if opened.view == "train" and person.writes and sum(each.writes for each in settings.people) == 1:
        workspace.expect_training()
    return {}


def unknown_page(request: Request) -> Response:
    """The answer for an unknown address: a page that says so, or a line for requests of data."""
    if request.method not in ("GET", "HEAD") or request.scope["path"].startswith(("/api/", "/static/")):
        return PlainTextResponse("There is nothing at this address.\n", 404)
    return _shell(request.app.state.settings, request.scope["person"], 404)
