"""A training that a person asked for: what to do, which never changes, and how it stands."""

from importlib.metadata import version
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cutaway.jobs.specification import Text
from cutaway.jobs.specifications import Repeat, Training, TrainingJob
from cutaway.runs import ProcessRecord


class QueuedTraining(BaseModel):
    """What a person asked for.

    Attributes:
        created: When, in seconds since 1970.
        person: Who.
        task: What.
        version: The version of cutaway in which it was asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    created: Annotated[float, Field(allow_inf_nan=False)]
    person: Text = ""
    task: Annotated[TrainingJob, Field(discriminator="kind")]
    version: Annotated[str, Field(max_length=64)] = version("cutaway")


class Status(BaseModel):
    """How a job stands, as the process that holds its lock wrote it.

    Attributes:
        state: "starting", "running", "ended" or "canceled".
        attempts: How often a process was started for it.
        process: The process that trains.
        run: Id of the run that it makes or resumes, once it is known.
        note: What it does before the training begins.
        exit: Exit code of the process.
        error: Why it failed, one line.
    """

    model_config = ConfigDict(frozen=True)

    state: Literal["starting", "running", "ended", "canceled"]
    attempts: int = 1
    process: ProcessRecord | None = None
    run: Text | None = None
    note: Text = ""
    exit: int | None = None
    error: str | None = None


def task_words(task: TrainingJob) -> dict[str, Any]:
    """What a page says of a task, without any path."""
    if isinstance(task, Training):
        return {"kind": task.kind, "data": task.data.rpartition("/")[2], "name": task.name}
    if isinstance(task, Repeat):
        return {"kind": task.kind, "of": task.run, "from_epoch": task.from_epoch, "labels": task.labels}
    return {"kind": task.kind, "of": task.run, "from_epoch": None}
