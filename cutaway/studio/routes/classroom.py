"""The class page of the studio's owner, and the tasks that people do in the playground."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from cutaway.errors import UsageError
from cutaway.studio.classroom import DoneTask, DoneTasks, class_rows, hand_out, run_bytes
from cutaway.studio.settings import StudioSettings

from .given import GivenClass, GivenManager, GivenPerson, GivenSettings, GivenWorkspace

router = APIRouter(prefix="/api")


class HandedRun(BaseModel, extra="forbid"):
    """The run that everybody gets."""

    run: str = Field(max_length=255)


def _tasks(settings: StudioSettings) -> DoneTasks:
    return DoneTasks(settings.people[0].runs)


@router.get("/class")
def everybody(
    request: Request,
    people: GivenClass,
    settings: GivenSettings,
    manager: GivenManager,
    workspace: GivenWorkspace,
) -> dict[str, Any]:
    """How everybody is doing, and the name of the folder that has their folders."""
    rows = class_rows(people, request.app.state.workspaces, trainings=manager.trainings, tasks=_tasks(settings))
    return {"people": rows, "folder": workspace.folder.name}


@router.get("/class/runs/{run}")
def cost(run: str, people: GivenClass, workspace: GivenWorkspace) -> dict[str, int]:
    """How many people would get a copy of a run, and how many bytes each copy takes."""
    return {"people": sum(each.writes for each in people), "bytes": run_bytes(workspace.index.path(run))}


@router.post("/class/runs")
def hand(handed: HandedRun, people: GivenClass, workspace: GivenWorkspace) -> dict[str, int]:
    """Copy a run into the folder of everybody with their own one."""
    row = workspace.index.refresh(handed.run)
    if row["state"] == "running":
        raise UsageError(
            f"{handed.run} is still training",
            hint="wait until it ends",
        )
    return hand_out(workspace.index.path(handed.run), people)


@router.get("/tasks")
def tasks(settings: GivenSettings, person: GivenPerson) -> dict[str, Any]:
    """The tasks of the playground that the person has done."""
    return {"tasks": _tasks(settings).everybody().get(person.name, {})}


@router.post("/tasks")
def done(task: DoneTask, settings: GivenSettings, person: GivenPerson) -> dict[str, Any]:
    """Note a task of the playground that the person has done."""
    return {"tasks": _tasks(settings).add(person.name, task)}
