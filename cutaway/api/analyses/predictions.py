"""What the model predicts, and where it is wrong."""

import numpy as np

from cutaway.api.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import RunError
from cutaway.metrics import Mistakes, confusion_counts, worst_mistakes
from cutaway.progress import ProgressCallback, ignore_progress


def probabilities(
    context: RunContext, ids: SampleIds, *, epoch: int | None = None, on_progress: ProgressCallback = ignore_progress
) -> np.ndarray:
    """Probabilities in evaluation, float32 ``(sample, class)``; NaN where the model has diverged.

    Those of a model that cannot be opened are the ones that were recorded after the epoch, rounded to float16.
    """
    if not context.opens:
        return _recorded(context, ids, epoch=epoch)
    from cutaway.models import class_probabilities, forward

    model, data = context.model(epoch), context.data
    return class_probabilities(model, forward(model, data.rows(ids), scale=data.scale, on_progress=on_progress))


def _recorded(context: RunContext, ids: SampleIds, *, epoch: int | None) -> np.ndarray:
    """The recorded predictions for some samples, which are those for validation and test."""
    number, whole = context.epoch(epoch), context.split.part("all")
    kept = context.folder.predictions(number)
    if kept.shape != (len(whole), len(context.class_names)):
        raise RunError(
            f"predictions of this run have the shape {(len(whole), len(context.class_names))}",
            got=f"{kept.shape} in epoch {number}",
            hint="restore the file from a copy of the run",
        )
    order = np.lexsort((whole.index, whole.source_index))
    keys = whole.source_index[order].astype(np.int64) << 40 | whole.index[order]
    found = kept[order[np.searchsorted(keys, ids.source_index.astype(np.int64) << 40 | ids.index)]].astype(np.float32)
    if np.isnan(found).any():
        raise RunError(
            "of a model whose layers cannot be opened, predictions are recorded for validation and test samples",
            got="training samples among those asked for",
            hint='use split="test" or split="val"',
        )
    return found


def labels(context: RunContext, split: str = "test") -> np.ndarray:
    """The class of each sample of a split, int64 ``(sample,)``."""
    return context.data.y(context.split.part(split))


def confusion(context: RunContext, *, split: str = "test", epoch: int | None = None) -> np.ndarray:
    """Counts, int64 ``(true class, predicted class)``."""
    predicted = probabilities(context, context.split.part(split), epoch=epoch).argmax(axis=1)
    return confusion_counts(labels(context, split), predicted, classes=context.data.classes)


def mistakes(context: RunContext, n: int = 24, *, split: str = "test", epoch: int | None = None) -> Mistakes:
    """The `n` most confident wrong predictions, the worst first; positions are rows of the split."""
    found = probabilities(context, context.split.part(split), epoch=epoch)
    return worst_mistakes(found, labels(context, split), n=n)
