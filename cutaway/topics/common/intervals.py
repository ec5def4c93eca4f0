"""Intervals around predicted numbers: as wide as the errors on the validation samples were (split conformal)."""

import numpy as np

from cutaway.cache import cached
from cutaway.context import RunContext
from cutaway.errors import UsageError
from cutaway.metrics import conformal_radius, least_for_interval
from cutaway.task import Task

from .predictions import predict_numbers
from .scoring import validation


def fit_radius(context: RunContext, level: float, *, epoch: int | None) -> np.ndarray:
    """How far intervals reach that hold a share of new samples, by the errors on the validation samples.

    It is kept in the cache: using it again needs neither the samples nor Keras.

    Args:
        context: The run.
        level: The share, above 0 and below 1; see `cutaway.metrics.conformal_radius`.
        epoch: After which epoch; the kept one if None.

    Returns:
        float64 ``(target,)``, in the unit of each target; of the logarithm, if it is learned.

    Raises:
        UsageError: The model predicts classes, or there are too few validation samples.
        DataError: The model has diverged, or the samples cannot be loaded.
    """
    context.task.need_numbers("an interval", "use the probabilities, or run.coverage()")
    ids, number, least = validation(context, chosen="an interval"), context.epoch(epoch), least_for_interval(level)
    if len(ids) < least:
        raise UsageError(
            f"intervals of {100 * level:g}% need at least {least:,} validation samples, and {context.path.name} has "
            f"{len(ids):,}",
            hint="choose a smaller share, or train with more validation samples",
        )

    def compute() -> np.ndarray:
        y, predicted = context.data.y(ids), predict_numbers(context, ids, epoch=number)
        return conformal_radius(np.abs(_as_learned(context.task, predicted) - _as_learned(context.task, y)), level)

    if not context.opens:  # its recorded predictions have no name of their own
        return compute()
    return cached("radius", context.folder.identity(number), level, method=1).get(compute)


def interval_ends(task: Task, predicted: np.ndarray, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lower and the upper ends of intervals around predictions ``(sample, target)``, both float64.

    If logarithms are learned, an interval reaches from the prediction divided by a factor to it times that factor.
    """
    center = _as_learned(task, predicted.astype(np.float64))
    ends = center - radius, center + radius
    return (np.exp(ends[0]), np.exp(ends[1])) if task.is_log else ends


def _as_learned(task: Task, numbers: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):  # what has no logarithm is in no interval
        return np.log(numbers) if task.is_log else numbers
