"""Where the model is wrong: the most confident mistakes, and the largest errors of numbers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cutaway import metrics
from cutaway.checks import check_whole
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import UsageError
from cutaway.results.table import Table, value
from cutaway.results.units import NAME, NUMBER, share
from cutaway.topics.common.predictions import labels, predict_classes, predict_numbers
from cutaway.topics.common.sample_list import SampleList
from cutaway.words import counted, percent

if TYPE_CHECKING:
    from cutaway.plots import Figure

IMAGES = 200
"""Maximum number of mistakes that carry their image."""


@dataclass(frozen=True, eq=False)
class MistakeRows:
    """The most confident wrong predictions."""

    label: list[str] = value("Label", NAME, "Its label.")
    predicted: list[str] = value("Predicted", NAME, "The class that is predicted.")
    confidence: np.ndarray = value("Confidence", share(1), "The probability of that class.")


@dataclass(frozen=True, eq=False, repr=False)
class Mistakes(SampleList, metrics.Mistakes):
    """Samples with a wrong prediction, the most confident first.

    Attributes:
        position: int64 ``(mistake,)``, rows of the split.
        label: int64 ``(mistake,)``, true classes.
        predicted: int64 ``(mistake,)``, predicted classes.
        confidence: float32 ``(mistake,)``, their probabilities.
        ids: Identity of each sample.
        class_names: Names of the classes.
        images: float32 ``(at most 200 mistakes, row, column)`` in 0..1, or None if samples are not images.
    """

    ids: SampleIds
    class_names: tuple[str, ...]
    images: np.ndarray | None = None

    def line(self) -> str:
        """A one-line summary."""
        if not len(self):
            return "Mistakes: none"
        rows = self.rows()
        worst = f"{self.ids[0]}, {rows.label[0]} predicted as {rows.predicted[0]}"
        return f"Mistakes: {counted(len(self), 'sample')}, first {worst} with {percent(rows.confidence[0], 1)}"

    def rows(self) -> MistakeRows:
        """Label, predicted class and confidence of each."""
        return MistakeRows(self.names_of(self.label), self.names_of(self.predicted), self.confidence)

    def plot(self, n: int = 24, *, columns: int = 8) -> "Figure":
        """The images of the first mistakes with their names and classes, or bars of confidence, a matplotlib Figure.

        Args:
            n: How many at most, from 1 to 200.
            columns: Images in a row.

        Raises:
            UsageError: There are no mistakes, or `n` is outside its range.
        """
        from cutaway.plots import Bars, bars, image_grid

        shown = min(check_whole(n, name="n", least=1, most=IMAGES), len(self))
        if not shown:
            raise UsageError("there are no mistakes to draw", hint="choose another split")
        rows, names = self.rows(), self.ids.take(slice(shown)).names()
        wrong = [f"{true} → {predicted}" for true, predicted in zip(rows.label, rows.predicted, strict=True)][:shown]
        if self.images is None:
            named = [f"{name}: {pair}" for name, pair in zip(names, wrong, strict=True)]
            return bars([Bars("confidence", named, self.confidence[:shown], percent=True, limits=(0, 1))])
        chances = [percent(each, 0) for each in self.confidence[:shown].tolist()]
        titles = [f"{name}\n{pair}, {chance}" for name, pair, chance in zip(names, wrong, chances, strict=True)]
        return image_grid(self.images[:shown], titles, columns=columns)


def mistakes(
    context: RunContext,
    n: int = 24,
    *,
    split: str = "test",
    epoch: int | None = None,
    predicted: metrics.PredictedClasses | None = None,
) -> "Mistakes | LargestErrors":
    """The `n` most confident wrong predictions, the worst first; positions are rows of the split.

    Of numbers, the samples with the largest errors.

    Args:
        context: The run.
        n: Maximum number of mistakes.
        split: Whose samples.
        epoch: After which epoch; the kept one if None.
        predicted: The predictions, if they are known.
    """
    ids = context.named(context.part(split))
    if context.task.is_numbers:
        return _largest_errors(context, ids, check_whole(n, name="n", least=1), epoch=epoch)
    known = predict_classes(context, ids, epoch=epoch) if predicted is None else predicted
    worst = metrics.worst_mistakes(known, labels(context, split), n=n)
    ids, images = ids.take(worst.position), context.data.images(ids.take(worst.position[:IMAGES]))
    return Mistakes(**vars(worst), ids=ids, class_names=context.class_names, images=images)


@dataclass(frozen=True, eq=False)
class ErrorRows:
    """The largest errors of predicted numbers, each in the unit of its target."""

    target: list[str] = value("Target", NAME, "The number that is predicted worst.")
    true: np.ndarray = value("True", NUMBER, "Its true value.")
    predicted: np.ndarray = value("Predicted", NUMBER, "Its predicted value.")
    error: np.ndarray = value("Error", NUMBER, "Predicted minus true.")


@dataclass(frozen=True, eq=False, repr=False)
class LargestErrors(SampleList):
    """Samples whose numbers are predicted worst, the largest error first, in standard deviations of its target.

    Attributes:
        ids: Identity of each sample.
        targets: Names of the targets.
        target: int64 ``(sample,)``, which target of each has the largest error.
        true: float64 ``(sample,)``, its true value.
        predicted: float64 ``(sample,)``, its predicted value.
    """

    ids: SampleIds
    targets: tuple[str, ...]
    target: np.ndarray
    true: np.ndarray
    predicted: np.ndarray

    def line(self) -> str:
        """A one-line summary."""
        return f"LargestErrors: {counted(len(self), 'sample')}, first {self.ids[0]}"

    def rows(self) -> ErrorRows:
        """True and predicted value and error of each."""
        names = [self.targets[int(k)] for k in self.target]
        return ErrorRows(names, self.true, self.predicted, self.predicted - self.true)

    def table(self) -> Table:
        """One row for each sample; it names the target if there are several."""
        return super().table().without(*(("Target",) if len(self.targets) == 1 else ()))


def _largest_errors(context: RunContext, ids: SampleIds, n: int, *, epoch: int | None) -> LargestErrors:
    y, predicted = context.data.y(ids), predict_numbers(context, ids, epoch=epoch)
    sizes = np.abs(predicted - y) / np.maximum(y.std(axis=0), np.finfo(float).tiny)
    worst = np.argsort(-sizes.max(axis=1), kind="stable")[:n]
    target = sizes[worst].argmax(axis=1)
    return LargestErrors(
        ids.take(worst), context.task.targets, target, *(each[worst, target] for each in (y, predicted))
    )
