"""Where the model is wrong: the most confident mistakes."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway import metrics
from cutaway.checks import check_whole
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import UsageError
from cutaway.results.result import Result
from cutaway.results.table import Table, column
from cutaway.results.units import NAME, percent, share
from cutaway.topics.common.predictions import labels, predict_classes
from cutaway.topics.common.sample_columns import SAMPLE, sources

if TYPE_CHECKING:
    from cutaway.plots import Figure

IMAGES = 200
"""Mistakes that carry their image at most."""


COLUMNS = (
    SAMPLE,
    column("label", "Label", NAME, "Its label."),
    column("predicted", "Predicted", NAME, "The class that is predicted."),
    column("confidence", "Confidence", share(1), "The probability of that class."),
)
"""The most confident wrong predictions."""


@dataclass(frozen=True, eq=False, repr=False)
class Mistakes(Result, metrics.Mistakes):
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

    ids: SampleIds = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)
    images: np.ndarray | None = field(default=None, repr=False)

    def line(self) -> str:
        """A one-line summary."""
        if not len(self):
            return "Mistakes: none"
        true, predicted = self.class_names[int(self.label[0])], self.class_names[int(self.predicted[0])]
        worst = f"{self.ids[0]}, {true} predicted as {predicted} with {percent(float(self.confidence[0]), 1)}"
        return f"Mistakes: {len(self):,} {'sample' if len(self) == 1 else 'samples'}, first {worst}"

    def __len__(self) -> int:
        return len(self.position)

    def table(self) -> Table:
        """One row for each mistake.

        A file stands beside images in a folder, a row (from 1, without the line of names) beside those of a table.
        """
        names, where = self.class_names, self.ids.columns()
        values: dict[str, Any] = {
            **where,
            "label": [names[number] for number in self.label.tolist()],
            "predicted": [names[number] for number in self.predicted.tolist()],
            "confidence": self.confidence,
        }
        return Table((*COLUMNS, *sources(where)), values)

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
            raise UsageError("mistakes are drawn where there are some", got="none", hint="choose another split")
        names, known = self.ids.take(slice(shown)).names(), self.class_names
        pairs = zip(self.label[:shown].tolist(), self.predicted[:shown].tolist(), strict=True)
        wrong = [f"{known[a]} → {known[b]}" for a, b in pairs]
        if self.images is None:
            named = [f"{name}: {pair}" for name, pair in zip(names, wrong, strict=True)]
            return bars([Bars("confidence", named, self.confidence[:shown], percent=True, limits=(0, 1))])
        chances = [percent(value, 0) for value in self.confidence[:shown].tolist()]
        titles = ["\n".join(parts[:2]) + f", {parts[2]}" for parts in zip(names, wrong, chances, strict=True)]
        return image_grid(self.images[:shown], titles, columns=columns)


def mistakes(context: RunContext, n: int = 24, *, split: str = "test", epoch: int | None = None) -> Mistakes:
    """The `n` most confident wrong predictions, the worst first; positions are rows of the split."""
    ids = context.named(context.part(split))
    worst = metrics.worst_mistakes(predict_classes(context, ids, epoch=epoch), labels(context, split), n=n)
    return Mistakes(
        position=worst.position,
        label=worst.label,
        predicted=worst.predicted,
        confidence=worst.confidence,
        ids=ids.take(worst.position),
        class_names=context.class_names,
        images=context.data.images(ids.take(worst.position[:IMAGES])),
    )
