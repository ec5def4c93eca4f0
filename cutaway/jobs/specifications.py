"""What can be asked for: one record for each kind of job, checked once, and the union of all.

To add a kind, write its record here, add it to a union at the end of this module, and write the function ``run`` of its
``module``: what pages show of runs goes into `PageJob` (and into the table in `PartMaker.make`), what else
they ask for into `ManagedJob`, and what they never ask for by address into `JobSpecification`. A job of `PageJob`
returns nothing: it writes parts into the store, ``index`` last. Others return JSON, or None.
"""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from .queues import QueueName
from .signatures import file_signature, run_signature
from .specification import Name, OfRun, Options, RunTitle, Setting, Settings, Specification, Text

SplitName = Literal["train", "val", "test", "all"]


class _ForPage(OfRun):
    """What a page shows of a run; its parts are kept in the user's cache.

    Attributes:
        suspects: Whether what was found of suspect labels decides the result.
        labels: Whether decisions on labels do.
    """

    module: ClassVar[str] = "cutaway.jobs.page_work"
    suspects: ClassVar[bool] = False
    labels: ClassVar[bool] = False

    def inputs(self, folder: Path) -> list[Any]:
        """The signatures of its runs."""
        return [run_signature(folder / run, suspects=self.suspects, labels=self.labels) for run in self.runs]

    def home(self, folder: Path, starter: Path) -> Path:
        """The starter's folder for work that only reads, which copies of a run share; decisions are personal."""
        return folder if self.writes or self.labels else starter


class _OfMap(_ForPage):
    """What is on the map.

    Attributes:
        split: "train", "val", "test" or "all"; the held-out samples if None.
        samples: Maximum number of samples; all of a split that is named, up to 100,000, if None.
        layers: Names of layers; some, evenly spaced, if None.
        epochs: Numbers of epochs; some, evenly spaced, if None.
    """

    split: SplitName | None = None
    samples: Annotated[int, Field(ge=20, le=100_000)] | None = None
    layers: Annotated[tuple[Name, ...], Field(max_length=50)] | None = None
    epochs: Annotated[tuple[Annotated[int, Field(ge=0, le=10**9)], ...], Field(max_length=200)] | None = None


class PreviewJob(_OfMap):
    """A first look at the samples of a run, which is there in a second."""

    queue: ClassVar[QueueName] = "look"
    priority: ClassVar[int] = 0
    kind: Literal["preview"] = "preview"


class SectionsJob(_ForPage):
    """The heading and the sections of a run's report, except for the map and the sheet of suspect labels."""

    suspects: ClassVar[bool] = True
    kind: Literal["sections"] = "sections"


class SheetJob(_ForPage):
    """The sheet of suspect labels, with what was decided on them."""

    suspects: ClassVar[bool] = True
    labels: ClassVar[bool] = True
    kind: Literal["sheet"] = "sheet"


class _Compared(_OfMap):
    """What is on the map, which can be colored by which of two runs is right.

    Attributes:
        against: Id of the run with which it is compared; None for none.
    """

    suspects: ClassVar[bool] = True
    against: Name | None = None

    @property
    def runs(self) -> tuple[str, ...]:
        """Ids of the runs that decide the result."""
        return (self.run,) if self.against is None else (self.run, self.against)


class ExploreJob(_Compared):
    """The map of a run."""

    priority: ClassVar[int] = 2
    kind: Literal["explore"] = "explore"


class ReportJob(_Compared):
    """The report as one file.

    Attributes:
        state: What the map shows first, as the address of the page says it.
    """

    labels: ClassVar[bool] = True
    kind: Literal["report"] = "report"
    state: Annotated[str, Field(max_length=50_000)] = ""


class CompareJob(_ForPage):
    """What differs between a run and another one.

    Attributes:
        other: Id of the other run.
    """

    kind: Literal["compare"] = "compare"
    other: Name

    @property
    def runs(self) -> tuple[str, ...]:
        """Ids of both runs."""
        return (self.run, self.other)


class SuspectsJob(_ForPage):
    """Finds suspect labels, by trainings that are kept in the run.

    Attributes:
        folds: Parts of the data, each judged by models that were trained on the others.
        seeds: Times that all of them are trained.
    """

    queue: ClassVar[QueueName] = "long"
    writes: ClassVar[bool] = True
    kind: Literal["suspects"] = "suspects"
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    seeds: Annotated[int, Field(ge=1, le=10)] = 1


class DoctorJob(_ForPage):
    """The findings of a run with their remedies, as data."""

    kind: Literal["doctor"] = "doctor"


class ProofJob(_ForPage):
    """Tries the remedy of a finding: the run is trained again with it.

    Attributes:
        finding: Kind of the finding.
    """

    queue: ClassVar[QueueName] = "long"
    writes: ClassVar[bool] = True
    kind: Literal["proof"] = "proof"
    finding: Name


SURVEY_MEMORY, SURVEY_HINT = "looking at data needs memory for them", "choose fewer rows, or train in a terminal"


class Survey(Specification):
    """Looks at data before a training: what is in them, and what is wrong with them.

    Attributes:
        data: Name of a bundled dataset, or an absolute path.
        options: Options for the data.
        augment: If given, only some images are shown, as a training with this augmentation would see them.
    """

    queue: ClassVar[QueueName] = "data"
    writes: ClassVar[bool] = True
    module: ClassVar[str] = "cutaway.jobs.survey_work"
    answer_seconds: ClassVar[float] = 1.5
    died: ClassVar[str] = f"{SURVEY_MEMORY}; got less than that; next: {SURVEY_HINT}"
    kind: Literal["survey"] = "survey"
    data: Text
    options: Options = Field(default={})
    augment: Text | None = None

    def inputs(self, folder: Path) -> list[Any]:
        """When the files of the data were changed."""
        return [file_signature(path) for path in (self.data, self.options.get("test"))]


class LiveMap(OfRun):
    """The map of a run that is being trained, after each epoch, for as long as a page watches it."""

    queue: ClassVar[QueueName] = "live"
    module: ClassVar[str] = "cutaway.jobs.live_work"
    kind: Literal["live"] = "live"


PageJob = PreviewJob | SectionsJob | SheetJob | ExploreJob | ReportJob | CompareJob | SuspectsJob | DoctorJob | ProofJob
"""What pages show of runs."""


class Form(BaseModel):
    """The model of a training: what is None comes from the recipe.

    Values of any type are taken: `check_training` refuses wrong ones in the words of the library.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: Text = "default"
    hidden: Annotated[tuple[Setting, ...], Field(max_length=100)] | None = None
    dropout: Setting = None
    batch_norm: Setting = None
    activation: Text | None = None
    ensemble: Setting = None


class _Training(Specification):
    """A training, which outlives the studio; it waits in the folder of runs, and is in no job manager."""

    queue: ClassVar[QueueName] = "training"
    writes: ClassVar[bool] = True
    module: ClassVar[str] = "cutaway.jobs.training_work"


class Training(_Training):
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


class Repeat(_Training):
    """Train again as a run was trained.

    Attributes:
        run: Its id.
        from_epoch: The epoch whose weights are the first ones; None for those of the run.
        ignore: Further columns of its table that are left out.
        settings: Settings to change.
        labels: Whether the decisions on labels in the run's folder are followed.
        name: Your name for the run, part of the folder name; the dataset's name if None.
    """

    kind: Literal["like"] = "like"
    run: Text
    from_epoch: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    ignore: Annotated[tuple[Text, ...], Field(max_length=20_000)] = ()
    settings: Settings = Field(default={})
    labels: bool = False
    name: RunTitle | None = None


class Continuation(_Training):
    """Resume a run."""

    kind: Literal["resume"] = "resume"
    run: Text


TrainingJob = Training | Repeat | Continuation
"""What trains a run."""

ManagedJob = PageJob | Survey | LiveMap
"""What the job manager takes. Pages ask for nothing else by address: a page names no path."""

JobSpecification = ManagedJob | TrainingJob
"""Every kind of job."""

KINDS: dict[str, type[Specification]] = {kind.model_fields["kind"].default: kind for kind in get_args(JobSpecification)}

SPECIFICATION: TypeAdapter[JobSpecification] = TypeAdapter(Annotated[JobSpecification, Field(discriminator="kind")])
"""Checks a specification that comes as JSON from whoever started a runner."""

MANAGED_JOB: TypeAdapter[ManagedJob] = TypeAdapter(Annotated[ManagedJob, Field(discriminator="kind")])
"""Checks a specification of what the job manager takes."""


def writes(kind: str) -> bool:
    """Whether only people who may write can ask for a kind of job; what is no kind counts as one."""
    return kind not in KINDS or KINDS[kind].writes
