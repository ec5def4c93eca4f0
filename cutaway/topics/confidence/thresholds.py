"""Thresholds on the probability of one class: what each gives, and the one whose mistakes cost least."""

from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.checks import meant
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import UnknownNameError, UsageError
from cutaway.metrics import (
    OperatingPoint,
    PrecisionRecall,
    RocCurve,
    best_threshold,
    calibrated_threshold,
    check_cost,
    operating_point,
    precision_recall,
    roc_curve,
)
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import POINTS, Table, column
from cutaway.results.units import MARKED, SHARE_WITH_INTERVAL, THRESHOLD, decimals, number, share
from cutaway.topics.common.predictions import check_numbers, probability_batches
from cutaway.topics.common.scoring import split_in_words, validation

if TYPE_CHECKING:
    from cutaway.plots import Panel


CURVE = (
    column(
        "threshold", "Threshold", THRESHOLD, "The probability of the class from which on samples are called positive."
    ),
    column(
        "false_positive_rate", "False positives", share(), "Share of the negative samples that are called positive."
    ),
    column("true_positive_rate", "Recall", share(), "Share of the positive samples that are called positive."),
    column("cost", "Cost", decimals(4), "Mean cost of a sample."),
)
"""The ROC curve."""

CHOSEN = (
    column(
        "threshold mark", "Threshold", MARKED, "The probability of the class from which on samples are called positive."
    ),
    column(
        "recall low high",
        "Recall",
        SHARE_WITH_INTERVAL,
        "Share of the positive samples that are found, with its 95% interval.",
    ),
    column("specificity", "Specificity", share(1), "Share of the negative samples that are called negative."),
    column("precision", "Precision", share(1), "Share of the samples that are called positive that are."),
)
"""What the chosen threshold and 0.5 give."""

COST = column("cost", "Cost", decimals(4), "Mean cost of a sample.")
ERRORS = column("cost", "Errors", share(), "Share of the samples that are called wrong.")


@public
@dataclass(frozen=True, eq=False, repr=False)
class Thresholds(Result):
    """What each threshold on the probability of one class gives, made by `Run.thresholds`.

    Attributes:
        split: The split that was measured.
        epoch: Number of the epoch.
        positive: Name of the class that is looked for.
        negative: Name of the other class, or "all others".
        samples: Number of samples.
        positives: How many of them are of the positive class.
        roc: The ROC curve on the split, and its area with an interval.
        precision_recall: Precision and recall on the split.
        cost: float64 ``(2, 2)``: what an answer costs, a row for each true class (negative, positive) and a column for
            each answer.
        chosen: The threshold with the lowest cost on the validation samples, and what it gives on the split.
        chosen_on: What it gives on the validation samples.
        half: What the threshold 0.5 gives on the split.
        calibrated: The threshold that would cost least if the probabilities were calibrated, 0..1.
        note: What must be known to read the numbers, or "".
    """

    split: str
    epoch: int
    positive: str
    negative: str
    samples: int
    positives: int
    roc: RocCurve = field(repr=False)
    precision_recall: PrecisionRecall = field(repr=False)
    cost: np.ndarray = field(repr=False)
    chosen: OperatingPoint = field(repr=False)
    chosen_on: OperatingPoint = field(repr=False)
    half: OperatingPoint = field(repr=False)
    calibrated: float = field(repr=False)
    note: str = field(repr=False)

    def line(self) -> str:
        """A one-line summary."""
        return (
            f"Thresholds of {self.positive} against {self.negative} on {split_in_words(self.split, self.samples)}, "
            f"epoch {self.epoch}: area {self.roc.area:.4f} ({self.roc.low:.4f} to {self.roc.high:.4f}); cost "
            f"{self.chosen.cost:.4g} from {self.chosen.threshold:.3f} up, {self.half.cost:.4g} from 0.5 up"
        )

    def table(self) -> Table:
        """The ROC curve, one row for each threshold, from the highest to the lowest."""
        false, true = self.roc.false_positive_rate, self.roc.true_positive_rate
        rate, c = self.positives / self.samples, self.cost
        cost = rate * (true * c[1, 1] + (1 - true) * c[1, 0]) + (1 - rate) * (false * c[0, 1] + (1 - false) * c[0, 0])
        values = {"threshold": self.roc.thresholds, "false_positive_rate": false, "true_positive_rate": true}
        return Table(CURVE, {**values, "cost": cost})

    def tables(self) -> tuple[Table, ...]:
        """The tables shown in a terminal."""
        marks, points = ["chosen", ""], [self.chosen, self.half]
        recalls, defined = [each.recall for each in points], [each.precision.samples > 0 for each in points]
        values: dict[str, list[Any]] = {
            "threshold": [each.threshold for each in points],
            "mark": marks,
            "recall": [each.value for each in recalls],
            "low": [each.low for each in recalls],
            "high": [each.high for each in recalls],
            "specificity": [each.specificity.value for each in points],
            "precision": [each.precision.value if known else None for each, known in zip(points, defined, strict=True)],
            "cost": [each.cost for each in points],
        }
        area = f"{self.roc.area:.4f} ({self.roc.low:.4f} to {self.roc.high:.4f})"
        average = number(self.precision_recall.average_precision, digits=4)
        notes, has_costs = [f"Area under the ROC curve {area}, average precision {average}."], self.has_costs
        if has_costs:
            best = number(self.calibrated, digits=4)
            notes.append(f"If the probabilities were calibrated, the best threshold would be {best}.")
        if self.note:
            notes.append(f"Note: {self.note}.")
        title = f"Thresholds: {self.positive} against {self.negative}"
        return (Table((*CHOSEN, COST if has_costs else ERRORS), values, title=title, notes=tuple(notes)),)

    @property
    def has_costs(self) -> bool:
        """Whether mistakes cost something other than 1 each."""
        return self.cost.tolist() != [[0, 1], [1, 0]]

    def to_json(self) -> dict[str, Any]:
        """The areas, what the chosen threshold and 0.5 give, and the ROC curve in at most `POINTS` points."""
        return {
            "positive": self.positive,
            "negative": self.negative,
            "positives": self.positives,
            "area": {"value": self.roc.area, "low": self.roc.low, "high": self.roc.high},
            "average_precision": self.precision_recall.average_precision,
            "cost": plain(self.cost),
            "chosen": plain(self.chosen),
            "chosen_on": plain(self.chosen_on),
            "half": plain(self.half),
            "calibrated": self.calibrated,
            "curve": self.table().records(POINTS),
            "note": self.note or None,
        }

    def panels(self) -> "list[Panel]":
        """The figure, one panel after the other."""
        from cutaway.plots import Panel, Series

        chosen, name = self.chosen, f"from {self.chosen.threshold:.3f} up"
        recall, precision = np.array([chosen.recall.value]), np.array([chosen.precision.value])
        false = np.array([1 - chosen.specificity.value])
        roc = [
            Series("", self.roc.false_positive_rate, self.roc.true_positive_rate),
            Series(name, false, recall, color=1, points=True, line=False),
        ]
        curve = [
            Series("", self.precision_recall.recall, self.precision_recall.precision),
            Series(name, recall, precision, color=1, points=True, line=False),
        ]
        title = f"{self.positive} against {self.negative}: area {self.roc.area:.3f}"
        second = f"Average precision {self.precision_recall.average_precision:.3f}"
        return [
            Panel(
                title, "false positive rate", "true positive rate", roc, x_percent=True, y_percent=True, diagonal=True
            ),
            Panel(second, "recall", "precision", curve, x_percent=True, y_percent=True),
        ]


def thresholds(
    context: RunContext, *, positive: str | int | None, cost: Any, split: str, epoch: int | None = None
) -> Thresholds:
    """Measure thresholds; see `cutaway.Run.thresholds`."""
    number_of, costs = _class_number(context, positive), check_cost(cost)
    ids, number = context.part(split), context.epoch(epoch)
    held = validation(context, chosen="a threshold")
    on_split = _scores(context, ids, number_of, epoch=number)
    on_val = on_split if split == "val" else _scores(context, held, number_of, epoch=number)
    threshold = best_threshold(*on_val, costs)
    names, notes = context.class_names, list[str]()
    if split in ("val", "all"):
        notes.append("these samples are among those that the threshold was chosen on")
    if split in ("train", "all"):
        notes.append("a model is more often right on samples that it was trained on")
    return Thresholds(
        split=split,
        epoch=number,
        positive=names[number_of],
        negative=names[1 - number_of] if len(names) == 2 else "all others",
        samples=len(ids),
        positives=int(on_split[0].sum()),
        roc=roc_curve(*on_split),
        precision_recall=precision_recall(*on_split),
        cost=costs,
        chosen=operating_point(*on_split, threshold=threshold, cost=costs),
        chosen_on=operating_point(*on_val, threshold=threshold, cost=costs),
        half=operating_point(*on_split, threshold=0.5, cost=costs),
        calibrated=calibrated_threshold(costs),
        note="; ".join(notes),
    )


def _scores(context: RunContext, ids: SampleIds, positive: int, *, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether each sample is of the positive class, bool ``(sample,)``, and its probability, float64 ``(sample,)``."""
    scores = np.empty(len(ids), np.float64)
    for rows, found in probability_batches(context, ids, epoch=epoch):
        check_numbers(context, ids, rows, found)
        scores[rows] = found[:, positive]
    return context.data.y(ids) == positive, scores


def _class_number(context: RunContext, positive: Any) -> int:
    """The number of the positive class.

    Args:
        context: The run.
        positive: Its name or its number; None for the second of two classes.

    Raises:
        UsageError: None was named, and there are more than two classes.
        UnknownNameError: There is no such class.
    """
    names = list(context.class_names)
    if positive is None:
        if len(names) != 2:
            raise UsageError(
                "thresholds are of two classes, or of one class against all others",
                got=f"{len(names):,} classes",
                hint=f"name the class that is looked for, such as positive={names[0]!r}",
            )
        return 1
    if isinstance(positive, str) and positive in names:
        return names.index(positive)
    if not isinstance(positive, bool) and isinstance(positive, Integral) and 0 <= int(positive) < len(names):
        return int(positive)
    shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
    raise UnknownNameError(
        f"positive is the name or the number of a class: {shown}",
        got=repr(positive),
        hint=meant(positive, names, f"pass for example positive={names[0]!r}", quote="'"),
    )
