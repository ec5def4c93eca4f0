"""What ``cutaway confidence --json`` answers."""

from typing import Any

from cutaway.context import RunContext
from cutaway.results.plain import plain
from cutaway.topics.common.epochs import evenly_spaced

from .calibration import Calibration
from .confused_pairs import ConfusedPairs
from .coverage import Coverage
from .thresholds import Thresholds

POINTS = 200
"""Points of a curve in a document at most."""


def confidence_document(
    context: RunContext,
    calibration: Calibration,
    coverage: Coverage,
    confused: ConfusedPairs,
    thresholds: Thresholds | None,
) -> dict[str, Any]:
    """What confidence answers; curves have at most `POINTS` points."""
    return {
        "run": str(context.path),
        "split": calibration.split,
        "samples": calibration.samples,
        "epoch": calibration.epoch,
        "calibration": {
            "scores": plain(calibration.scores),
            "error_by_chance": calibration.curve.error_by_chance,
            "temperature": plain(calibration.temperature),
            "scaled_scores": plain(calibration.scaled_scores),
            "bins": plain(calibration.to_pandas().to_dict("records")),
            "note": calibration.note or None,
        },
        "coverage": {
            "area": coverage.area,
            "targets": coverage.summaries(),
            "curve": _curve(coverage),
            "note": coverage.note or None,
        },
        "mistakes": confused.mistakes,
        "confused_pairs": confused.summaries(),
        "thresholds": None if thresholds is None else _thresholds(thresholds),
    }


def _thresholds(found: Thresholds) -> dict[str, Any]:
    return {
        "positive": found.positive,
        "negative": found.negative,
        "positives": found.positives,
        "area": {"value": found.roc.area, "low": found.roc.low, "high": found.roc.high},
        "average_precision": found.precision_recall.average_precision,
        "cost": plain(found.cost),
        "chosen": plain(found.chosen),
        "chosen_on": plain(found.chosen_on),
        "half": plain(found.half),
        "calibrated": found.calibrated,
        "curve": _curve(found),
        "note": found.note or None,
    }


def _curve(found: Coverage | Thresholds) -> Any:
    """The rows of a curve, evenly spaced."""
    table = found.to_pandas()
    return plain(table.iloc[list(evenly_spaced(range(len(table)), POINTS))].to_dict("records"))
