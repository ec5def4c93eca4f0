"""Numbers that describe the activations of a layer: their spread, dead and constant units, how classes separate."""

from dataclasses import dataclass

import numpy as np

from cutaway.errors import DataError

from .probes import one_hot

SATURATED_AT = {
    "sigmoid": (0.05, 0.95),
    "hard_sigmoid": (0.05, 0.95),
    "tanh": (-0.9, 0.9),
    "softsign": (-0.9, 0.9),
    "relu6": (-np.inf, 5.7),
}
"""Activation function with a bounded range -> outputs at or beyond which it is saturated: within 5% of an end.

Only the upper end of relu6 counts: at the lower end it is a ReLU that does not fire.
"""

SATURATED_SHARE = 0.95
"""A unit is saturated when this share of the samples saturates it."""


LARGEST = 1e15
"""Larger activations mean that a model has diverged: the sum of squares of 1e8 of them overflows float32."""


def target_variance(y: np.ndarray) -> np.ndarray:
    """The variance of targets ``(sample, target)``, float64 ``(target,)``: squared errors are measured in it.

    Raises:
        DataError: All samples have the same target, of which no part can be explained.
    """
    variance = y.var(axis=0)
    if not (variance > 0).all():
        raise DataError("all of these samples have the same target", hint="choose more samples, or another split")
    return variance


def has_diverged(activations: np.ndarray) -> bool:
    """Whether activations, float ``(sample, ...)``, hold NaN or infinity, or are too large for any measure of them."""
    return not np.abs(activations).max() <= LARGEST  # of NaN, too


@dataclass(frozen=True)
class Spread:
    """The activations of a layer as a whole.

    Attributes:
        mean: Mean over samples and units.
        std: Standard deviation over samples and units.
        sparsity: Share of activations that are exactly 0, in [0, 1].
        constant: Share of constant units, see `is_constant`, in [0, 1].
        saturated: Share of saturated units, whose output is within 5% of an end of the activation function's range for
            at least 95% of the samples, in [0, 1]; None for functions without a bounded range.
    """

    mean: float
    std: float
    sparsity: float
    constant: float
    saturated: float | None


def spread(h: np.ndarray, *, activation: str = "linear") -> Spread:
    """Describe the activations of a layer as a whole.

    Args:
        h: float32 ``(sample, unit)``, finite, at least one of each.
        activation: Name of the activation function whose output they are.

    Source:
        Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks",
        section 3 (saturation of units, here as a share).
    """
    ends = SATURATED_AT.get(activation)
    saturated = None
    if ends is not None:
        share = ((h <= ends[0]) | (h >= ends[1])).mean(axis=0)
        saturated = float((share >= SATURATED_SHARE).mean())
    return Spread(
        mean=float(h.mean(dtype=np.float64)),
        std=float(h.std(dtype=np.float64)),
        sparsity=float((h == 0).mean()),
        constant=float(is_constant(h.min(axis=0), h.max(axis=0)).mean()),
        saturated=saturated,
    )


def is_dead(largest: np.ndarray) -> np.ndarray:
    """Which units are dead: they never fire, their output is at most 0 for every sample.

    Args:
        largest: ``(unit,)``, the largest output of each unit over all samples.

    Returns:
        bool ``(unit,)``.
    """
    return largest <= 0


@np.errstate(invalid="ignore")  # infinity less infinity, if a model has diverged
def is_constant(smallest: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """Which units are constant: they give the same output for every sample, up to 1e-6 of its size.

    Args:
        smallest: ``(unit,)``, the smallest output of each unit over all samples.
        largest: ``(unit,)``, the largest.

    Returns:
        bool ``(unit,)``. A ReLU unit that never fires is constant as well; a linear unit below 0 is only dead.
    """
    size = np.maximum(np.abs(smallest), np.abs(largest)).astype(np.float64)
    return largest.astype(np.float64) - smallest <= 1e-6 * size


def effective_rank(h: np.ndarray) -> float | None:
    """How many directions the activations of a layer use: exp of the entropy of their singular values' shares.

    Args:
        h: float32 ``(sample, unit)``, finite; each unit is centered first, or its mean would count as a direction.

    Returns:
        From 1 to the smaller number of samples and units; None if all activations are constant.

    Source:
        Roy and Vetterli 2007, "The effective rank: a measure of effective dimensionality" (its definition).
    """
    centered = h - h.mean(axis=0, dtype=np.float64)
    # in float64: squaring costs half of the digits, and hundreds of tiny singular values add up
    gram = centered.T @ centered if centered.shape[1] <= len(centered) else centered @ centered.T
    eigenvalues = np.linalg.eigvalsh(gram)
    # below this an eigenvalue is rounding
    eigenvalues = eigenvalues[eigenvalues > eigenvalues[-1] * len(eigenvalues) * np.finfo(np.float64).eps]
    singular = np.sqrt(eigenvalues)
    if not singular.size or not singular.sum() > 0:
        return None
    shares = singular / singular.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def separation(h: np.ndarray, labels: np.ndarray) -> float | None:
    """How well a layer separates the classes: variance between their means over variance within them (traces).

    Args:
        h: float32 ``(sample, unit)``, finite.
        labels: int64 ``(sample,)``.

    Returns:
        0 if all classes have the same mean, 1 if both variances are equal; None if nothing varies within a class.

    Source:
        Fisher 1936, "The use of multiple measurements in taxonomic problems"; as tr(S_b) / tr(S_w) in Fukunaga 1990,
        "Introduction to Statistical Pattern Recognition", section 10.2.
    """
    names, member = np.unique(labels, return_inverse=True)
    counts = np.bincount(member, minlength=len(names))
    centered = h - h.mean(axis=0, dtype=np.float64)
    means = one_hot(member, len(names)).T @ centered
    means /= counts[:, None]  # in place, as the square: of 10,000 units and 1,500 classes a copy takes 120 MB
    between = float((counts * np.square(means, out=means).sum(axis=1)).sum())
    within = float(np.vdot(centered, centered)) - between  # the total variance is the sum of both
    return between / within if within > 1e-12 * between else None
