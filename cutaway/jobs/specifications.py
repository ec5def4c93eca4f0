"""What can be asked for: a record for each form of job, and `KINDS`, which says how each kind is done.

To add a kind that a page shows of a run, add it to `SECTIONS` here and to `cutaway.jobs.page_work.MAKERS`. Any other
kind has a record of its own in `ManagedJob`, or in `TrainingJob` if it outlives the studio.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from cutaway.cache import cached
from cutaway.checks import file_state, folder_mark
from cutaway.data import data_states
from cutaway.errors import os_errors
from cutaway.progress import ProgressCallback
from cutaway.runs import RunFolder, labels_path
from cutaway.topics.common.options import MapOptions

from .queues import QueueName

DIED = "The process that computes ended: {reason}. Next: try again."
SURVEY_MEMORY, SURVEY_HINT = "the memory is too small for these data", "choose fewer rows, or train in a terminal"

Name = Annotated[str, Field(max_length=255)]
Text = Annotated[str, Field(max_length=4096)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Setting = bool | int | Number | Text | None
Settings = Annotated[dict[Text, Setting | dict[int, Number]], Field(max_length=40)]
"""Settings as in `cutaway.train`; class weights are "balanced" or a weight for each number of a class."""

RunTitle = Annotated[str, Field(max_length=200)]
Option = Setting | Annotated[tuple[Text, ...], Field(max_length=20_000)]
Options = Annotated[dict[Text, Option], Field(max_length=40)]
"""Options of data, as in `cutaway.load_dataset`."""


@dataclass(frozen=True)
class JobContext:
    """Where a job works, and whom it reports to.

    Attributes:
        folder: The folder of runs.
        key: Key of its result.
        on_progress: Called with the progress.
        on_part: Called with the name of each part that is in the store, or with a small part itself.
    """

    folder: Path
    key: str
    on_progress: ProgressCallback
    on_part: Callable[[Any], None]


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """How jobs of one kind are done.

    Attributes:
        queue: Where it waits, and which process runs it.
        priority: Of several that wait, the one with the lowest number is first; a running one gives way to a lower one.
        writes: Whether only people who may write into the folder of runs can ask for it: it trains, or reads data.
        answer_seconds: How long an answer to whoever asks for it waits for its end.
        died: What a page shows when its process ends in the middle of it, with ``{reason}``.
        takes: Options of a `SectionJob` that it may have.
        needs: Options of a `SectionJob` that it must have.
        label_issues: Whether the label issues decide the result.
        personal: Whether what a person writes does: the decisions on labels, and the title.
    """

    queue: QueueName = "view"
    priority: int = 1
    writes: bool = False
    answer_seconds: float = 0.0
    died: str = DIED
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    label_issues: bool = False
    personal: bool = False


_MAP = tuple(field.name for field in fields(MapOptions))

SECTIONS = {
    "preview": JobKind(queue="look", priority=0, takes=_MAP),
    "sections": JobKind(label_issues=True),
    "sheet": JobKind(label_issues=True, personal=True),
    "explore": JobKind(priority=2, takes=(*_MAP, "against"), label_issues=True),
    "report": JobKind(takes=(*_MAP, "against", "state"), label_issues=True, personal=True),
    "compare": JobKind(needs=("against",)),
    "label_issues": JobKind(queue="long", writes=True),
    "remedy": JobKind(queue="long", writes=True, needs=("finding",)),
}
"""What pages show of runs: a first look at the samples; the heading and the sections of the report, except for the map
and the sheet; the sheet of label issues, with the decisions on them; the map; the report as one file; what differs
from another run; the search for label issues, by trainings; the findings with their remedies; and the trial of a
remedy, by training again."""

_TRAINING = JobKind(queue="training", writes=True)

KINDS = SECTIONS | {
    "survey": JobKind(
        queue="data",
        writes=True,
        answer_seconds=1.5,
        died=f"the process that looked at the data ended: {{reason}}; next: {SURVEY_HINT}",
    ),
    "live": JobKind(queue="live"),
    "train": _TRAINING,
    "like": _TRAINING,
    "resume": _TRAINING,
}
"""All kinds of jobs."""


def writes(kind: str) -> bool:
    """Whether only people who may write can ask for a kind of job; unknown kinds count as such."""
    return kind not in KINDS or KINDS[kind].writes


class Specification(BaseModel):
    """What a job is to do; each has a ``kind``, a key of `KINDS`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def about(self) -> JobKind:
        """How it is done."""
        return KINDS[dict(self)["kind"]]

    @property
    def runs(self) -> tuple[str, ...]:
        """Ids of the runs that it reads."""
        return ()

    def inputs(self, folder: Path) -> list[Any]:
        """What changes when the content of what it reads does, JSON-able; of each run see `run_signature`.

        Args:
            folder: The folder of runs.

        Raises:
            RunError: A run cannot be read.
        """
        return []

    def home(self, folder: Path, starter: Path) -> Path:
        """The folder that decides the result: equal copies of runs that everybody has may share one.

        Args:
            folder: The folder of runs.
            starter: That of the one who started the studio.
        """
        return folder

    def key(self, folder: Path, starter: Path | None = None) -> str:
        """The digest of all that decides the result, 32 hexadecimal digits, and the marks of the data of its runs.

        Args:
            folder: The folder of runs.
            starter: That of the one who started the studio, if it is another one.

        Raises:
            RunError: A run cannot be read.
        """
        home, inputs = folder_mark(self.home(folder, starter or folder)), self.inputs(folder)
        data = [data for data, *_ in inputs] if self.runs else ()
        found = cached("job", home, self.model_dump(mode="json"), inputs, method=8, rows_of=data)
        return found.key + found.marks


class SectionJob(Specification):
    """What a page shows of a run: a kind of `SECTIONS`, with options if the kind takes them.

    Attributes:
        run: Id of the run.
        split: See `MapOptions`, which checks this and the next three.
        samples: See there.
        layers: See there.
        epochs: See there.
        against: Id of the run to compare it with; None for none.
        state: What the map of a report shows first, as the address of the page has it.
        finding: Kind of the finding whose remedy is tried.
    """

    kind: Literal["preview", "sections", "sheet", "explore", "report", "compare", "label_issues", "remedy"]
    run: Name
    split: Name | None = None
    samples: int | None = None
    layers: Annotated[tuple[Name, ...], Field(max_length=50)] | None = None
    epochs: Annotated[tuple[int, ...], Field(max_length=200)] | None = None
    against: Name | None = None
    state: Annotated[str, Field(max_length=50_000)] | None = None
    finding: Name | None = None

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        given = {name for name, value in self if value is not None} - {"kind", "run"}
        if not {*self.about.needs} <= given <= {*self.about.needs, *self.about.takes}:
            raise ValueError(f"a job of the kind {self.kind} takes other options")
        self.shown  # noqa: B018 - checks what the maps show
        return self

    @property
    def shown(self) -> MapOptions:
        """What the maps show.

        Raises:
            UsageError: An option is outside its bounds.
        """
        return MapOptions(**{name: getattr(self, name) for name in _MAP})

    @property
    def runs(self) -> tuple[str, ...]:
        """Ids of the runs that decide the result."""
        return (self.run,) if self.against is None else (self.run, self.against)

    def inputs(self, folder: Path) -> list[Any]:
        """The signatures of its runs."""
        about = self.about
        return [
            run_signature(folder / run, label_issues=about.label_issues, personal=about.personal) for run in self.runs
        ]

    def home(self, folder: Path, starter: Path) -> Path:
        """The starter's folder for work that only reads, which copies of a run share."""
        return folder if self.about.writes or self.about.personal else starter


class Survey(Specification):
    """Looks at data before a training: their content, and their faults.

    Attributes:
        data: Name of a bundled dataset, or an absolute path.
        options: Options for the data.
        augment: If given, only some images are shown, as a training with this augmentation would see them.
    """

    kind: Literal["survey"] = "survey"
    data: Text
    options: Options = Field(default={})
    augment: Text | None = None

    def inputs(self, folder: Path) -> list[Any]:
        """When the files of the data were changed."""
        return [list(data_states(path).values()) for path in (self.data, self.options.get("test"))]


class LiveMap(Specification):
    """The map of a run that is being trained, after each epoch, for as long as a page watches it."""

    kind: Literal["live"] = "live"
    run: Name

    @property
    def runs(self) -> tuple[str, ...]:
        """Its id."""
        return (self.run,)


class Form(BaseModel, frozen=True, extra="forbid"):
    """The model of a training; values of None come from the recipe.

    Values of any type are taken: `check_training` refuses wrong ones in the words of the library.
    """

    recipe: Text = "default"
    hidden: Annotated[tuple[Setting, ...], Field(max_length=100)] | None = None
    dropout: Setting = None
    batch_norm: Setting = None
    activation: Text | None = None
    ensemble: Setting = None


class Training(Specification):
    """Train a model on data.

    Attributes:
        data: Name of a bundled dataset, or an absolute path.
        options: Options for the data.
        form: Form of the model.
        settings: Settings of the training, without those that come from the recipe.
        name: Your name for the run, part of the folder name; the dataset's name if None.
    """

    kind: Literal["train"] = "train"
    data: Text
    options: Options = Field(default={})
    form: Form = Form()
    settings: Settings = Field(default={})
    name: RunTitle | None = None


class Repeat(Specification):
    """Train again as a run was trained.

    Attributes:
        run: Its id.
        from_epoch: The epoch whose weights are the first ones; if None, the first weights of the run.
        ignore: Further columns of its table that are left out.
        settings: Settings to change.
        labels: Whether the decisions on labels in the run's folder are followed.
        name: Your name for the run, part of the folder name; the dataset's name if None.
    """

    kind: Literal["like"] = "like"
    run: Text
    from_epoch: int | None = None
    ignore: Annotated[tuple[Text, ...], Field(max_length=20_000)] = ()
    settings: Settings = Field(default={})
    labels: bool = False
    name: RunTitle | None = None


class Continuation(Specification):
    """Resume a run."""

    kind: Literal["resume"] = "resume"
    run: Text


TrainingJob = Training | Repeat | Continuation
"""What trains a run; it outlives the studio."""

ManagedJob = SectionJob | Survey | LiveMap
"""What may be canceled. Pages ask for nothing else by address: a page names no path."""

MANAGED_JOB: TypeAdapter[ManagedJob] = TypeAdapter(Annotated[ManagedJob, Field(discriminator="kind")])
"""Checks a specification that a page or the job manager sends."""


def run_signature(path: Path, *, label_issues: bool = False, personal: bool = False) -> list[Any]:
    """The digest of its data, and what changes when a run does: files that are replaced by size and time, its epochs.

    Lines of progress between two epochs change nothing: a run that is being trained has a page for each epoch.

    Args:
        path: The run.
        label_issues: Whether the trainings that find label issues are part of it.
        personal: Whether the decisions on labels and the title are.

    Raises:
        RunError: The run cannot be read.
    """
    with os_errors("cannot read the run", hint="look at its permissions"):
        run = RunFolder.open(path)
        files: list[Any] = [_stamp(path / "run.json"), _stamps(path / "snapshots")]
        if label_issues:
            files.append(_stamps(path / "folds"))
        if personal:
            files += [_stamp(labels_path(path)), run.title]
        return [run.manifest.dataset.sha256, run.state, [row["epoch"] for row in run.history()], files]


def _stamp(path: Path) -> tuple[int, ...]:
    return (file_state(path) or ())[:2]  # a copy has another inode


def _stamps(folder: Path) -> list[tuple[Any, ...]]:
    return sorted((each.name, *_stamp(each)) for each in folder.glob("*"))
