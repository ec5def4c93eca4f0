"""What ``cutaway learning-curve --json`` answers."""

from typing import Any

from cutaway.context import RunContext
from cutaway.results.plain import plain

from .generalization import Generalization
from .result import LearningCurve


def learning_curve_document(context: RunContext, curve: LearningCurve, gap: Generalization) -> dict[str, Any]:
    """What learning-curve answers: the trainings, what is expected of more data, and the gap to training samples."""
    return {
        "run": str(context.path),
        "split": curve.split,
        "samples": curve.samples,
        "train_samples": curve.train_samples,
        "epochs": curve.epochs,
        "points": plain(curve.points),
        "forecast": plain(curve.summaries()),
        "check": {**plain(curve.check), "accuracy": curve.accuracy, "agrees": curve.agrees},
        "verdict": curve.verdict,
        "generalization": plain(gap),
    }
