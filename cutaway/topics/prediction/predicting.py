"""What a model says of new samples, chunk by chunk."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from cutaway.context import RunContext
from cutaway.topics.common.nearest import nearest_of

from .contributions import contributions_of
from .far import LEAST, FarSamples, model_inputs, training_distances
from .result import Predictions, join
from .samples import Samples, new_samples
from .shifted import ShiftedColumns

SHOWN = 5
"""Nearest training samples, and inputs that contributed most, where nobody says how many."""


def predict(context: RunContext, x: Any, *, epoch: int | None = None, warn: bool = True) -> np.ndarray:
    """The probability of every class for new samples.

    Args:
        context: The run.
        x: See `cutaway.Run.predict`.
        epoch: After which epoch; the kept one if None.
        warn: Warn of what no training sample had.

    Returns:
        float32 ``(sample, class)``; each row sums to 1.

    Raises:
        DataError, UsageError: See `predictions`.
    """
    return np.concatenate([part.probabilities for part in predictions(context, x, epoch=epoch, warn=warn)])


def examine(
    context: RunContext, x: Any, *, nearest: int | None = None, explain: int | None = None, epoch: int | None = None
) -> Predictions:
    """Predict new samples with everything that `predictions` gives, as one record; see `cutaway.Run.examine`."""
    train = len(context.split.train)
    nearest = min(SHOWN, train) if nearest is None else nearest
    explain = min(SHOWN, math.prod(context.manifest.dataset.shape)) if explain is None else explain
    parts = predictions(context, x, epoch=epoch, nearest=nearest, explain=explain, distances=train >= LEAST)
    return join(list(parts))


def predictions(
    context: RunContext,
    x: Any,
    *,
    epoch: int | None = None,
    warn: bool = True,
    nearest: int = 0,
    explain: int = 0,
    distances: bool = False,
) -> Iterator[Predictions]:
    """Predict new samples chunk by chunk, so that a file may be larger than memory.

    Args:
        context: The run.
        x: See `new_samples`.
        epoch: After which epoch; the kept one if None.
        warn: Warn of what no training sample had, of samples that are far from all of them, and of columns of a table
            that differ from those of the training samples by more than chance; not of dates, rows in groups, or copies.
        nearest: Number of nearest training samples wanted.
        explain: Number of inputs wanted, those that contributed most.
        distances: Whether the distance of each sample to the training samples is wanted.

    Yields:
        At least one chunk.

    Raises:
        DataError: A column is missing or of another kind, an image cannot be read, a shape is another one, or the
            training samples are needed and cannot be loaded.
        UsageError: `x` cannot be fed to the model, or a number is outside its range.
        ModelError: Inputs are wanted, and the model is not piecewise linear.
    """
    from cutaway.models import class_probabilities, forward

    model, scale = context.model(epoch), context.manifest.dataset.scale
    near = nearest_of(context, nearest, epoch=epoch) if nearest else None
    parts = contributions_of(context, explain, epoch=epoch) if explain else None
    measured = training_distances(context, wanted=distances) if warn or distances else None
    seen, shifted = FarSamples(), ShiftedColumns.of(context, measured) if warn and measured else None

    def answer(samples: Samples) -> Predictions:
        distance = far = None
        if measured is not None:
            inputs = model_inputs(samples.x, scale)
            distance, far = measured(inputs)
            seen.add(samples.names, far)
            if shifted is not None:
                shifted.add(inputs)
        return Predictions(
            names=samples.names,
            probabilities=class_probabilities(model, forward(model, samples.x, scale=scale)),
            class_names=context.class_names,
            nearest=near(samples.x) if near else None,
            contributions=parts(samples.x) if parts else None,
            distances=distance if distances else None,
            far=far if distances else None,
        )

    chunks = 0
    for samples in new_samples(context, x, warn=warn):
        yield answer(samples)
        chunks += 1
    if not chunks:
        yield answer(Samples(np.empty((0, *context.manifest.dataset.shape), np.float32), []))
    if warn:
        seen.warn()
    if shifted is not None:
        shifted.warn()
