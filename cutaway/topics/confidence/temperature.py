"""The temperature of a run, fitted on its validation samples and kept among its results."""

import math
from functools import partial
from numbers import Real
from typing import Any

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds, stratified_sample
from cutaway.errors import UsageError
from cutaway.metrics import TEMPERATURES, Temperature, fit_temperature
from cutaway.runs import KeptResult, digest_of, kept, records_of, result_name
from cutaway.topics.common.predictions import check_numbers, probability_batches
from cutaway.topics.common.scoring import validation

METHOD = 1
"""Part of the key of a kept temperature: another way of fitting gives others."""

VALUES = 2**25
"""Probabilities that a temperature is fitted to at most, 128 MB: all validation samples, or a stratified sample."""

HALF = 2.0**-25
"""The largest probability that float16 takes for 0."""

FITTED = "fitted"


def fitted_temperature(context: RunContext, *, epoch: int | None = None) -> Temperature:
    """The temperature with the lowest negative log-likelihood on the validation samples.

    It is kept among the results of the run, so that using it again needs neither the samples nor Keras.

    Args:
        context: The run.
        epoch: After which epoch; the kept one if None.

    Raises:
        UsageError: There are no validation samples.
        DataError: The model has diverged, or the samples cannot be loaded.
    """
    ids, number = validation(context, chosen="a temperature"), context.epoch(epoch)
    return kept(
        context.folder,
        _name(context, number),
        read=_read,
        write=KeptResult,
        compute=partial(_fitted, context, ids, epoch=number),
    )


def _fitted(context: RunContext, ids: SampleIds, *, epoch: int) -> Temperature:
    labels, classes = context.data.y(ids), len(context.class_names)
    most = max(VALUES // classes, 1)
    if len(ids) > most:
        drawn = stratified_sample(labels, most, seed=0)
        ids, labels = ids.take(drawn), labels[drawn]
    probabilities = np.empty((len(ids), classes), np.float32)
    for rows, found in probability_batches(context, ids, epoch=epoch):
        check_numbers(context, ids, rows, found)
        probabilities[rows] = found
    return fit_temperature(probabilities, labels, floor=0.0 if context.opens else HALF)


def find_temperature(context: RunContext, temperature: Any, *, epoch: int | None = None) -> float | None:
    """Resolve ``temperature=``: a number above 0, "fitted", or None for the probabilities as they are.

    Raises:
        UsageError: It is none of these, or there are no validation samples.
        DataError: See `fitted_temperature`.
    """
    if temperature is None:
        return None
    if temperature == FITTED:
        return fitted_temperature(context, epoch=epoch).value
    if isinstance(temperature, bool) or not isinstance(temperature, Real) or not 0 < float(temperature) < math.inf:
        raise UsageError(
            f'temperature is a number above 0, or "{FITTED}" for the one that fits the validation samples',
            got=repr(temperature),
            hint=f'pass temperature="{FITTED}"',
        )
    return float(temperature)


def _name(context: RunContext, epoch: int) -> str:
    """Name of the file with the temperature of an epoch."""
    if context.opens:
        return result_name(context.folder, "temperature", epochs=[epoch], decides=[METHOD, VALUES])
    # of a model that cannot be opened, the recorded predictions decide it
    decides = [METHOD, VALUES, digest_of(context.folder.predictions(epoch))]
    return result_name(context.folder, "temperature", epochs=[], decides=decides, words=(f"epoch-{epoch:04d}",))


def _read(found: KeptResult) -> Temperature:
    (fitted,) = records_of(Temperature, [found.record])
    low, high = TEMPERATURES
    if not all(map(math.isfinite, vars(fitted).values())) or not low <= fitted.value <= high or fitted.samples < 1:
        raise ValueError(fitted)
    return fitted
