"""Principal components."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.checks import check_matrix, check_whole
from cutaway.parallel.ranges import in_threads, ranges, single_products

# Rows that a thread centers and multiplies at a time: 4 MB in float32 at 512 columns.
PIECE = 2048
# Rows whose median stands for the middle of all: where one row lies far out, the mean is far from every other one, and
# what these differ by would be lost in the distance to it.
MIDDLE = 256
# A scatter matrix of more multiplications than these is made in float32, twice as fast; below, float64 takes 0.1 s.
DOUBLE = 2e9


def pca(h: np.ndarray, components: int) -> np.ndarray:
    """Scores of the principal components, the widest first.

    The sign is fixed: in each component the column of the largest weight counts positively.

    Args:
        h: float32 (sample, unit), finite.
        components: How many to return, from 1 to the number of columns.

    Returns:
        float32 (sample, components), centered on 0; a component beyond the rank of ``h`` is 0 up to rounding.

    Raises:
        DataError: ``h`` is no matrix of finite numbers.
        UsageError: ``components`` is outside its range.
    """
    h = check_matrix(h, name="activations")
    components = check_whole(components, name="components", least=1, most=h.shape[1])
    return principal_scores(h, components).astype(np.float32)


def principal_scores(h: np.ndarray, components: int) -> np.ndarray:
    """Do the work of `pca` on checked arguments and return float64, which keeps spreads that float32 would lose.

    Large matrices are multiplied in float32, block by block, and added up in float64; that costs the scores about 1e-5
    of the widest spread.
    """
    centered = Centered.of(h)
    return centered.project(centered.principal(components)) / centered.scale


def with_fixed_sign(weights: np.ndarray) -> np.ndarray:
    """Turn each column of weights (unit, component) so that its largest entry is positive."""
    leading = np.abs(weights).argmax(axis=0)
    return weights * np.where(weights[leading, np.arange(weights.shape[1])] < 0, -1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Centered:
    """A matrix as seen from its middle, at a scale where squares stay in range, block by block.

    Attributes:
        h: float32 (sample, unit).
        near: float32 (unit,), a middle near most rows.
        rest: float64 (unit,), the mean as seen from there, times ``scale``.
        scale: A power of two, which scales without rounding; the largest entry comes between 0.5 and 1.
        kind: The type that blocks are multiplied in.
    """

    h: np.ndarray
    near: np.ndarray
    rest: np.ndarray
    scale: float
    kind: Any

    @classmethod
    def of(cls, h: np.ndarray) -> "Centered":
        """Measure middle, mean and scale of a checked matrix."""
        mean = h.mean(axis=0, dtype=np.float64)
        near = np.median(h[:: -(-len(h) // MIDDLE)], axis=0).astype(np.float32)
        widest = float(np.maximum(np.float64(h.max(axis=0)) - near, near - np.float64(h.min(axis=0))).max())
        scale = 2.0 ** -max(int(np.frexp(widest)[1]), -126)
        kind = np.float32 if len(h) * h.shape[1] ** 2 > DOUBLE else np.float64
        return cls(h, near, (mean - near) * scale, scale, kind)

    def block(self, start: int, stop: int) -> np.ndarray:
        """The rows from ``start`` to ``stop``, less ``near``, times ``scale``."""
        block = np.subtract(self.h[start:stop], self.near, dtype=self.kind)
        return np.multiply(block, self.kind(self.scale), out=block)

    def scatter(self) -> np.ndarray:
        """Sum of the outer products of the rows, float64 (unit, unit), times ``scale`` squared."""

        def product(start: int, stop: int) -> np.ndarray:
            block = self.block(start, stop)
            return block.T @ block

        scatter = -len(self.h) * np.outer(self.rest, self.rest)
        for _, part in in_threads(product, ranges(len(self.h), PIECE), products=True):
            scatter += part
        return scatter

    def principal(self, count: int) -> np.ndarray:
        """The ``count`` directions of largest spread, float64 (unit, count), the widest first, their signs fixed."""
        scatter = self.scatter()
        # On one thread: those of BLAS spin for 50 ms after their work, on the cores that the search needs next. All of
        # them: LAPACK's driver for some (syevr) takes two thirds of the time, and returned 43 of 64 wanted directions
        # where 500 eigenvalues were equal.
        with single_products():
            _, vectors = np.linalg.eigh(scatter)
        return with_fixed_sign(vectors[:, ::-1][:, :count])

    def project(self, weights: np.ndarray, *, origin: str = "mean") -> np.ndarray:
        """Products of the rows with weights (unit, component), (sample, component), times ``scale``.

        Args:
            weights: float64 (unit, component).
            origin: "mean", float64, or "near", of type ``kind``, for scores that keep the digits of small differences.
        """
        factors = weights.astype(self.kind)
        scores = np.empty((len(self.h), weights.shape[1]), self.kind)

        def part(start: int, stop: int) -> None:
            scores[start:stop] = self.block(start, stop) @ factors

        for _ in in_threads(part, ranges(len(self.h), PIECE), products=True):
            pass
        return scores - self.rest @ weights if origin == "mean" else scores
