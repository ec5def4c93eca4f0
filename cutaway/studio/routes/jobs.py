"""Requests for jobs, their progress, and their results: parts, reports, and frames of live maps."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import PlainTextResponse, Response

from cutaway.checks import wrong_part
from cutaway.errors import UsageError
from cutaway.jobs import MANAGED_JOB, JobState, ManagedJob, read_array, read_part
from cutaway.studio.references import DataRoots, WantedData

from .given import GivenManager, GivenPerson, GivenRoots, GivenSettings, GivenWorkspace, RunId
from .pages import FOREVER

router = APIRouter(prefix="/api")

Kind = Annotated[str, Path(max_length=64, description="Of the job.")]
Key = Annotated[str, Path(max_length=64, description="Of a job and its result.")]
PartName = Annotated[str, Path(max_length=64, description="Of a part.")]
PageName = Annotated[str, Query(max_length=64, description="The id that a page gives itself to wait for jobs.")]


class JobRequest(BaseModel, extra="forbid"):
    """What a page asks for.

    Attributes:
        page: The id of the page that waits for it.
        again: Whether to repeat a failed job, and for people who may write, also a finished one.
        job: The specification without its kind, which is in the address; a survey has a `SurveyRequest`.
    """

    page: Annotated[str, Field(max_length=64)] = ""
    again: bool = False
    job: dict[str, Any] = {}


class SurveyRequest(WantedData):
    """Data that are to be looked at."""

    augment: Annotated[str, Field(max_length=1_000)] | None = None


@router.post("/jobs/{kind}")
def ask(
    kind: Kind,
    asked: JobRequest,
    workspace: GivenWorkspace,
    manager: GivenManager,
    person: GivenPerson,
    places: GivenRoots,
    settings: GivenSettings,
) -> JobState:
    """How a job stands; asking has it done if it is not. The gate has looked whether the person may ask for it."""
    job = _specification(kind, asked.job, places)
    for run in job.runs:
        workspace.index.path(run)
    return manager.ask(
        job,
        workspace.folder,
        _page(person.name, asked.page),
        workspace.hub.send,
        starter=settings.people[0].runs,
        again=asked.again,
        may_write=person.writes,
    )


@router.delete("/jobs")
def leave_all(manager: GivenManager, person: GivenPerson, page: PageName = "") -> dict[str, Any]:
    """A page waits no longer for any job; what nobody waits for is canceled."""
    manager.leave(_page(person.name, page))
    return {}


@router.delete("/jobs/{key}")
def leave(key: Key, manager: GivenManager, person: GivenPerson, page: PageName = "") -> dict[str, Any]:
    """A page waits no longer for a job; it is canceled where nobody else does."""
    manager.leave(_page(person.name, page), key)
    return {}


def _page(person: str, page: str) -> str:
    """A page as the job manager knows it: nobody cancels what others wait for, whatever they call their page."""
    return f"{person}/{page}"


def _specification(kind: str, job: dict[str, Any], places: DataRoots) -> ManagedJob:
    try:
        if kind == "survey":
            survey = SurveyRequest.model_validate(job)
            job = {**survey.paths(places), "augment": survey.augment}
        return MANAGED_JOB.validate_python({**job, "kind": kind})
    except ValidationError as error:
        first = error.errors()[0]
        why = first.get("ctx", {}).get("error")  # what an option says of its bounds
        got = why.fault if isinstance(why, UsageError) else wrong_part(first, skip=1)
        raise UsageError(
            f"wrong request for a job: {got}", hint="correct the address, or load the page again"
        ) from error


@router.get("/parts/{key}/{name}")
def part(key: Key, name: PartName) -> Response:
    """The document of a part, as JSON. Its address changes with its content, so a browser may keep it."""
    found = read_part(key, name)
    encoding = {"content-encoding": "gzip", "cache-control": FOREVER}
    return _answer(found and found.packed, "application/json", encoding)


@router.get("/parts/{key}/{name}/{number}")
def array(key: Key, name: PartName, number: Annotated[int, Path(ge=0, le=100_000)]) -> Response:
    """An array of a part."""
    return _answer(read_array(key, name, number), headers={"cache-control": FOREVER})


@router.get("/reports/{key}/{name}")
def report(key: Key, name: Annotated[str, Path(max_length=255)]) -> Response:
    """A report as a file, which the browser saves under its name."""
    saved = {"content-disposition": "attachment", "cache-control": FOREVER}
    return _answer(read_array(key, "report", 0), "text/html; charset=utf-8", saved)


@router.get("/runs/{run}/frames/{number}")
def live_frame(
    run: RunId, number: Annotated[int, Path(ge=0, le=2**53)], workspace: GivenWorkspace, manager: GivenManager
) -> Response:
    """The bytes of a frame of a live map; see `cutaway.jobs.manager.Frame`."""
    kept = manager.frames.find(workspace.folder / run, number)
    return _answer(kept and kept.data)


def _answer(
    data: bytes | None, kind: str = "application/octet-stream", headers: dict[str, str] | None = None
) -> Response:
    if data is None:
        return PlainTextResponse("This is not there any more. Next: load the page again.\n", 404)
    return Response(data, media_type=kind, headers=headers)
