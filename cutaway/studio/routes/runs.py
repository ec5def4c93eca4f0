"""Runs: the list, one run, what a person wrote to it, and the trash."""

from typing import Any

from fastapi import APIRouter

from cutaway.studio.runs import Notes, write_notes

from .given import GivenWorkspace, RunId

router = APIRouter(prefix="/api")


@router.get("/runs")
def runs(workspace: GivenWorkspace) -> dict[str, Any]:
    """All runs, the newest first, and the ids in the trash."""
    workspace.scan()
    return {"folder": workspace.folder.name, "runs": workspace.index.rows(), "trash": workspace.trash.names()}


@router.get("/runs/{run}")
def run(run: RunId, workspace: GivenWorkspace) -> dict[str, Any]:
    """One run: its row, and its history."""
    row = workspace.index.refresh(run)
    return row if row["state"] == "damaged" else {**row, **workspace.training(run)}


@router.put("/runs/{run}/notes")
def notes(run: RunId, notes: Notes, workspace: GivenWorkspace) -> dict[str, Any]:
    """Replace the title, tags and note of a run."""
    write_notes(workspace.index.path(run), notes)
    workspace.scan()
    return workspace.index.refresh(run)


@router.delete("/runs/{run}")
def delete(run: RunId, workspace: GivenWorkspace) -> dict[str, Any]:
    """Move a run into the trash."""
    workspace.trash.put(workspace.index.path(run))
    workspace.scan()
    return {"trash": workspace.trash.names()}


@router.post("/trash/{run}")
def take_back(run: RunId, workspace: GivenWorkspace) -> dict[str, Any]:
    """Move a run out of the trash."""
    workspace.trash.take_back(run)
    workspace.scan()
    return {"trash": workspace.trash.names()}


@router.delete("/trash")
def empty(workspace: GivenWorkspace) -> dict[str, Any]:
    """Delete what is in the trash for good."""
    return {"deleted": workspace.trash.empty(), "trash": workspace.trash.names()}
