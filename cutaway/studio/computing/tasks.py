"""What a page can ask for, and what decides the result."""

import hashlib
import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from cutaway.errors import RunError
from cutaway.runs import RunFolder, labels_path

METHOD = 2
"""Number of the way in which parts are made and kept; those of another one are made again."""

RunName = Annotated[str, Field(max_length=255)]
Name = Annotated[str, Field(max_length=255)]
Lane = Literal["look", "view", "long"]


class _Task(BaseModel):
    """What a page asks for; each has a ``kind``, which says what it is.

    Attributes:
        run: Id of the run.
        lane: Which process does it: "look" for first looks, which take a second and wait for no other work, "view" for
            whatever else a page shows, "long" for trainings of minutes.
        priority: Of several that wait, the one with the lowest number is first; a running one gives way to a lower one.
        writes: Whether only people who may write can ask for it: it trains.
        suspects: Whether what was found of suspect labels decides the result.
        labels: Whether decisions on labels do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lane: ClassVar[Lane] = "view"
    priority: ClassVar[int] = 1
    writes: ClassVar[bool] = False
    suspects: ClassVar[bool] = False
    labels: ClassVar[bool] = False

    run: RunName

    @property
    def runs(self) -> tuple[str, ...]:
        """Ids of the runs that decide the result."""
        return (self.run,)

    def key(self, folder: Path) -> str:
        """The digest of all that decides the result, hexadecimal.

        Args:
            folder: Folder of the runs.

        Raises:
            RunError: A run cannot be read.
        """
        signatures = [run_signature(folder / run, suspects=self.suspects, labels=self.labels) for run in self.runs]
        decides = [METHOD, version("cutaway"), str(folder), self.model_dump(mode="json"), signatures]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:32]


class _MapTask(_Task):
    """What is on the map.

    Attributes:
        split: "train", "val", "test" or "all"; the held-out samples if None.
        samples: At most so many; all of a split that is named, up to 100,000, if None.
        layers: Names of layers; some, evenly spaced, if None.
        epochs: Numbers of epochs; some, evenly spaced, if None.
    """

    split: Literal["train", "val", "test", "all"] | None = None
    samples: Annotated[int, Field(ge=20, le=100_000)] | None = None
    layers: Annotated[tuple[Name, ...], Field(max_length=50)] | None = None
    epochs: Annotated[tuple[Annotated[int, Field(ge=0, le=10**9)], ...], Field(max_length=200)] | None = None


class PreviewTask(_MapTask):
    """A first look at the samples of a run, which is there in a second."""

    lane: ClassVar[Lane] = "look"
    priority: ClassVar[int] = 0
    kind: Literal["preview"] = "preview"


class SectionsTask(_Task):
    """The heading and the sections of a run's report, except for the map and the sheet of suspect labels."""

    kind: Literal["sections"] = "sections"


class SheetTask(_Task):
    """The sheet of suspect labels, with what was decided on them."""

    suspects: ClassVar[bool] = True
    labels: ClassVar[bool] = True
    kind: Literal["sheet"] = "sheet"


class _ComparedTask(_MapTask):
    """What is on the map, which can be colored by which of two runs is right.

    Attributes:
        against: Id of the run with which it is compared; None for none.
    """

    suspects: ClassVar[bool] = True
    against: RunName | None = None

    @property
    def runs(self) -> tuple[str, ...]:
        """Ids of the runs that decide the result."""
        return (self.run,) if self.against is None else (self.run, self.against)


class ExploreTask(_ComparedTask):
    """The map of a run."""

    priority: ClassVar[int] = 2
    kind: Literal["explore"] = "explore"


class ReportTask(_ComparedTask):
    """The report as one file.

    Attributes:
        state: What the map shows first, as the address of the page says it.
    """

    labels: ClassVar[bool] = True
    kind: Literal["report"] = "report"
    state: Annotated[str, Field(max_length=50_000)] = ""


class CompareTask(_Task):
    """What differs between a run and another one.

    Attributes:
        other: Id of the other run.
    """

    kind: Literal["compare"] = "compare"
    other: RunName

    @property
    def runs(self) -> tuple[str, ...]:
        """Ids of both runs."""
        return (self.run, self.other)


class SuspectsTask(_Task):
    """Finds suspect labels, by trainings that are kept in the run.

    Attributes:
        folds: Parts of the data, each judged by models that were trained on the others.
        seeds: Times that all of them are trained.
    """

    lane: ClassVar[Lane] = "long"
    writes: ClassVar[bool] = True
    kind: Literal["suspects"] = "suspects"
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    seeds: Annotated[int, Field(ge=1, le=10)] = 1


class DoctorTask(_Task):
    """The findings of a run with their remedies, as data."""

    kind: Literal["doctor"] = "doctor"


class ProofTask(_Task):
    """Tries the remedy of a finding: the run is trained again with it.

    Attributes:
        finding: Kind of the finding.
    """

    lane: ClassVar[Lane] = "long"
    writes: ClassVar[bool] = True
    kind: Literal["proof"] = "proof"
    finding: Name


Task = (
    PreviewTask
    | SectionsTask
    | SheetTask
    | ExploreTask
    | ReportTask
    | CompareTask
    | SuspectsTask
    | DoctorTask
    | ProofTask
)


class TaskBox(BaseModel):
    """A task as it travels to the process that does it.

    Attributes:
        task: The task.
    """

    task: Annotated[Task, Field(discriminator="kind")]


def run_signature(path: Path, *, suspects: bool = False, labels: bool = False) -> list[Any]:
    """What changes when the content of a run does: files that are replaced by size and time, the history by its epochs.

    Lines of progress between two epochs change nothing, so that a run that is being trained has a page for each epoch.

    Args:
        path: The run.
        suspects: Whether the trainings that find suspect labels are part of it.
        labels: Whether decisions on labels are.

    Raises:
        RunError: The run cannot be read.
    """
    try:
        run = RunFolder.open(path)
        files: list[Any] = [_stamp(path / "run.json"), sorted(_stamps(path / "snapshots"))]
        if suspects:
            files.append(sorted(_stamps(path / "results", "labels-")))
        if labels:
            files.append(_stamp(labels_path(path)))
        return [run.state, [row["epoch"] for row in run.history()], files]
    except OSError as error:
        raise RunError(
            "a run is a folder that can be read", got=error.strerror or str(error), hint="look at its permissions"
        ) from error


def _stamp(path: Path) -> list[int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return []
    return [status.st_size, status.st_mtime_ns]


def _stamps(folder: Path, prefix: str = "") -> list[tuple[str, int, int]]:
    try:
        with os.scandir(folder) as entries:
            named = [entry for entry in entries if entry.name.startswith(prefix)]
            found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in named]
    except FileNotFoundError:
        return []
    return [(name, status.st_size, status.st_mtime_ns) for name, status in found]
