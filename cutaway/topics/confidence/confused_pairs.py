"""The pairs of classes that a run's model confuses most, and the samples between them."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.metrics import Share, confusion_counts, share_of, top_confusions
from cutaway.results.result import Result
from cutaway.results.table import Table, column
from cutaway.results.units import COUNT_OF, FIRST_NAME, NAME, SHARE_WITH_INTERVAL
from cutaway.topics.common.predictions import predict_classes
from cutaway.topics.common.scoring import split_in_words

if TYPE_CHECKING:
    from cutaway.plots import Panel


@dataclass(frozen=True, eq=False)
class ConfusedPair:
    """Samples of one class that are predicted as another.

    Attributes:
        true: Name of the class that they belong to.
        predicted: Name of the class that is predicted.
        share: Their share of all samples of the true class, with a 95% interval.
        ids: The samples, the most confident first.
        confidence: float32 ``(sample,)``, the probability of the predicted class, 0..1, descending.
    """

    true: str
    predicted: str
    share: Share
    ids: SampleIds = field(repr=False)
    confidence: np.ndarray = field(repr=False)

    @property
    def count(self) -> int:
        """Number of the samples."""
        return self.share.count


PAIRS = (
    column("true", "True", NAME, "The class that the samples belong to."),
    column("predicted", "Predicted", NAME, "The class that is predicted."),
    column("count of", "Samples", COUNT_OF, "Samples that are confused so, of all samples of the true class."),
    column(
        "share low high", "Share", SHARE_WITH_INTERVAL, "Their share of the true class, with its 95% interval (Wilson)."
    ),
    column("samples", "Most confident", FIRST_NAME, "The samples, the most confident first."),
)
"""The most confused pairs of classes."""


@public
@dataclass(frozen=True, eq=False, repr=False)
class ConfusedPairs(Result):
    """The most confused pairs of classes, the most frequent first, made by `Run.confused_pairs`.

    Attributes:
        split: The split whose samples were predicted.
        epoch: Number of the epoch.
        samples: Number of samples.
        mistakes: Number of wrong predictions in all pairs.
        pairs: The pairs.
    """

    split: str
    epoch: int
    samples: int
    mistakes: int
    pairs: tuple[ConfusedPair, ...] = field(repr=False)

    def line(self) -> str:
        """A one-line summary."""
        first = ""
        if self.pairs:
            p = self.pairs[0]
            first = f"; first {p.true} predicted as {p.predicted}, {p.count:,} of {p.share.samples:,}"
        wrong = f"{self.mistakes:,} mistake{'' if self.mistakes == 1 else 's'}"
        return (
            f"ConfusedPairs: {len(self)}, on {split_in_words(self.split, self.samples)} with {wrong}, epoch "
            f"{self.epoch}{first}"
        )

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, place: int) -> ConfusedPair:
        return self.pairs[place]

    def summaries(self, samples: int | None = None) -> list[dict[str, Any]]:
        """One JSON-able mapping for each pair: true, predicted, count, of, share, low, high, samples, confidence.

        Args:
            samples: Maximum number of samples of each pair, the most confident first; all if None.
        """
        records = zip(self.table(samples).records(), self.pairs, strict=True)
        return [{**row, "confidence": [float(value) for value in pair.confidence[:samples]]} for row, pair in records]

    def table(self, samples: int | None = None) -> Table:
        """One row per pair, with the names of at most N samples."""
        values: dict[str, list[Any]] = {
            "true": [pair.true for pair in self.pairs],
            "predicted": [pair.predicted for pair in self.pairs],
            "count": [pair.count for pair in self.pairs],
            "of": [pair.share.samples for pair in self.pairs],
            "share": [pair.share.value for pair in self.pairs],
            "low": [pair.share.low for pair in self.pairs],
            "high": [pair.share.high for pair in self.pairs],
            "samples": [pair.ids.take(slice(samples)).names() for pair in self.pairs],
        }
        return Table(PAIRS, values)

    def tables(self) -> tuple[Table, ...]:
        """The tables shown in a terminal."""
        title = f"Most confused classes of {self.mistakes:,} mistakes"
        notes = () if self.pairs else ("No sample is predicted incorrectly.",)
        return (replace(self.table(1), title=title, notes=notes),)

    def to_json(self) -> list[dict[str, Any]]:
        """The pairs, as `summaries`."""
        return self.summaries()

    def panels(self) -> "list[Panel]":
        """The figure, one panel after the other."""
        return [self._panel()]

    def _panel(self) -> "Panel":
        from cutaway.plots import Panel, Series

        shares = [pair.share for pair in self.pairs]
        value, low, high = (np.array([getattr(s, end) for s in shares]) for end in ("value", "low", "high"))
        names = [f"{pair.true} → {pair.predicted}" for pair in self.pairs]
        series = [Series("", np.arange(len(shares)), value, low, high, color=1, points=True, line=False)]
        title = f"Most confused of {split_in_words(self.split, self.samples)}"
        return Panel(
            title, "true class → predicted class", "share of the true class", series, x_names=names, y_percent=True
        )


def confused_pairs(context: RunContext, n: int, *, split: str, epoch: int | None = None) -> ConfusedPairs:
    """Find the most confused pairs of classes; see `cutaway.Run.confused_pairs`."""
    ids, number, names = context.named(context.part(split)), context.epoch(epoch), context.class_names
    found, labels = predict_classes(context, ids, epoch=number), context.data.y(ids)
    wrong = np.flatnonzero(found.predicted != labels)
    # those of one pair together, the most confident first
    order = wrong[np.lexsort((-found.confidence[wrong], found.predicted[wrong], labels[wrong]))]
    keys = labels[order] * len(names) + found.predicted[order]
    totals = np.bincount(labels, minlength=len(names))
    pairs: list[ConfusedPair] = []
    for top in top_confusions(confusion_counts(labels, found.predicted, classes=len(names)), n):
        first = int(np.searchsorted(keys, top.true * len(names) + top.predicted))
        rows = order[first : first + top.count]
        share = share_of(top.count, int(totals[top.true]))
        pairs.append(ConfusedPair(names[top.true], names[top.predicted], share, ids.take(rows), found.confidence[rows]))
    return ConfusedPairs(split, number, len(ids), len(wrong), tuple(pairs))
