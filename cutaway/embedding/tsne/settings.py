"""The settings of t-SNE."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from numbers import Real
from typing import Any, Literal

import numpy as np

from cutaway.checks import check_matrix, check_perplexity, check_seed, check_whole, is_whole
from cutaway.errors import DataError, Hint, UsageError

Auto = Literal["auto"]

SEARCHES = ("exact", "approximate")
"""How neighbors are searched."""

PCA_COMPONENTS = 50
"""Maximum number of principal components for searching neighbors."""

USUAL_PERPLEXITY = 30
"""As in scikit-learn and openTSNE."""

INITIAL_DEVIATION = 1e-4
"""Standard deviation of the initial layout: at this size all pairs repel alike, and the start decides where groups
go, but not how large they are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TSNESettings:
    """Settings of t-SNE; "auto" depends on the number of samples n, and the layout reports the value that was used."""

    perplexity: float | tuple[float, ...] | Auto = "auto"
    """Effective number of neighbors of each sample, from 1 to less than a third of the samples. Small values show small
    groups, large ones the whole. Of several, the affinities are the mean (Kobak and Berens 2019). "auto" is 30, or the
    largest whole number that fewer than 91 samples allow."""

    neighbors: Literal["auto", "exact", "approximate"] = "auto"
    """"exact" finds the nearest three times as many as the perplexity; "approximate" finds most of the nearest twice as
    many, and says what share of them, in time that grows little faster than the number of samples. "auto" is "exact",
    or "approximate" for more than 100,000 samples."""

    max_iter: int = 750
    """Maximum number of iterations in all; it must exceed those of early exaggeration. The descent mostly ends
    sooner, see ``tolerance``."""

    early_exaggeration: float = 12.0
    """Factor of the attractive forces in the first iterations, 1 or more: it gathers the groups."""

    early_exaggeration_iter: int | Auto = "auto"
    """Number of iterations with early exaggeration, from 0; "auto" is 250, or 60 for more than 4,000 samples."""

    early_samples: int | Auto = "auto"
    """Number of random samples that early exaggeration begins with; the others join them at the places of
    their neighbors for its last 10 iterations. It is 2 or more; as many as there are samples, or more, means that all
    take part from the start. "auto" is an eighth of the samples, at least 10,000, or more of them where the perplexity
    is below 30."""

    exaggeration: float = 1.0
    """Factor of the attractive forces in all further iterations, 1 or more; larger values give denser groups with more
    space between them."""

    learning_rate: float | Auto = "auto"
    """Learning rate of both phases, above 0. "auto" is n / early_exaggeration in the first phase, at least 20. In the
    second it is n / exaggeration, at least 20, or 2 n / exaggeration for more than 4,000 samples."""

    momentum: float | Auto = "auto"
    """Momentum after early exaggeration, from 0 up to, but not including, 1; during early exaggeration it is 0.5.
    "auto" is 0.8; 0.966 for more than 4,000 samples; 1 - 0.034 (10,000 / n)^(1/8) for more than 10,000."""

    final_iter: int | Auto = "auto"
    """Number of final iterations, from 0, with a momentum of at most 0.8, which let samples settle; "auto" is 0, or
    25 for more than 4,000 samples."""

    tolerance: float | Auto = "auto"
    """The descent has converged when the KL divergence falls by less than this share in 50 iterations after early
    exaggeration, from 0 (never) up to, but not including, 1. The final iterations are always done. "auto" is 0.2%; 2%
    for more than 4,000 samples; 4% for more than 10,000."""

    init: str | np.ndarray = "pca"
    """Where the samples start: "pca", the first two principal components, scaled to a standard deviation of 1e-4;
    "spectral", two eigenvectors of the affinities, scaled likewise; "random", normally distributed with that standard
    deviation, depending on the seed alone; or an array (sample, 2) that is taken as it is."""


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
            raise UsageError(f"unknown setting of t-SNE: {name!r}; settings: {', '.join(known)}")
    given = TSNESettings(**settings)
    _check_initialization(given.init, samples=samples)
    wanted: Any = given.perplexity
    if isinstance(wanted, str) and wanted == "auto":
        wanted = min(USUAL_PERPLEXITY, max(1, (samples - 1) // 3))
    if not isinstance(given.neighbors, str) or given.neighbors not in ("auto", *SEARCHES):
        raise UsageError(f'neighbors must be "auto", "exact" or "approximate", got {given.neighbors!r}')
    several = tuple(check_perplexity_fits(each, samples=samples) for each in perplexities(wanted))
    checked: dict[str, Any] = {
        "perplexity": several[0] if len(several) == 1 else several,
        "early_exaggeration": _check_number(given.early_exaggeration, name="early_exaggeration", least=1, example="12"),
        "exaggeration": _check_number(given.exaggeration, name="exaggeration", least=1, example="1"),
    }
    if is_whole(given.max_iter):
        checked["max_iter"] = int(given.max_iter)  # `phases_for`, which knows the least number, refuses anything else
    for name, least in (("early_exaggeration_iter", 0), ("early_samples", 2), ("final_iter", 0)):
        if getattr(given, name) != "auto":
            checked[name] = check_whole(getattr(given, name), name=name, least=least)
    ranges: dict[str, dict[str, Any]] = {
        "learning_rate": {"least": 0, "open_start": True, "example": "200"},
        "momentum": {"least": 0, "below": 1, "example": "0.8"},
        "tolerance": {"least": 0, "below": 1, "example": "0.01"},
    }
    for name, allowed in ranges.items():
        if getattr(given, name) != "auto":
            checked[name] = _check_number(getattr(given, name), name=name, **allowed)
    return replace(given, **checked)  # 30 and 30.0 are one setting, with one entry in the cache


def perplexities(perplexity: Any) -> tuple[Any, ...]:
    """One perplexity or several, as several.

    Raises:
        UsageError: There is none.
    """
    found = tuple(perplexity) if isinstance(perplexity, list | tuple | np.ndarray) else (perplexity,)
    if not found:
        raise UsageError("perplexity is an empty list", hint=Hint("pass {}", perplexity=30))
    return found


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
        noise = np.random.default_rng(check_seed(seed)).standard_normal((len(points), 2))
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


def _check_number(
    value: Any, *, name: str, least: float, example: str, below: float = float("inf"), open_start: bool = False
) -> float:
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else float("nan")
    if not least <= number < below or (open_start and number == least):
        span = f"above {least:g}" if open_start else f"from {least:g} up"
        limit = f" to, but not including, {below:g}" if below < float("inf") else ""
        raise UsageError(
            f"{name} must be a finite number {span}{limit}, got {value!r}", hint=Hint("pass {}", **{name: example})
        )
    return number


def _check_initialization(init: Any, *, samples: int) -> None:
    if isinstance(init, str):
        if init not in ("pca", "spectral", "random"):
            raise UsageError(
                f'init must be "pca", "spectral", "random" or an array (sample, 2), got {init!r}',
            )
        return
    array = check_matrix(init, name="initial coordinates")
    if array.shape != (samples, 2):
        raise DataError(
            f"init must have the shape ({samples}, 2), got {array.shape}",
        )
    if np.ptp(array, axis=0).max() == 0:
        raise DataError(
            "init puts all samples at one place",
            hint='pass "random"',
        )
