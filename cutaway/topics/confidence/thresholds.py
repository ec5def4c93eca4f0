"""Thresholds on the probability of one class: what each gives, and the one whose mistakes cost least."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.checks import is_whole, meant
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import Hint, UnknownNameError, UsageError
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
from cutaway.results.result import Result
from cutaway.results.table import POINTS, Interval, Table, value
from cutaway.results.units import MARKED, SHARE_WITH_INTERVAL, THRESHOLD, decimals, share
from cutaway.topics.common.predictions import finite_batches
from cutaway.topics.common.scoring import cautions, split_in_words, validation
from cutaway.words import listed, number, shown

from .options import ConfidenceOptions

if TYPE_CHECKING:
    from cutaway.plots import Panel


OTHERS = "all others"
"""The negative class, where there are more than two classes."""

_FROM = "Samples with at least this probability of the class are predicted positive."


@dataclass(frozen=True, eq=False)
class RocPoints:
    """The ROC curve, arrays ``(threshold,)``."""

    threshold: np.ndarray = value("Threshold", THRESHOLD, _FROM)
    false_positive_rate: np.ndarray = value(
        "False positives", share(), "Share of the negative samples that are called positive."
    )
    true_positive_rate: np.ndarray = value("Recall", share(), "Share of the positive samples that are called positive.")
    cost: np.ndarray = value("Cost", decimals(4), "Mean cost of a sample.")


@dataclass(frozen=True)
class Chosen:
    """What the chosen threshold and 0.5 give."""

    threshold: tuple[float, str] = value("Threshold", MARKED, _FROM)
    recall: Interval = value(
        "Recall", SHARE_WITH_INTERVAL, "Share of the positive samples that are found, with its 95% interval."
    )
    specificity: float = value("Specificity", share(1), "Share of the negative samples that are called negative.")
    precision: float = value("Precision", share(1), "Share of the samples predicted positive that really are positive.")
    cost: float = value("Cost", decimals(4), "Mean cost of a sample.")
    errors: float = value("Errors", share(), "Share of the samples that are called wrong.")


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
    roc: RocCurve
    precision_recall: PrecisionRecall
    cost: np.ndarray
    chosen: OperatingPoint
    chosen_on: OperatingPoint
    half: OperatingPoint
    calibrated: float
    note: str

    def line(self) -> str:
        """A one-line summary."""
        return (
            f"Thresholds of {self._classes} on {split_in_words(self.split, self.samples)}, "
            f"epoch {self.epoch}: area {self.roc.area:.4f} ({self.roc.low:.4f} to {self.roc.high:.4f}); cost "
            f"{self.chosen.cost:.4g} from {self.chosen.threshold:.3f} up, {self.half.cost:.4g} from 0.5 up"
        )

    def table(self) -> Table:
        """The ROC curve, one row for each threshold, from the highest to the lowest."""
        false, true = self.roc.false_positive_rate, self.roc.true_positive_rate
        rate, c = self.positives / self.samples, self.cost
        cost = rate * (true * c[1, 1] + (1 - true) * c[1, 0]) + (1 - rate) * (false * c[0, 1] + (1 - false) * c[0, 0])
        return Table.of(RocPoints, RocPoints(self.roc.thresholds, false, true, cost))

    def tables(self) -> tuple[Table, ...]:
        """What the chosen threshold and 0.5 give."""
        rows = [
            Chosen(
                (each.threshold, mark),
                Interval.of(each.recall),
                each.specificity.value,
                each.precision.value,
                each.cost,
                each.cost,
            )
            for each, mark in ((self.chosen, "chosen"), (self.half, ""))
        ]
        area = f"{self.roc.area:.4f} ({self.roc.low:.4f} to {self.roc.high:.4f})"
        average = number(self.precision_recall.average_precision, digits=4)
        notes = [f"Area under the ROC curve {area}, average precision {average}."]
        if self.negative != OTHERS:
            other = Hint("for the other one, pass {}.", positive=self.negative)
            notes.insert(0, f'The positive class is "{self.positive}"; ' + other)
        if self.has_costs:
            best = number(self.calibrated, digits=4)
            notes.append(f"If the probabilities were calibrated, the best threshold would be {best}.")
        title = f"Thresholds: {self._classes}"
        table = Table.of(Chosen, rows, title=title, notes=tuple(notes))
        return (table.without("Errors" if self.has_costs else "Cost"),)

    @property
    def _classes(self) -> str:
        return f"{self.positive} (positive) against {self.negative}"

    @property
    def has_costs(self) -> bool:
        """Whether mistakes cost something other than 1 each."""
        return self.cost.tolist() != [[0, 1], [1, 0]]

    def to_json(self) -> dict[str, Any]:
        """The areas, what the chosen threshold and 0.5 give, and the ROC curve in at most `POINTS` points."""
        given = ("positive", "negative", "positives", "cost", "chosen", "chosen_on", "half", "calibrated")
        return self._plain(*given) | {
            "area": {"value": self.roc.area, "low": self.roc.low, "high": self.roc.high},
            "average_precision": self.precision_recall.average_precision,
            "curve": self.table().records(POINTS),
            "note": self.note or None,
        }

    def panels(self) -> "list[Panel]":
        """The figure, one panel after the other."""
        from cutaway.plots import Panel, Series

        c, roc, curve = self.chosen, self.roc, self.precision_recall
        recall, precision, false = np.array([[c.recall.value], [c.precision.value], [1 - c.specificity.value]])
        at = partial(Series, f"from {c.threshold:.3f} up", color=1, points=True, line=False)
        shares = partial(Panel, x_percent=True, y_percent=True)
        rates = [Series("", roc.false_positive_rate, roc.true_positive_rate), at(false, recall)]
        found = [Series("", curve.recall, curve.precision), at(recall, precision)]
        title = f"{self._classes}: area {roc.area:.3f}"
        return [
            shares(title, "false positive rate", "true positive rate", rates, diagonal=True),
            shares(f"Average precision {curve.average_precision:.3f}", "recall", "precision", found),
        ]


def thresholds(context: RunContext, options: ConfidenceOptions, cost: Any) -> Thresholds:
    """Measure thresholds at a cost of each answer; see `cutaway.Run.thresholds`."""
    number_of, costs = _class_number(context, options.positive), check_cost(cost)
    split = options.split or context.split.held_out
    ids, number = context.part(split), context.epoch(options.epoch)
    held = validation(context, chosen="a threshold")
    on_split = _scores(context, ids, number_of, epoch=number)
    on_val = on_split if split == "val" else _scores(context, held, number_of, epoch=number)
    threshold = best_threshold(*on_val, costs)
    names = context.class_names
    return Thresholds(
        split=split,
        epoch=number,
        positive=names[number_of],
        negative=names[1 - number_of] if len(names) == 2 else OTHERS,
        samples=len(ids),
        positives=int(on_split[0].sum()),
        roc=roc_curve(*on_split),
        precision_recall=precision_recall(*on_split),
        cost=costs,
        chosen=operating_point(*on_split, threshold=threshold, cost=costs),
        chosen_on=operating_point(*on_val, threshold=threshold, cost=costs),
        half=operating_point(*on_split, threshold=0.5, cost=costs),
        calibrated=calibrated_threshold(costs),
        note="; ".join(cautions(split, "the threshold was chosen")),
    )


def _scores(context: RunContext, ids: SampleIds, positive: int, *, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether each sample is of the positive class, bool ``(sample,)``, and its probability, float64 ``(sample,)``."""
    scores = np.empty(len(ids), np.float64)
    for rows, found in finite_batches(context, ids, epoch=epoch):
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
                f"this run has {len(names):,} classes; a threshold needs two, or one class against all others",
                hint=Hint("name the class that is looked for, such as {}", positive=names[0]),
            )
        return 1
    if isinstance(positive, str) and positive in names:
        return names.index(positive)
    if is_whole(positive) and 0 <= int(positive) < len(names):
        return int(positive)
    raise UnknownNameError(
        f"no such class: {shown(positive)}; positive must be the name or the number of one of {listed(names, 10)}",
        hint=meant(positive, names, Hint("pass for example {}", positive=names[0])),
    )
