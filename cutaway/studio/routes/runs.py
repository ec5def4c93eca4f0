"""Runs: the list, one run, what a person wrote to it, and the trash."""

import json
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from cutaway.studio.runs import Notes

from .given import GivenWorkspace, RunId

router = APIRouter(prefix="/api")


class Seen(BaseModel):
    """The runs that a person has seen in the trash."""

    model_config = ConfigDict(extra="forbid")

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


@router.get("/runs/{run}")
def run(run: RunId, workspace: GivenWorkspace) -> dict[str, Any]:
    """One run: its row, and its history."""
    row = workspace.index.refresh(run)
    return row if row["state"] == "damaged" else {**row, **workspace.training(run)}


@router.put("/runs/{run}/notes")
def notes(run: RunId, notes: Notes, workspace: GivenWorkspace) -> dict[str, Any]:
    """Write the title, tags or note of a run; what is left out stays as it is."""
    return workspace.change_notes(run, notes)


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
    """Delete what is in the trash for good, or of that the runs that a person has seen there."""
    deleted = workspace.empty_trash(None if seen is None else seen.runs)
    return {"deleted": deleted, "trash": workspace.trash.names()}
