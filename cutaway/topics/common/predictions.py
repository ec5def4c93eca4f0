"""What the model predicts: probabilities and classes of samples, computed in batches and cached."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from cutaway import metrics
from cutaway.cache import CachedResult, cached
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import DataError, Hint, RunError
from cutaway.progress import ProgressCallback, ignore_progress

KEPT_BYTES = 2**23
"""Maximum bytes of probabilities to keep, of some samples after one epoch: 70,000 samples of 10 classes take 3 MB."""


def probabilities(
    context: RunContext, ids: SampleIds, *, epoch: int | None = None, on_progress: ProgressCallback = ignore_progress
) -> np.ndarray:
    """Probabilities in evaluation, float32 ``(sample, class)``, or predicted numbers, float32 ``(sample, target)``.

    A model that has diverged gives NaN.

    Those of a model that cannot be opened are the ones that were recorded after the epoch.
    """
    if not context.opens:
        return _recorded(context, ids, epoch=epoch)
    number = context.epoch(epoch)
    compute = partial(compute_probabilities, context, ids, epoch=number, on_progress=on_progress)
    return _kept(context, ids, number).get(compute) if _is_kept(context, ids) else compute()


def probability_batches(
    context: RunContext, ids: SampleIds, *, epoch: int | None = None, on_progress: ProgressCallback = ignore_progress
) -> Iterator[tuple[slice, np.ndarray]]:
    """`probabilities` batch by batch, which saves memory: rows of `ids` and their probabilities."""
    if not context.opens or _is_kept(context, ids):
        yield slice(0, len(ids)), probabilities(context, ids, epoch=epoch, on_progress=on_progress)
        return
    from cutaway.models import ForwardPass

    model, data = context.model(epoch), context.data
    batches = ForwardPass.of(model, scale=data.scale).batches(data.rows(ids), on_progress=on_progress)
    for rows, outputs in batches:
        for found in outputs.values():
            yield rows, answers_of(context, model, found)


def _is_kept(context: RunContext, ids: SampleIds) -> bool:
    return 0 < 4 * len(ids) * len(context.task.names) <= KEPT_BYTES


def compute_probabilities(
    context: RunContext, ids: SampleIds, *, epoch: int | None = None, on_progress: ProgressCallback = ignore_progress
) -> np.ndarray:
    """`probabilities` of a model that can be opened, neither read from the cache nor kept in it."""
    from cutaway.models import forward

    model, data = context.model(epoch), context.data
    return answers_of(context, model, forward(model, data.rows(ids), scale=data.scale, on_progress=on_progress))


def answers_of(context: RunContext, model: Any, outputs: np.ndarray) -> np.ndarray:
    """Outputs as probabilities, or as they are where numbers are predicted."""
    from cutaway.models import class_probabilities

    return outputs if context.task.is_numbers else class_probabilities(model, outputs)


def _kept(context: RunContext, ids: SampleIds, epoch: int) -> CachedResult:
    """Probabilities in the cache: using them again needs neither the samples nor Keras."""
    return cached("probabilities", context.folder.identity(epoch), ids.source_index, ids.index, method=1)


def keep_probabilities(context: RunContext, ids: SampleIds, found: np.ndarray, *, epoch: int) -> None:
    """Keep probabilities that came with other outputs of the model, if they are not kept yet.

    Args:
        context: The run.
        ids: The samples.
        found: Their probabilities, as `probabilities` returns them.
        epoch: Number of the epoch.
    """
    if _is_kept(context, ids):
        _kept(context, ids, epoch).get(lambda: found)


def _recorded(context: RunContext, ids: SampleIds, *, epoch: int | None) -> np.ndarray:
    """The recorded predictions for some samples, which are those for validation and test."""
    whole = context.split.part("all")
    kept = recorded_predictions(context, context.epoch(epoch))
    rows = ids.positions_in(whole)
    found, trained = kept[rows].astype(np.float32), rows < len(context.split.train)
    if np.isnan(found[trained]).any():
        raise RunError(
            "the layers of this model cannot be opened, so there are no predictions for training samples",
            hint=Hint('use {} or "val"', split="test"),
        )
    return found


def recorded_predictions(context: RunContext, epoch: int) -> np.ndarray:
    """What a run has recorded of an epoch, float16 ``(sample, class)``, in the order train, val, test.

    Raises:
        RunError: Nothing was recorded, or the file is damaged.
    """
    kept, shape = context.folder.predictions(epoch), (len(context.split.part("all")), len(context.task.names))
    if kept.shape != shape or kept.dtype.kind != "f":
        raise RunError(
            f"the recorded predictions of epoch {epoch} should have the shape {shape}",
            got=f"{kept.dtype} of the shape {kept.shape}",
            hint="restore the file from a copy of the run",
        )
    return kept


def labels(context: RunContext, split: str = "test") -> np.ndarray:
    """The class of each sample of a split, int64 ``(sample,)``, or its targets, float64 ``(sample, target)``."""
    return context.data.y(context.split.part(split))


def finite_batches(context: RunContext, ids: SampleIds, *, epoch: int | None) -> Iterator[tuple[slice, np.ndarray]]:
    """`probability_batches`, which are all numbers.

    Raises:
        DataError: One is not, as after a training that diverged.
    """
    for rows, found in probability_batches(context, ids, epoch=epoch):
        wrong = ~np.isfinite(found).all(axis=1)
        if wrong.any():
            place = rows.start + int(wrong.argmax())
            raise DataError(
                f"the model in {context.path.name} diverged: its output for {ids[place]} is NaN",
                hint=Hint("train with a smaller learning rate, or ask for an earlier epoch with {}", epoch=None),
            )
        yield rows, found


def predict_numbers(context: RunContext, ids: SampleIds, *, epoch: int | None = None) -> np.ndarray:
    """The predicted numbers of samples, at least one, float64 ``(sample, target)``.

    Raises:
        DataError: One is not finite: the model has diverged.
    """
    parts = [found for _, found in finite_batches(context, ids, epoch=epoch)]
    return np.concatenate(parts).astype(np.float64)


def predict_classes(context: RunContext, ids: SampleIds, *, epoch: int | None = None) -> metrics.PredictedClasses:
    """The class predicted for each sample, computed batch by batch.

    Raises:
        DataError: A probability is not a number: the model has diverged.
    """
    # a split may be empty
    parts = [metrics.PredictedClasses.of(np.empty((0, len(context.class_names)), np.float32))]
    for rows, found in finite_batches(context, ids, epoch=epoch):
        parts.append(metrics.PredictedClasses.of(found, first=rows.start))
    return metrics.PredictedClasses.join(parts)
