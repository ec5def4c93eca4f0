"""A training that a person asked for: what to do, which never changes, and how it stands."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cutaway.runs import ProcessRecord

Text = Annotated[str, Field(max_length=4096)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Setting = bool | int | Number | Text | None
Settings = Annotated[dict[Text, Setting | dict[int, Number]], Field(max_length=40)]
"""Settings as of `cutaway.train`; class weights are "balanced" or a weight for each number of a class."""

Option = Setting | Annotated[list[Text], Field(max_length=20_000)]
Options = Annotated[dict[Text, Option], Field(max_length=40)]
"""Options of data, as of `cutaway.load_dataset`."""

RunName = Annotated[str, Field(max_length=200)] | None


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Form(_Record):
    """The model of a training: what is None comes from the recipe.

    Values of any type are taken: `check_training` refuses wrong ones in the words of the library.
    """

    recipe: Text = "default"
    hidden: Annotated[tuple[Setting, ...], Field(max_length=100)] | None = None
    dropout: Setting = None
    activation: Text | None = None
    ensemble: Setting = 1


class Training(_Record):
    """Train a model on data.

    Attributes:
        data: Name of a bundled dataset, or an absolute path.
        options: Of the data.
        form: Of the model.
        settings: Of the training, without those that come from the recipe.
        name: Middle part of the run's name; the dataset's name if None.
    """

    kind: Literal["train"] = "train"
    data: Text
    options: Options = {}
    form: Form = Form()
    settings: Settings = {}
    name: RunName = None


class Repeat(_Record):
    """Train again as a run was trained.

    Attributes:
        run: Its id.
        from_epoch: The epoch whose weights are the first ones; None for those of the run.
        settings: What is to be different.
        labels: Whether the decisions on labels in the run's folder are followed.
        name: Middle part of the new run's name; the dataset's name if None.
    """

    kind: Literal["like"] = "like"
    run: Text
    from_epoch: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    settings: Settings = {}
    labels: bool = False
    name: RunName = None


class Continuation(_Record):
    """Resume a run."""

    kind: Literal["resume"] = "resume"
    run: Text


Task = Annotated[Training | Repeat | Continuation, Field(discriminator="kind")]


class Job(_Record):
    """What a person asked for.

    Attributes:
        created: When, in seconds since 1970.
        person: Who.
        task: What.
    """

    created: Number
    person: Text = ""
    task: Task


class Status(_Record):
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

    state: Literal["starting", "running", "ended", "canceled"]
    attempts: int = 1
    process: ProcessRecord | None = None
    run: Text | None = None
    note: Text = ""
    exit: int | None = None
    error: str | None = None


def task_words(task: Training | Repeat | Continuation) -> dict[str, Any]:
    """What a page says of a task, without any path."""
    if isinstance(task, Training):
        return {"kind": task.kind, "data": task.data.rpartition("/")[2], "name": task.name}
    if isinstance(task, Repeat):
        return {"kind": task.kind, "of": task.run, "from_epoch": task.from_epoch, "labels": task.labels}
    return {"kind": task.kind, "of": task.run, "from_epoch": None}
