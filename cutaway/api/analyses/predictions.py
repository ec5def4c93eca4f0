"""What the model predicts, and where it is wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cutaway import metrics
from cutaway.api.context import RunContext
from cutaway.api.display import NotebookDisplay
from cutaway.checks import check_whole
from cutaway.data import SampleIds
from cutaway.errors import DataError, RunError, UsageError
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.runs import KeptResult, digest_of, kept, result_name

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure

    from .results.confusion_matrix import Confusion

PICTURES = 200
"""Mistakes that carry their picture at most."""
METHOD = 1
"""Part of the key of kept probabilities: another way of computing them gives others."""

KEPT_BYTES = 2**23
"""Bytes of probabilities that are kept at most, of some samples after one epoch: those of 70,000 samples of 10 classes
take 3 MB."""

ROUNDING = 1e-5
"""By which a probability may exceed 1."""

DENSE_CLASSES = 10_000
"""Classes of a confusion matrix as an array at most: it takes 800 MB."""


@dataclass(frozen=True, eq=False)
class Mistakes(metrics.Mistakes, NotebookDisplay):
    """Samples with a wrong prediction, the most confident first.

    Attributes:
        position: int64 ``(mistake,)``, rows of the split.
        label: int64 ``(mistake,)``, true classes.
        predicted: int64 ``(mistake,)``, predicted classes.
        confidence: float32 ``(mistake,)``, their probabilities.
        ids: Identity of each sample.
        class_names: Names of the classes.
        pictures: float32 ``(at most 200 mistakes, row, column)`` in 0..1, or None where samples are no pictures.
    """

    ids: SampleIds = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)
    pictures: np.ndarray | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        if not len(self):
            return "<Mistakes: none>"
        true, predicted = self.class_names[int(self.label[0])], self.class_names[int(self.predicted[0])]
        worst = f"{self.ids[0]}, {true} predicted as {predicted} with {self.confidence[0]:.1%}"
        return f"<Mistakes: {len(self):,} {'sample' if len(self) == 1 else 'samples'}, first {worst}>"

    def __len__(self) -> int:
        return len(self.position)

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row a mistake: sample, file or row, label, predicted, confidence.

        A file stands beside pictures in a folder, a row (from 1, without the line of names) beside those of a table.
        """
        import pandas

        names = np.asarray(self.class_names, dtype=object)
        return pandas.DataFrame(
            {
                **self.ids.columns(),
                "label": names[self.label],
                "predicted": names[self.predicted],
                "confidence": self.confidence,
            }
        )

    def plot(self, n: int = 24, *, columns: int = 8) -> "Figure":
        """The pictures of the first mistakes with their names and classes, or bars of confidence, a matplotlib Figure.

        Args:
            n: How many at most, from 1 to 200.
            columns: Pictures in a row.

        Raises:
            UsageError: There are no mistakes, or `n` is outside its range.
        """
        from cutaway.plots import Bars, bars, picture_grid

        shown = min(check_whole(n, name="n", least=1, most=PICTURES), len(self))
        if not shown:
            raise UsageError("mistakes are drawn where there are some", got="none", hint="choose another split")
        names, known = self.ids.take(slice(shown)).names(), self.class_names
        pairs = zip(self.label[:shown].tolist(), self.predicted[:shown].tolist(), strict=True)
        wrong = [f"{known[a]} → {known[b]}" for a, b in pairs]
        if self.pictures is None:
            named = [f"{name}: {pair}" for name, pair in zip(names, wrong, strict=True)]
            return bars([Bars("confidence", named, self.confidence[:shown], percent=True, limits=(0, 1))])
        chances = [f"{value:.0%}" for value in self.confidence[:shown].tolist()]
        titles = ["\n".join(parts[:2]) + f", {parts[2]}" for parts in zip(names, wrong, chances, strict=True)]
        return picture_grid(self.pictures[:shown], titles, columns=columns)


def probabilities(
    context: RunContext, ids: SampleIds, *, epoch: int | None = None, on_progress: ProgressCallback = ignore_progress
) -> np.ndarray:
    """Probabilities in evaluation, float32 ``(sample, class)``; NaN where the model has diverged.

    Those of a model that cannot be opened are the ones that were recorded after the epoch.
    """
    if not context.opens:
        return _recorded(context, ids, epoch=epoch)
    if _is_kept(context, ids):
        number = context.epoch(epoch)
        compute = partial(_computed, context, ids, epoch=number, on_progress=on_progress)
        return _kept(context, ids, epoch=number, compute=compute)
    return _computed(context, ids, epoch=epoch, on_progress=on_progress)


def probability_batches(
    context: RunContext, ids: SampleIds, *, epoch: int | None = None, on_progress: ProgressCallback = ignore_progress
) -> Iterator[tuple[slice, np.ndarray]]:
    """`probabilities` batch by batch, so that never all of them are in memory: rows of `ids`, and those of the rows."""
    if not context.opens or _is_kept(context, ids):
        yield slice(0, len(ids)), probabilities(context, ids, epoch=epoch, on_progress=on_progress)
        return
    from cutaway.models import ForwardPass, class_probabilities

    model, data = context.model(epoch), context.data
    batches = ForwardPass.of(model, scale=data.scale).batches(data.rows(ids), on_progress=on_progress)
    for rows, outputs in batches:
        for found in outputs.values():
            yield rows, class_probabilities(model, found)


def _is_kept(context: RunContext, ids: SampleIds) -> bool:
    return 0 < 4 * len(ids) * len(context.class_names) <= KEPT_BYTES


def _computed(context: RunContext, ids: SampleIds, *, epoch: int | None, on_progress: ProgressCallback) -> np.ndarray:
    from cutaway.models import class_probabilities, forward

    model, data = context.model(epoch), context.data
    return class_probabilities(model, forward(model, data.rows(ids), scale=data.scale, on_progress=on_progress))


def _kept(context: RunContext, ids: SampleIds, *, epoch: int, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """Probabilities that are kept among the results, so that using them again needs neither the samples nor Keras."""
    shape = len(ids), len(context.class_names)
    return kept(
        context.folder,
        probabilities_name(context, ids, epoch=epoch),
        read=lambda found: found.array("probabilities", np.float32, *shape, low=0, high=1 + ROUNDING),
        write=lambda value: KeptResult(arrays={"probabilities": value}),
        compute=compute,
    )


def keep_probabilities(context: RunContext, ids: SampleIds, found: np.ndarray, *, epoch: int) -> None:
    """Keep probabilities that were computed beside something else, where they are not kept yet.

    Args:
        context: The run.
        ids: The samples.
        found: What `probabilities` gives of them.
        epoch: Number of the epoch.
    """
    if _is_kept(context, ids):
        _kept(context, ids, epoch=epoch, compute=lambda: found)


def probabilities_name(context: RunContext, ids: SampleIds, *, epoch: int) -> str:
    """Name of the file with the probabilities of some samples after an epoch, with a digest of all that decides it."""
    decides = [METHOD, digest_of(ids.source_index, ids.index)]
    return result_name(context.folder, "probabilities", epochs=[epoch], decides=decides)


def _recorded(context: RunContext, ids: SampleIds, *, epoch: int | None) -> np.ndarray:
    """The recorded predictions for some samples, which are those for validation and test."""
    whole = context.split.part("all")
    kept = recorded_predictions(context, context.epoch(epoch))
    rows = ids.positions_in(whole)
    found, trained = kept[rows].astype(np.float32), rows < len(context.split.train)
    if np.isnan(found[trained]).any():
        raise RunError(
            "of a model whose layers cannot be opened, predictions are recorded for validation and test samples",
            got="training samples among those asked for",
            hint='use split="test" or split="val"',
        )
    return found


def recorded_predictions(context: RunContext, epoch: int) -> np.ndarray:
    """What a run has recorded of an epoch, float16 ``(sample, class)``, in the order train, val, test.

    Raises:
        RunError: Nothing was recorded, or the file is damaged.
    """
    kept, shape = context.folder.predictions(epoch), (len(context.split.part("all")), len(context.class_names))
    if kept.shape != shape or kept.dtype.kind != "f":
        raise RunError(
            f"predictions of this run have the shape {shape}",
            got=f"{kept.dtype} of the shape {kept.shape} in epoch {epoch}",
            hint="restore the file from a copy of the run",
        )
    return kept


def labels(context: RunContext, split: str = "test") -> np.ndarray:
    """The class of each sample of a split, int64 ``(sample,)``."""
    return context.data.y(context.split.part(split))


def check_numbers(context: RunContext, ids: SampleIds, rows: slice, probabilities: np.ndarray) -> None:
    """Check that probabilities are numbers.

    Raises:
        DataError: One is not, as after a training that diverged.
    """
    wrong = ~np.isfinite(probabilities).all(axis=1)
    if wrong.any():
        raise DataError(
            "predictions are judged where probabilities are numbers",
            got=f"NaN for {ids[rows.start + int(wrong.argmax())]} in {context.path.name}: the model has diverged",
            hint="train with a smaller learning rate, or ask for an earlier epoch with epoch=",
        )


def predict_classes(
    context: RunContext, ids: SampleIds, *, epoch: int | None = None, on_progress: ProgressCallback = ignore_progress
) -> metrics.PredictedClasses:
    """The class predicted for each sample, computed batch by batch.

    Raises:
        DataError: A probability is not a number: the model has diverged.
    """
    # a split may be empty
    parts = [metrics.PredictedClasses.of(np.empty((0, len(context.class_names)), np.float32))]
    for rows, found in probability_batches(context, ids, epoch=epoch, on_progress=on_progress):
        check_numbers(context, ids, rows, found)
        parts.append(metrics.PredictedClasses.of(found, first=rows.start))
    return metrics.PredictedClasses.join(parts)


def confusion_counts(context: RunContext, *, split: str = "test", epoch: int | None = None) -> metrics.SparseCounts:
    """Counts, sparse int64 ``(true class, predicted class)``."""
    predicted = predict_classes(context, context.part(split), epoch=epoch).predicted
    return metrics.confusion_counts(labels(context, split), predicted, classes=context.data.classes)


def confusion(context: RunContext, *, split: str = "test", epoch: int | None = None) -> "Confusion":
    """Counts, int64 ``(true class, predicted class)``, an array that draws itself.

    Raises:
        UsageError: There are more than `DENSE_CLASSES` classes.
    """
    if len(context.class_names) > DENSE_CLASSES:
        raise UsageError(
            f"a confusion matrix is an array of at most {DENSE_CLASSES:,} classes",
            got=f"{len(context.class_names):,}",
            hint="use run.per_class() and run.mistakes()",
        )
    from .results.confusion_matrix import Confusion

    return Confusion(confusion_counts(context, split=split, epoch=epoch).toarray(), context.class_names)


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
        pictures=context.data.pictures(ids.take(worst.position[:PICTURES])),
    )
