"""What the model predicts, and where it is wrong."""

import numpy as np

from cutaway.api.context import RunContext
from cutaway.data import SampleIds
from cutaway.metrics import Mistakes, confusion_counts, worst_mistakes
from cutaway.progress import ProgressCallback, ignore_progress


def probabilities(
    context: RunContext, ids: SampleIds, *, epoch: int | None = None, on_progress: ProgressCallback = ignore_progress
) -> np.ndarray:
    """Probabilities in evaluation, float32 ``(sample, class)``; NaN where the model has diverged."""
    from cutaway.models import class_probabilities, forward

    model, data = context.model(epoch), context.data
    return class_probabilities(model, forward(model, data.rows(ids), scale=data.scale, on_progress=on_progress))


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
