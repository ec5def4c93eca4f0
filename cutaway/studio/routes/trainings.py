"""Trainings: their settings, the queue, starting, stopping and resuming."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from cutaway.context import RunContext
from cutaway.data import Preparation, dataset_names
from cutaway.errors import ConfigError, CutawayError
from cutaway.jobs import Continuation, Form, Repeat, Settings, Training, TrainingJob, stop_process
from cutaway.log import survive
from cutaway.page import render_fragment
from cutaway.runs import Manifest, RunFolder, history_path, sample_counts
from cutaway.studio.references import WantedData
from cutaway.studio.training_form import check_training, form_fields
from cutaway.studio.workspace import Workspace
from cutaway.training import DRAWN

from .given import DataRoots, GivenManager, GivenPerson, GivenRoots, GivenWorkspace, RunId

router = APIRouter(prefix="/api")

COLUMNS = 300
"""Maximum number of columns with a box of their own in the form."""

RunName = Annotated[str, Field(max_length=255)]
JobId = Annotated[str, Path(max_length=100, description="Id of a training in the queue.")]


class NewTraining(WantedData):
    """A training of a model on data, as a page asks for it."""

    kind: Literal["train"] = "train"
    form: Form = Form()
    settings: Settings = Field(default={})
    name: Annotated[str, Field(max_length=200)] | None = None


Wanted = Annotated[NewTraining | Repeat | Continuation, Field(discriminator="kind")]


class Question(BaseModel, extra="forbid"):
    """A training to check, with the known facts about its data."""

    task: Wanted
    samples: Annotated[int, Field(ge=1, le=2**40)] | None = None
    tested: Annotated[int, Field(ge=0, le=2**40)] = 0
    default: Annotated[str, Field(max_length=100)] | None = None


class FormQuery(BaseModel):
    """Which form the address of a page asks for: like a run, or from one of its epochs, or without some columns.

    What it says of data is read by the script of the page.
    """

    like: RunName = ""
    branch: RunName = ""
    epoch: Annotated[str, Field(max_length=20)] = ""
    ignore: Annotated[list[str], Field(max_length=COLUMNS)] = []


class Stop(BaseModel, extra="forbid"):
    """How a training is stopped."""

    kill: bool = False


@router.get("/trainings")
def trainings(workspace: GivenWorkspace, manager: GivenManager) -> dict[str, Any]:
    """The queue, the oldest first."""
    return {"jobs": manager.trainings.rows(workspace.trainings)}


@router.get("/trainings/form")
def form(asked: Annotated[FormQuery, Query()], workspace: GivenWorkspace, person: GivenPerson) -> dict[str, Any]:
    """The form of the address of a page, as HTML, and the columns that can be left out."""
    run = asked.branch or asked.like
    like = settings(run, workspace) if run and person.writes else None
    values = {**form_fields(), **dict(asked), "like": like, "bundled": dataset_names(), "writes": person.writes}
    html = render_fragment("train_form.html", **values)
    return {"html": html, "columns": like and like["columns"]}


@router.post("/trainings/check")
def check(question: Question, workspace: GivenWorkspace, places: GivenRoots) -> dict[str, Any]:
    """The faults of a training, and its resolved settings."""
    task = _task(question.task, workspace, places)
    if isinstance(task, Continuation):
        return {"errors": {}, "settings": None, "form": None, "recipe": None}
    known = {"samples": question.samples, "tested": question.tested, "default": question.default}
    return check_training(task, runs=workspace.folder, **known)


@router.post("/trainings")
def start(
    wanted: Wanted,
    workspace: GivenWorkspace,
    places: GivenRoots,
    person: GivenPerson,
    manager: GivenManager,
) -> dict[str, Any]:
    """Put a training at the end of the queue."""
    task = _task(wanted, workspace, places)
    if not isinstance(task, Continuation):
        errors = check_training(task, runs=workspace.folder)["errors"]
        for name, message in errors.items():
            raise ConfigError(f"{name}: {message}", hint="correct it")
    return manager.trainings.add(workspace.trainings, task, person=person.name)


@router.get("/trainings/{job}")
def training(job: JobId, workspace: GivenWorkspace, manager: GivenManager) -> dict[str, Any]:
    """How one training of the queue stands."""
    return manager.trainings.row(workspace.trainings, job)


@router.delete("/trainings/{job}")
def cancel(job: JobId, workspace: GivenWorkspace, manager: GivenManager) -> dict[str, Any]:
    """Take a training that waits out of the queue; remove one that has ended from the list."""
    return {"jobs": manager.trainings.remove(workspace.trainings, job)}


@router.post("/trainings/{job}/stop")
def stop_job(job: JobId, how: Stop, workspace: GivenWorkspace, manager: GivenManager) -> dict[str, Any]:
    """Stop a training of the queue, also before its run is there."""
    workspace.trainings.stop(job, kill=how.kill)
    return manager.trainings.row(workspace.trainings, job)


@router.get("/runs/{run}/settings")
def settings(run: RunId, workspace: GivenWorkspace) -> dict[str, Any]:
    """How a run was trained, for another one like it: its settings, its model in words, and its epochs."""
    context = RunContext(RunFolder.open(workspace.index.path(run)))
    folder, manifest = context.folder, context.manifest
    counts = sample_counts(manifest)
    return {
        "run": run,
        "data": manifest.dataset.name,
        "model": manifest.model.sizes if manifest.model else "",
        "repeats": (context.train_like() or "").startswith("cutaway train "),
        "samples": counts.get("train", 0) + counts.get("val", 0) or None,
        "epochs": folder.epochs,
        "columns": _columns(manifest),
    }


def _columns(manifest: Manifest) -> list[str]:
    """The columns that the model of a run learns from, if it may be trained without some of them, and they are few."""
    record = manifest.dataset.preparation
    if record is not None and manifest.first_weights == DRAWN:
        with survive(__name__, "reading the columns of a run", CutawayError):  # the form shows the error
            columns = list(Preparation.from_record(record).columns)
            return columns if len(columns) <= COLUMNS else []
    return []


@router.post("/runs/{run}/stop")
def stop_run(run: RunId, how: Stop, workspace: GivenWorkspace) -> dict[str, Any]:
    """Stop the training of a run, wherever on this machine it was started."""
    folder, queue = RunFolder.open(workspace.index.path(run)), workspace.trainings
    job = next((row["id"] for row in queue.rows() if row["run"] == run and row["state"] == "running"), None)
    if job is None:
        stop_process(folder.manifest.process, holding=history_path(folder.path), kill=how.kill)
    else:
        queue.stop(job, kill=how.kill)
    return {"run": run}


def _task(wanted: NewTraining | Repeat | Continuation, workspace: Workspace, places: DataRoots) -> TrainingJob:
    """The task of a request, with known ids and existing data."""
    if not isinstance(wanted, NewTraining):
        workspace.index.path(wanted.run)
        return wanted
    return Training(**wanted.paths(places), form=wanted.form, settings=wanted.settings, name=wanted.name)
