"""Suspect labels that a model has learned by heart."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import UsageError
from cutaway.findings import SUSPECT
from cutaway.metrics import Share, share_of
from cutaway.results.notebook import NotebookDisplay
from cutaway.topics.common.predictions import predict_classes

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure


@dataclass(frozen=True)
class Memorization(NotebookDisplay):
    """How many suspect labels a model predicts as they are given, made by `Run.memorization`.

    Attributes:
        epoch: Number of the epoch.
        trained: Among the suspect labels of training samples, those that are predicted as given: learned by heart,
            where they are many more than among samples that the model was not trained on.
        held_out: The same among suspect labels of validation and test samples.
    """

    epoch: int
    trained: Share
    held_out: Share

    def __repr__(self) -> str:
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
        return f"<Memorization after epoch {self.epoch}: {of_trained}, {of_others}>"

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame of both shares, with rows "trained" and "held out".

        Returns:
            Columns suspects, as_given, share, and low and high, its 95% interval; NaN without suspect labels.
        """
        import pandas

        shares = {"trained": self.trained, "held out": self.held_out}
        columns = {"samples": "suspects", "count": "as_given", "value": "share", "low": "low", "high": "high"}
        rows = [{column: getattr(share, name) for name, column in columns.items()} for share in shares.values()]
        return pandas.DataFrame(rows, index=list(shares))

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
