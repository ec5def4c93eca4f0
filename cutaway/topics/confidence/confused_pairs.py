"""The pairs of classes that a run's model confuses most, and the samples between them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.metrics import Share, confusion_counts, share_of, top_confusions
from cutaway.results.notebook import NotebookDisplay
from cutaway.topics.common.predictions import predict_classes
from cutaway.topics.common.scoring import split_in_words

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import BokehLayout, Figure, Panel


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


@public
@dataclass(frozen=True, eq=False)
class ConfusedPairs(NotebookDisplay):
    """The most confused pairs of classes, the most frequent first, made by `Run.confused_pairs`.

    Attributes:
        split: The split whose samples were predicted.
        epoch: Number of the epoch.
        samples: Number of samples.
        mistakes: Number of wrong predictions, of all pairs.
        pairs: The pairs.
    """

    split: str
    epoch: int
    samples: int
    mistakes: int
    pairs: tuple[ConfusedPair, ...] = field(repr=False)

    def __repr__(self) -> str:
        first = ""
        if self.pairs:
            p = self.pairs[0]
            first = f"; first {p.true} predicted as {p.predicted}, {p.count:,} of {p.share.samples:,}"
        wrong = f"{self.mistakes:,} mistake{'' if self.mistakes == 1 else 's'}"
        return (
            f"<ConfusedPairs: {len(self)}, on {split_in_words(self.split, self.samples)} with {wrong}, epoch "
            f"{self.epoch}{first}>"
        )

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, place: int) -> ConfusedPair:
        return self.pairs[place]

    def summaries(self, samples: int | None = None) -> list[dict[str, Any]]:
        """One mapping a pair, JSON-able: true, predicted, count, of, share, low, high, samples, confidence.

        Args:
            samples: How many samples of each pair at most, the most confident first; all if None.
        """
        return [
            {
                "true": pair.true,
                "predicted": pair.predicted,
                "count": pair.count,
                "of": pair.share.samples,
                "share": pair.share.value,
                "low": pair.share.low,
                "high": pair.share.high,
                "samples": pair.ids.take(slice(samples)).names(),
                "confidence": [float(value) for value in pair.confidence[:samples]],
            }
            for pair in self.pairs
        ]

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row a pair.

        Returns:
            Columns true, predicted, count, of (samples of the true class), share, low, high, and samples: a list with
            the name of each sample, the most confident first.
        """
        import pandas

        columns = ["true", "predicted", "count", "of", "share", "low", "high", "samples"]
        return pandas.DataFrame(self.summaries(), columns=columns)

    def plot(self) -> "Figure":
        """Draw the share of each pair with its 95% interval as a matplotlib Figure."""
        from cutaway.plots import panels

        return panels([self._panel()])

    def bokeh(self) -> "BokehLayout":
        """Draw the same with Bokeh; hovering shows the numbers."""
        from cutaway.plots import panels_bokeh

        return panels_bokeh([self._panel()])

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
