"""The documents of the studio, one shell for all of them, and its modules and style sheets."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from cutaway.page import studio_files, studio_shell

from .given import GivenDesk, GivenPerson, GivenSettings, GivenWorkspace

router = APIRouter()

FOREVER = "private, max-age=31536000, immutable"
KINDS = {".js": "text/javascript", ".css": "text/css"}


@router.get("/static/{digest}/{name:path}")
def static(digest: str, name: str) -> Response:
    """A module or a style sheet. The digest of all of them is in the address, so that a browser can keep them."""
    files = studio_files()
    if digest != files.digest or name not in files.contents:
        return PlainTextResponse("There is no such file.\n", 404)
    kind = KINDS[name[name.rindex(".") :]]
    return Response(files.contents[name], media_type=kind, headers={"cache-control": FOREVER})


@router.get("/")
@router.get("/runs/{run}")
@router.get("/runs/{run}/mend")
@router.get("/compare/{run}/{other}")
@router.get("/trainings/{job}")
@router.get("/data")
def shell(settings: GivenSettings, person: GivenPerson, desk: GivenDesk, run: str = "", job: str = "") -> Response:
    """The shell of every view: which one it shows, its script takes from the address."""
    desk.warm()  # somebody is there, who may want to look inside a run
    return HTMLResponse(studio_shell(base=settings.base, person=person.name, writes=person.writes))


@router.get("/train")
def train_shell(settings: GivenSettings, person: GivenPerson, desk: GivenDesk, workspace: GivenWorkspace) -> Response:
    """As `shell`: the form for a training, whose map is there sooner if its process is loaded while the form is.

    In a classroom all open the form at once, and few train at once: a process of 340 MB for each would take the memory.
    """
    if person.writes and sum(each.writes for each in settings.people) == 1:
        workspace.expect_training()
    return shell(settings, person, desk)
