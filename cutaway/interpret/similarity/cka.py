"""How similar two layers, or one layer at two epochs, are: linear CKA."""

from collections.abc import Mapping

import numpy as np

from cutaway.interpret.measures import has_diverged
from cutaway.parallel import WorkerPool

BLOCK_SAMPLES = 512
"""Samples that are compared with all others at a time: 20 MB of products with 10,000 samples."""


def linear_cka(first: np.ndarray, second: np.ndarray) -> float | None:
    """Linear centered kernel alignment of two sets of activations of the same samples.

    It does not change when units are rotated, mirrored, reordered or all scaled by one factor. With few samples per
    unit it is biased toward 1: take at least ten times as many samples as units to read small differences.

    Args:
        first: float32 ``(sample, unit)``, finite.
        second: float32 ``(sample, other unit)``, finite.

    Returns:
        From 0 to 1, where 1 means equal; None where one of them is constant.

    Source:
        Kornblith, Norouzi, Lee, Hinton 2019, "Similarity of neural network representations revisited": linear CKA as
        |Y'X|^2 / (|X'X| |Y'Y|).
    """
    return cka(CenteredActivations.of(first), CenteredActivations.of(second))


class CenteredActivations:
    """CenteredActivations activations and the Frobenius norm of their products, which several comparisons share.

    Attributes:
        h: float32 ``(sample, unit)``, every unit's mean subtracted, scaled to a root mean square of 1.
        norm: The norm of ``h'h``; 0 where all is constant.
    """

    def __init__(self, h: np.ndarray, norm: float) -> None:
        self.h, self.norm = h, norm

    @classmethod
    def of(cls, h: np.ndarray) -> "CenteredActivations":
        """Center activations, float32 ``(sample, unit)``."""
        centered = h - h.mean(axis=0, dtype=np.float64)
        size = float(np.sqrt(np.vdot(centered, centered) / centered.size))
        # only rounding remains of a constant
        if size <= 1e-6 * float(np.abs(h).max(initial=0)):
            return cls(np.zeros_like(h), 0.0)
        # a scale of 1 keeps products of tiny or huge activations inside float32
        scaled = np.divide(centered, size, out=np.empty_like(h), casting="same_kind")
        return cls(scaled, float(np.sqrt(_alignment(scaled, scaled))))


def center_all(outputs: Mapping[str, np.ndarray], pool: WorkerPool) -> dict[str, CenteredActivations | None]:
    """Center the outputs of layers, float32 ``(sample, ...)``; None for a layer of a model that has diverged."""

    def center(output: np.ndarray) -> CenteredActivations | None:
        return None if has_diverged(output) else CenteredActivations.of(output.reshape(len(output), -1))

    return dict(zip(outputs, pool.map(center, outputs.values()), strict=True))


def cka(first: CenteredActivations | None, second: CenteredActivations | None) -> float | None:
    """`linear_cka` of activations that are centered already; None where one of them is None or constant."""
    if first is None or second is None or first.norm == 0 or second.norm == 0:
        return None
    if first is second:
        return 1.0
    return min(1.0, _alignment(first.h, second.h) / (first.norm * second.norm))


def _alignment(first: np.ndarray, second: np.ndarray) -> float:
    """The squared Frobenius norm of ``first' second``, by units or by samples, whichever takes fewer products."""
    samples, units, others = len(first), first.shape[1], second.shape[1]
    if units * others <= samples * (units + others):
        return _dot(product := second.T @ first, product)
    # the same number from sample-by-sample matrices, some rows at a time: unit-by-unit matrices would not fit in memory
    size = BLOCK_SAMPLES
    return sum(_dot(first[i : i + size] @ first.T, second[i : i + size] @ second.T) for i in range(0, samples, size))


def _dot(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.vdot(first.astype(np.float64), second.astype(np.float64)))
