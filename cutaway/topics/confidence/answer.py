"""How far a run's probabilities can be relied on: everything that ``cutaway confidence`` answers."""

from dataclasses import dataclass
from typing import Any

from cutaway.context import RunContext
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.results.result import Result
from cutaway.results.table import Table

from .calibration import Calibration, calibration
from .coverage import Coverage, coverage
from .options import ConfidenceOptions
from .thresholds import Thresholds, thresholds

ASSUMED = (
    "There are no test samples, so validation samples are measured. Temperature and thresholds were chosen on them: "
    "expect less on new samples."
)


@dataclass(frozen=True, eq=False, repr=False)
class Confidence(Result):
    """Calibration, coverage, and thresholds if there is a class that is looked for.

    Attributes:
        run: Path of the run folder.
        calibration: Whether probabilities are right as often as they say.
        coverage: How often the model is right when it is confident.
        thresholds: What thresholds on the probability of one class give, or None.
        assumed: Whether validation samples are measured since there are no test samples.
    """

    run: str
    calibration: Calibration
    coverage: Coverage
    thresholds: Thresholds | None
    assumed: bool = False

    @property
    def parts(self) -> tuple[Result, ...]:
        """What was measured."""
        return (self.calibration, self.coverage, *([self.thresholds] if self.thresholds else []))

    def line(self) -> str:
        """A one-line summary."""
        return self.calibration.line()

    def table(self) -> Table:
        """The table of `to_pandas`."""
        return self.calibration.table()

    def tables(self) -> tuple[Table, ...]:
        """The tables of all parts."""
        return tuple(table for part in self.parts for table in part.tables())

    def notes(self) -> tuple[str, ...]:
        """What must be known to read the numbers."""
        assumed = (ASSUMED,) if self.assumed else ()
        return (*assumed, *dict.fromkeys(note for part in self.parts for note in part.notes()))

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway confidence --json`` answers."""
        return {
            "run": self.run,
            "split": self.calibration.split,
            "samples": self.calibration.samples,
            "epoch": self.calibration.epoch,
            "calibration": self.calibration.to_json(),
            "coverage": self.coverage.to_json(),
            "thresholds": None if self.thresholds is None else self.thresholds.to_json(),
        }


def compute(
    context: RunContext, options: ConfidenceOptions, *, on_progress: ProgressCallback = ignore_progress
) -> Confidence:
    """Measure everything about confidence.

    Raises:
        UsageError: An option is outside its range, or the split is empty.
        UnknownNameError: There is no such class, split or epoch.
        DataError: The model has diverged.
    """
    looks_for_one = len(context.class_names) == 2 or options.positive is not None
    cost = [[0, options.false_alarm], [options.miss, 0]]
    found = thresholds(context, options, cost) if looks_for_one else None
    return Confidence(
        run=str(context.path),
        calibration=calibration(context, options),
        coverage=coverage(context, options),
        thresholds=found,
        assumed=options.split is None and context.split.held_out == "val",
    )
