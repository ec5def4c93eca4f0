"""The gap between training and validation accuracy, and what early stopping would have given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import RunError
from cutaway.metrics import Difference, Share, best_epoch, difference_of, paired_difference_interval, share_of
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Table, column
from cutaway.results.units import COUNT, TEXT, percent, share, share_with_interval
from cutaway.topics.common.predictions import predict_classes

if TYPE_CHECKING:
    from cutaway.plots import Panel

PARTS = ("train", "val", "test")

SPLITS = (
    column("split", "Split", TEXT, "The split: train, val or test."),
    column("samples", "Samples", COUNT, "Samples of the split."),
    column(
        "accuracy low high",
        "Accuracy",
        share_with_interval(2),
        "Share of them that is predicted correctly, with its 95% interval (Wilson).",
    ),
    column("best", "Best epoch", share(), "Accuracy at the epoch of the lowest validation loss."),
    column("last", "Last epoch", share(), "Accuracy after the last epoch."),
)
"""Accuracy by split; the last two columns where both epochs are compared."""


@dataclass(frozen=True)
class EarlyStopping:
    """Accuracy of a split at the epoch of the lowest validation loss, and after the last epoch.

    Attributes:
        split: "val" or "test".
        best: Accuracy at the epoch of the lowest validation loss.
        last: Accuracy after the last epoch.
        gained: Samples that only the best epoch predicts correctly.
        lost: Samples that only the last epoch predicts correctly.
        difference: Accuracy at the best epoch minus that after the last, with a 95% interval (Tango: both are of the
            same samples).
    """

    split: str
    best: Share
    last: Share
    gained: int
    lost: int
    difference: Difference


@public
@dataclass(frozen=True, eq=False, repr=False)
class Generalization(Result):
    """Accuracy on training samples compared with others, made by `Run.generalization`.

    Attributes:
        epoch: Number of the epoch.
        accuracy: Accuracy by split, each measured in evaluation, with a 95% interval (Wilson). "train" is missing where
            predictions of training samples are not known, and a split without samples is missing.
        gap: Training accuracy minus validation accuracy, with a 95% interval (Newcombe); None where one of them is
            missing.
        best_epoch: Epoch of the lowest validation loss; None where it was not measured.
        last_epoch: Last epoch with a snapshot.
        stopping: What early stopping at the best epoch gives, compared with the last epoch; empty if they are the same
            or the best epoch has no snapshot.
        note: What must be known to read the numbers, or "".
    """

    epoch: int
    accuracy: Mapping[str, Share] = field(repr=False)
    gap: Difference | None
    best_epoch: int | None
    last_epoch: int
    stopping: tuple[EarlyStopping, ...] = field(repr=False)
    note: str = field(repr=False)

    def line(self) -> str:
        """A one-line summary."""
        shown = ", ".join(f"{split} {percent(measured.value)}" for split, measured in self.accuracy.items())
        gap = "" if self.gap is None else f"; gap {self.gap}"
        return f"Generalization after epoch {self.epoch}: accuracy {shown}{gap}"

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway learning-curve --json`` answers as ``generalization``."""
        return plain(self)

    def table(self) -> Table:
        """One row for each split; best and last are NaN if they are not compared."""
        compared, nan = {each.split: (each.best.value, each.last.value) for each in self.stopping}, float("nan")
        rows: list[dict[str, Any]] = []
        for split, measured in self.accuracy.items():
            best, last = compared.get(split, (nan, nan))
            rows.append({"split": split, **vars(measured), "accuracy": measured.value, "best": best, "last": last})
        return Table.of(SPLITS, rows)

    def tables(self) -> tuple[Table, ...]:
        """The table shown in a terminal."""
        title, shown = f"Accuracy after epoch {self.epoch}, with 95% intervals", self.table()
        if not self.stopping:
            shown = shown.only("Split", "Samples", "Accuracy")
        return (replace(shown, title=title, notes=tuple(self._sentences())),)

    def _sentences(self) -> Iterator[str]:
        if self.gap is not None:
            yield f"Training minus validation: {self.gap}."
        for each in self.stopping:
            yield (
                f"Keeping epoch {self.best_epoch} instead of {self.last_epoch} changes the {each.split} accuracy by "
                f"{each.difference}: {each.gained:,} more samples are right, {each.lost:,} fewer."
            )
        if self.note:
            yield f"Note: {self.note}."

    def panels(self) -> "list[Panel]":
        """The accuracy of each split with its 95% interval."""
        from cutaway.plots import Panel, Series

        shares = list(self.accuracy.values())
        value, low, high = (np.array([getattr(s, end) for s in shares]) for end in ("value", "low", "high"))
        series = [Series("", np.arange(len(shares)), value, low, high, points=True, line=False)]
        title = f"Accuracy after epoch {self.epoch}"
        return [Panel(title, "split", "accuracy", series, x_names=list(self.accuracy), y_percent=True)]


def generalization(context: RunContext, *, epoch: int | None = None) -> Generalization:
    """Measure the gap; see `cutaway.Run.generalization`."""
    number, accuracy, notes = context.epoch(epoch), dict[str, Share](), list[str]()
    for split in PARTS:
        ids = context.split.part(split)
        if not len(ids):
            continue
        try:
            accuracy[split] = share_of(int(_correct(context, ids, number).sum()), len(ids))
        except RunError as error:
            if split != "train":
                raise
            notes.append(f"the training accuracy is not known: {error.rule}")
    both = {"train", "val"} <= accuracy.keys()
    gap = difference_of(accuracy["train"], accuracy["val"]) if both else None
    best, last = best_epoch(context.folder.history()), context.epoch(-1)
    if best is None:
        notes.append("the validation loss was not measured, so that there is no best epoch")
    elif best not in context.folder.epochs:
        notes.append(f"epoch {best}, the one with the lowest validation loss, has no snapshot")
    stopping = _stopping(context, best, last) if best in context.folder.epochs and best != last else ()
    return Generalization(number, accuracy, gap, best, last, stopping, "; ".join(notes))


def _correct(context: RunContext, ids: SampleIds, epoch: int) -> np.ndarray:
    """Whether each sample is predicted correctly, bool ``(sample,)``."""
    return predict_classes(context, ids, epoch=epoch).predicted == context.data.y(ids)


def _stopping(context: RunContext, best: int | None, last: int) -> tuple[EarlyStopping, ...]:
    found: list[EarlyStopping] = []
    for split in ("val", "test"):
        ids = context.split.part(split)
        if len(ids) and best is not None:
            early, late = (_correct(context, ids, number) for number in (best, last))
            best_share, last_share = (share_of(int(right.sum()), len(ids)) for right in (early, late))
            gained, lost = int((early & ~late).sum()), int((late & ~early).sum())
            interval = paired_difference_interval(gained, lost, len(ids))
            difference = Difference((gained - lost) / len(ids), *interval)
            found.append(EarlyStopping(split, best_share, last_share, gained, lost, difference))
    return tuple(found)
