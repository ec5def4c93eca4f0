"""Work: what is computed for pages, how far it is, and the parts that come out."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import ValidationError
from starlette.responses import PlainTextResponse, Response

from cutaway.checks import wrong_part
from cutaway.errors import UsageError
from cutaway.studio.computing import Task, TaskBox
from cutaway.studio.gate import WRITE_HEADER

from .given import GivenDesk, GivenPage, GivenPerson, GivenWorkspace
from .pages import FOREVER

router = APIRouter(prefix="/api")

Key = Annotated[str, Path(max_length=64, description="Of a result.")]
PartName = Annotated[str, Path(max_length=64, description="Of a part.")]


Kind = Annotated[
    Literal["preview", "sections", "sheet", "explore", "report", "compare", "suspects", "doctor", "proof"],
    Path(description="What is asked for."),
]
Whole = Annotated[int, Query(ge=0, le=10**9)]
Text = Annotated[str, Query(max_length=255)]


@router.get("/computing/leave")
def leave(desk: GivenDesk, page: GivenPage, key: Annotated[str | None, Query(max_length=64)] = None) -> dict[str, Any]:
    """A page waits no longer for a result, or for any; what nobody waits for is canceled."""
    if key is None:
        desk.leave_all(page)
    else:
        desk.leave(key, page)
    return {}


@router.get("/computing/{kind}")
def work(
    request: Request,
    kind: Kind,
    run: Text,
    workspace: GivenWorkspace,
    desk: GivenDesk,
    person: GivenPerson,
    page: GivenPage,
    again: bool = False,
    split: Text | None = None,
    samples: Whole | None = None,
    layers: Annotated[list[Text] | None, Query(max_length=50)] = None,
    epochs: Annotated[list[Whole] | None, Query(max_length=200)] = None,
    against: Text | None = None,
    other: Text | None = None,
    state: Annotated[str | None, Query(max_length=50_000)] = None,
    folds: Whole | None = None,
    seeds: Whole | None = None,
    finding: Text | None = None,
) -> dict[str, Any]:
    """How a task stands; asking has it done if it is not. Most change only caches, so that all people can ask."""
    given = {"kind": kind, "run": run, "split": split, "samples": samples, "layers": layers, "epochs": epochs}
    given |= {"against": against, "other": other, "state": state, "folds": folds, "seeds": seeds, "finding": finding}
    task = _task({name: value for name, value in given.items() if value is not None})
    for each in task.runs:
        workspace.index.path(each)
    if task.writes and not person.writes:
        raise UsageError(
            "only people who may train here can ask for this", got="a person who may only look", hint="ask who may"
        )
    if task.writes and WRITE_HEADER not in request.headers:
        raise UsageError(
            f"what trains is asked for with the header {WRITE_HEADER}", got="none", hint="use the page of the run"
        )
    return desk.ask(task, workspace.folder, page, workspace.hub.send, again=again)


def _task(given: dict[str, Any]) -> Task:
    try:
        return TaskBox.model_validate({"task": given}).task
    except ValidationError as error:
        got = wrong_part(error.errors()[0], skip=2)
        raise UsageError("a task has the parts of its kind", got=got, hint="load the page again") from error


@router.get("/parts/{key}/{name}")
def part(desk: GivenDesk, key: Key, name: PartName) -> Response:
    """The document of a part, as JSON. Its address changes with its content, so that a browser can keep it."""
    found = desk.store.part(key, name)
    if found is None:
        return PlainTextResponse("This part is not there any more. Next: load the page again.\n", 404)
    headers = {"cache-control": FOREVER, "content-encoding": "gzip"}
    return Response(found.packed, media_type="application/json", headers=headers)


@router.get("/parts/{key}/{name}/{number}")
def array(desk: GivenDesk, key: Key, name: PartName, number: Annotated[int, Path(ge=0, le=100_000)]) -> Response:
    """An array of a part."""
    found = desk.store.part(key, name)
    data = None if found is None else found.array(number)
    if data is None:
        return PlainTextResponse("This part is not there any more. Next: load the page again.\n", 404)
    return Response(data, media_type="application/octet-stream", headers={"cache-control": FOREVER})


@router.get("/reports/{key}/{name}")
def report(desk: GivenDesk, key: Key, name: Annotated[str, Path(max_length=255)]) -> Response:
    """A report as a file, which the browser saves under its name."""
    found = desk.store.part(key, "report")
    data = None if found is None else found.array(0)
    if data is None:
        return PlainTextResponse("This report is not there any more. Next: make it again.\n", 404)
    headers = {"content-disposition": "attachment", "cache-control": FOREVER}
    return Response(data, media_type="text/html; charset=utf-8", headers=headers)
