"""The settings of t-SNE."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from cutaway.checks import as_array, check_matrix, check_perplexity
from cutaway.errors import DataError, Hint, UsageError
from cutaway.options import INITIALIZATIONS, TSNESettings

PCA_COMPONENTS = 50
"""Maximum number of principal components for searching neighbors."""

USUAL_PERPLEXITY = 30
"""As in scikit-learn and openTSNE."""

PLACES = f"pass the place of each sample, or one of {', '.join(INITIALIZATIONS)}"
"""The next step for places of samples that do not fit."""

INITIAL_DEVIATION = 1e-4
"""Standard deviation of the initial layout: at this size all pairs repel alike, and the start decides where groups
go, but not how large they are."""


def make_settings(settings: Mapping[str, Any], *, samples: int) -> TSNESettings:
    """Make the settings of t-SNE from keyword arguments and check them.

    Args:
        settings: Names and values; the others get their defaults.
        samples: Number of samples.

    Raises:
        UsageError: A setting is unknown or outside its range, or there are too few samples for the perplexity.
        DataError: The array of the initialization does not fit.
    """
    known = [field.name for field in fields(TSNESettings)]
    for name in settings:
        if name not in known:
            raise UsageError(f'unknown setting of t-SNE: "{name}"; settings: {", ".join(known)}')
    given = TSNESettings(**settings)
    _check_initialization(given.init, samples=samples)
    wanted = given.perplexity
    if wanted == "auto":
        wanted = min(USUAL_PERPLEXITY, max(1, (samples - 1) // 3))
    for each in perplexities(wanted):
        check_perplexity_fits(each, samples=samples)
    return replace(given, perplexity=wanted)


def perplexities(perplexity: float | tuple[float, ...] | str) -> tuple[float, ...]:
    """One perplexity or several, as several; `USUAL_PERPLEXITY` for "auto"."""
    if isinstance(perplexity, str):
        return (USUAL_PERPLEXITY,)
    return perplexity if isinstance(perplexity, tuple) else (perplexity,)


def check_perplexity_fits(perplexity: float, *, samples: int) -> float:
    """Return ``perplexity`` as a float, 1 or more and less than a third of the samples.

    Raises:
        UsageError: It is outside that range.
    """
    perplexity = check_perplexity(perplexity)
    if samples <= 3 * perplexity:
        largest = (10 * samples - 1) // 3 / 10
        raise UsageError(
            f"{samples} samples are too few for perplexity {perplexity:g}: t-SNE needs more than 3 * perplexity",
            hint=Hint("pass {} or less, or take more samples", perplexity=round(largest, 5)),
        )
    return perplexity


def initial_layout(init: str | np.ndarray, points: np.ndarray, *, seed: int) -> np.ndarray:
    """Make the initial layout of the descent, float32 (sample, 2).

    Args:
        init: See `TSNESettings`, checked, and not "spectral".
        points: float32 (sample, component), the principal components with a standard deviation of 1.
        seed: Decides about "random".

    Source: Kobak and Berens 2019 (principal components at a standard deviation of 1e-4).
    """
    if not isinstance(init, str):
        return np.array(init, np.float32, order="C")
    if init == "random":
        noise = np.random.default_rng(seed).standard_normal((len(points), 2))
        return (INITIAL_DEVIATION * noise).astype(np.float32)
    start = np.zeros((len(points), 2), np.float32)
    two = points[:, :2]
    start[:, : two.shape[1]] = INITIAL_DEVIATION * (two - two.mean(axis=0, dtype=np.float64))
    return start


def initialization_name(init: str | np.ndarray) -> str:
    """Name an initialization for JSON; for an array it is "array" with the start of the SHA-256 of its bytes."""
    if isinstance(init, str):
        return init
    from hashlib import sha256

    return f"array {sha256(np.array(init, np.float32, order='C').tobytes()).hexdigest()[:16]}"


def _check_initialization(init: Any, *, samples: int) -> None:
    if isinstance(init, str):
        return
    array = as_array(init, what="the places of init")
    if array.shape != (samples, 2):
        raise DataError(f"init must have the shape ({samples}, 2), not {array.shape}", hint=PLACES)
    if np.ptp(check_matrix(array, name="the places of init"), axis=0).max() == 0:
        raise DataError("init puts all samples at one place", hint='pass "random"')
