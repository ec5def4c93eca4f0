"""The temperature of a run, fitted on its validation samples and kept among its results."""

import hashlib
import json
import math
from numbers import Real
from typing import Any

import numpy as np

from cutaway.api.analyses.predictions import check_numbers, probability_batches
from cutaway.api.context import RunContext
from cutaway.checks import warn_user
from cutaway.data import stratified_sample
from cutaway.errors import UsageError
from cutaway.metrics import Temperature, fit_temperature
from cutaway.runs import file_name

from .scoring import validation

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
    name = _name(context, number)
    kept = _read(context, name)
    if kept is not None:
        return kept
    labels, classes = context.data.y(ids), len(context.class_names)
    most = max(VALUES // classes, 1)
    if len(ids) > most:
        drawn = stratified_sample(labels, most, seed=0)
        ids, labels = ids.take(drawn), labels[drawn]
    probabilities = np.empty((len(ids), classes), np.float32)
    for rows, found in probability_batches(context, ids, epoch=number):
        check_numbers(context, ids, rows, found)
        probabilities[rows] = found
    fitted = fit_temperature(probabilities, labels, floor=0.0 if context.opens else HALF)
    context.folder.results.write(name, json.dumps(vars(fitted)).encode())
    return fitted


def find_temperature(context: RunContext, temperature: Any, *, epoch: int | None = None) -> float | None:
    """Resolve ``temperature=``: a number above 0, "fitted", or None for the probabilities as they are.

    Raises:
        UsageError: It is none of these, or there are no validation samples.
        DataError: As `fitted_temperature`.
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
    """Name of the file with the temperature of an epoch, with a digest of all that decides it."""
    manifest = context.manifest
    # of a model that cannot be opened, the recorded predictions decide it
    digest = (
        context.folder.snapshot_digest(epoch)
        if context.opens
        else hashlib.sha256(np.ascontiguousarray(context.folder.predictions(epoch)).tobytes())
    )
    spec = context.spec if context.opens else None
    decides = [METHOD, VALUES, spec, manifest.dataset.sha256, manifest.dataset.scale, manifest.split]
    digest.update(json.dumps(decides, sort_keys=True).encode())
    return file_name("temperature", f"epoch-{epoch:04d}", digest.hexdigest()[:16]) + ".json"


def _read(context: RunContext, name: str) -> Temperature | None:
    """The temperature in a file of the results; None where there is none, or one that is damaged."""
    data = context.folder.results.read(name)
    if data is None:
        return None
    try:
        record = json.loads(data)
        values = [float(record[part]) for part in ("value", "samples", "log_loss", "log_loss_before")]
        if all(map(math.isfinite, values)) and values[0] > 0 and values[1] >= 1:
            return Temperature(values[0], int(values[1]), values[2], values[3])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        pass
    warn_user(f"{name} is damaged and is computed again")
    return None
