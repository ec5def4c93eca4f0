"""Runs: the list, one run, its title, and the trash."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from cutaway.context import RunContext
from cutaway.errors import CutawayError
from cutaway.log import survive
from cutaway.runs import RunFolder
from cutaway.topics.findings.verdict import verdict

from .given import GivenWorkspace, RunId

router = APIRouter(prefix="/api")


class NewTitle(BaseModel, extra="forbid"):
    """The title that a person gives a run; "" for the name of its folder."""

    title: str = Field(max_length=200)


class Seen(BaseModel, extra="forbid"):
    """The runs that a person has seen in the trash."""

    runs: list[str]


@router.get("/runs")
def runs(workspace: GivenWorkspace) -> Response:
    """All runs, the newest first, the ids in the trash, and how many runs are still to be read."""
    workspace.look()
    index = workspace.index
    around = {
        "folder": workspace.folder.name,
        "trash": workspace.trash.names(),
        "unread": index.unread,
        "missing": index.is_missing,
    }
    # the rows are JSON already: to encode 2,000 of them again would take a fifth of a second
    body = json.dumps(around).encode()[:-1] + b', "runs": ' + index.encoded_rows() + b"}"
    return Response(body, media_type="application/json")


@router.get("/problems")
def problems(
    run: Annotated[list[str], Query(max_length=1000)], workspace: GivenWorkspace
) -> dict[str, list[str] | None]:
    """What is wrong with each of some runs, as far as that is known: nothing is computed for it.

    None where nothing is wrong in what is known of a run, but not all was checked. Runs that cannot be judged are left
    out.
    """
    found: dict[str, list[str] | None] = {}
    for each in run:
        with survive(__name__, f"judging {each}", CutawayError, OSError):
            judged = verdict(RunContext(RunFolder.open(workspace.index.path(each))), measure=False)
            found[each] = judged.wrong or ([] if judged.is_measured else None)
    return found


@router.get("/runs/{run}")
def run(run: RunId, workspace: GivenWorkspace) -> dict[str, Any]:
    """One run: its row, and its history."""
    row = workspace.index.refresh(run)
    return row if row["state"] == "damaged" else {**row, **workspace.training(run)}


@router.put("/runs/{run}/title")
def rename(run: RunId, new: NewTitle, workspace: GivenWorkspace) -> dict[str, Any]:
    """Write the title of a run."""
    return workspace.rename(run, new.title)


@router.delete("/runs/{run}")
def delete(run: RunId, workspace: GivenWorkspace) -> dict[str, Any]:
    """Move a run into the trash."""
    return {"trash": workspace.delete(run)}


@router.post("/trash/{run}")
def take_back(run: RunId, workspace: GivenWorkspace) -> dict[str, Any]:
    """Move a run out of the trash."""
    return {"trash": workspace.take_back(run)}


@router.delete("/trash")
def empty(workspace: GivenWorkspace, seen: Seen | None = None) -> dict[str, Any]:
    """Empty the trash for good, or delete only the runs that a person has seen there."""
    return {"deleted": workspace.empty_trash(seen and seen.runs), "trash": workspace.trash.names()}
