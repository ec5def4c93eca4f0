"""Suspect labels that a model has memorized."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import UsageError
from cutaway.findings import SUSPECT
from cutaway.metrics import Share, share_of
from cutaway.results.result import Result
from cutaway.results.table import Table, column
from cutaway.results.units import COUNT, TEXT, share_with_interval
from cutaway.topics.common.predictions import predict_classes

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure

SHARES = (
    column("samples_of", "Samples", TEXT, "Whether the model was trained on the samples, the index of the DataFrame."),
    column("suspects", "Suspect labels", COUNT, "Suspect labels of these samples."),
    column("as_given", "Predicted as given", COUNT, "How many of them the model predicts as they are given."),
    column("share low high", "Share", share_with_interval(2), "The share of these, with its 95% interval (Wilson)."),
)
"""Suspect labels that are predicted as they are given."""


@dataclass(frozen=True, repr=False)
class Memorization(Result):
    """How many suspect labels a model predicts as they are given, made by `Run.memorization`.

    Attributes:
        epoch: Number of the epoch.
        trained: Among the suspect labels of training samples, those that are predicted as given: memorized,
            if they are many more than among samples that the model was not trained on.
        held_out: The same among suspect labels of validation and test samples.
    """

    epoch: int
    trained: Share
    held_out: Share

    def line(self) -> str:
        """A one-line summary."""
        trained, held_out = self.trained, self.held_out
        of_trained = (
            f"of {trained.samples:,} suspect labels that the model was trained on it predicts {trained} as given"
        )
        if not trained.samples:
            of_trained = "the model was trained on no suspect label"
        of_others = f"of {held_out.samples:,} others {held_out}" if trained.samples else ""
        if not trained.samples and held_out.samples:
            of_others = f"of {held_out.samples:,} others it predicts {held_out} as given"
        if not held_out.samples:
            of_others = "there are no others"
        return f"Memorization after epoch {self.epoch}: {of_trained}, {of_others}"

    def table(self) -> Table:
        """A row for samples that the model was trained on, and one for all others; NaN without suspect labels."""
        shares = {"trained": self.trained, "held out": self.held_out}
        rows = [
            {"samples_of": name, "suspects": of.samples, "as_given": of.count, "share": of.value, **vars(of)}
            for name, of in shares.items()
        ]
        return Table.of(SHARES, rows)

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame with the rows "trained" and "held out"."""
        return self.table().to_pandas().set_index("samples_of").rename_axis(None)

    def plot(self) -> "Figure":
        """Draw both shares with their 95% intervals as a matplotlib Figure."""
        from cutaway.plots import Bars, bars

        shares = [self.trained, self.held_out]
        value, low, high = ([getattr(share, end) for share in shares] for end in ("value", "low", "high"))
        title = f"Suspect labels predicted as given, epoch {self.epoch}"
        return bars([Bars(title, ["trained", "held out"], value, low, high, percent=True, limits=(0, 1))])


def memorization(
    context: RunContext, ids: SampleIds, given: np.ndarray, scores: np.ndarray, *, epoch: int | None = None
) -> Memorization:
    """Count suspect labels that are predicted as given; see `cutaway.Run.memorization`.

    Args:
        context: The run.
        ids: Samples.
        given: int64 ``(sample,)``, their labels.
        scores: float ``(sample,)``, how suspect these are, 0..1.
        epoch: After which epoch; the kept one if None.
    """
    number, suspect = context.epoch(epoch), scores > SUSPECT
    ids, given, train = ids.take(suspect), given[suspect], context.split.train
    whole = context.split.part("all")
    if ids.sources != whole.sources or not ids.isin(whole).all():
        raise UsageError(
            "suspect labels are those of this run's samples",
            got="samples that are in none of its splits",
            hint="pass what run.label_issues() of the same run returned",
        )
    trained = ids.isin(train)
    same = predict_classes(context, ids, epoch=number).predicted == given if len(ids) else np.zeros(0, bool)
    shares = [share_of(int(same[part].sum()), int(part.sum())) for part in (trained, ~trained)]
    return Memorization(number, *shares)
