"""How far a run's probabilities can be relied on: everything that ``cutaway confidence`` answers."""

from cutaway.context import RunContext
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.results.result import Answer, Result

from .calibration import calibration
from .coverage import coverage
from .options import ConfidenceOptions
from .thresholds import thresholds

ASSUMED = (
    "There are no test samples, so validation samples are measured. Temperature and thresholds were chosen on them: "
    "expect less on new samples."
)


def compute(
    context: RunContext, options: ConfidenceOptions, *, on_progress: ProgressCallback = ignore_progress
) -> Answer:
    """Answer ``cutaway confidence``: calibration, coverage, and thresholds if there is a class that is looked for.

    Raises:
        UsageError: An option is outside its range, or the split is empty.
        UnknownNameError: There is no such class, split or epoch.
        DataError: The model has diverged.
    """
    looks_for_one = len(context.class_names) == 2 or options.positive is not None
    cost = [[0, options.false_alarm], [options.miss, 0]]
    found = thresholds(context, options, cost) if looks_for_one else None
    measured, answered = calibration(context, options), coverage(context, options)
    parts: list[Result] = [measured, answered, *([found] if found else [])]
    document = {
        "split": measured.split,
        "samples": measured.samples,
        "epoch": measured.epoch,
        "calibration": measured.to_json(),
        "coverage": answered.to_json(),
        "thresholds": found and found.to_json(),
    }
    assumed = [ASSUMED] if options.split is None and context.split.held_out == "val" else []
    notes = dict.fromkeys((*assumed, *(note for part in parts for note in part.notes())))
    return Answer(lambda: document, lambda: tuple(table for part in parts for table in part.tables()), tuple(notes))
