"""Principal components."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.checks import check_matrix, check_whole
from cutaway.errors import DataError
from cutaway.parallel import map_ranges, ranges, run_ranges, single_threaded_blas

from .lanczos import SEED, leading_eigenvectors

# Rows that a thread centers and multiplies at a time: 4 MB in float32 at 512 columns.
ROWS_PER_RANGE = 2048
# The origin is the median of this many rows: if one row is a far outlier, the mean is far from every other row, and
# their differences would be lost in the distance to it.
ORIGIN_ROWS = 256
# With more columns, a scatter matrix and all its eigenvectors take more than 10 s and 100 MB: 40 s at 3,072, and ten
# minutes and 2.4 GB at 12,288. Then only the leading directions are computed, from products with the rows.
MOST_COLUMNS = 2048
# The most leading components.
MOST_LEADING = 128
# Values of such wide rows that a thread multiplies at a time: 16 MB in float32.
VALUES_PER_RANGE = 2**22
# A scatter matrix that takes more multiplications is made in float32, twice as fast; below, float64 takes 0.1 s.
FLOAT64_MULTIPLICATIONS = 2e9
# New rows must lie within this many standard deviations: their squares then stay in float32.
MAX_DEVIATIONS = 1e15


def pca(h: np.ndarray, components: int) -> np.ndarray:
    """Compute the scores of the principal components, largest variance first.

    The sign is fixed: in each component the column with the largest weight counts positively.

    Args:
        h: float32 (sample, unit), finite.
        components: How many to return, from 1 to the number of columns.

    Returns:
        float32 (sample, components), centered on 0; components beyond the rank of ``h`` are 0 up to rounding.

    Raises:
        DataError: ``h`` is not a matrix of finite numbers.
        UsageError: ``components`` is outside its range.
    """
    h = check_matrix(h, name="activations")
    components = check_whole(components, name="components", least=1, most=h.shape[1])
    return principal_scores(h, components).astype(np.float32)


def principal_scores(h: np.ndarray, components: int) -> np.ndarray:
    """Do the work of `pca` on checked arguments and return float64, which keeps variances that float32 would lose.

    Large matrices are multiplied in float32, block by block, and summed in float64; that changes the scores by about
    1e-5 of the largest standard deviation. See `CenteredMatrix.principal_directions` for more than 2,048 columns.
    """
    centered = CenteredMatrix.of(h)
    return centered.project(centered.principal_directions(components)) / centered.scale


def with_fixed_sign(weights: np.ndarray) -> np.ndarray:
    """Flip columns of weights (unit, component) to make the largest entry of each positive."""
    leading = np.abs(weights).argmax(axis=0)
    return weights * np.where(weights[leading, np.arange(weights.shape[1])] < 0, -1.0, 1.0)


@dataclass(frozen=True, eq=False)
class CenteredMatrix:
    """A matrix shifted near its middle and scaled to keep squares in range, computed block by block.

    Attributes:
        h: float32 (sample, unit).
        origin: float32 (unit,), a point near most rows, which becomes 0.
        mean: float64 (unit,), the mean as seen from the origin, times ``scale``.
        scale: A power of two, which scales without rounding; the largest entry becomes 0.5 to 1.
        dtype: The type for multiplying blocks.
    """

    h: np.ndarray
    origin: np.ndarray
    mean: np.ndarray
    scale: float
    dtype: Any

    @classmethod
    def of(cls, h: np.ndarray) -> "CenteredMatrix":
        """Measure origin, mean and scale of a checked matrix."""
        mean = h.mean(axis=0, dtype=np.float64)
        origin = np.median(h[:: -(-len(h) // ORIGIN_ROWS)], axis=0).astype(np.float32)
        largest = float(np.maximum(np.float64(h.max(axis=0)) - origin, origin - np.float64(h.min(axis=0))).max())
        scale = 2.0 ** -max(int(np.frexp(largest)[1]), -126)
        dtype = np.float32 if len(h) * h.shape[1] ** 2 > FLOAT64_MULTIPLICATIONS else np.float64
        return cls(h, origin, (mean - origin) * scale, scale, dtype)

    def block(self, start: int, stop: int) -> np.ndarray:
        """The rows from ``start`` to ``stop``, less ``origin``, times ``scale``."""
        return self._transformed(self.h[start:stop])

    def rows(self, rows: np.ndarray) -> np.ndarray:
        """The rows with these numbers, less ``origin``, times ``scale``."""
        return self._transformed(self.h[rows])

    def _transformed(self, rows: np.ndarray) -> np.ndarray:
        block = np.subtract(rows, self.origin, dtype=self.dtype)
        return np.multiply(block, self.dtype(self.scale), out=block)

    def scatter(self) -> np.ndarray:
        """Sum of the outer products of the centered rows, float64 (unit, unit), times ``scale`` squared."""

        def product(start: int, stop: int) -> np.ndarray:
            block = self.block(start, stop)
            return block.T @ block

        scatter = -len(self.h) * np.outer(self.mean, self.mean)
        for _, part in map_ranges(product, self._ranges(), single_blas=True):
            scatter += part
        return scatter

    def _ranges(self) -> list[tuple[int, int]]:
        """The rows that are multiplied at a time."""
        columns = self.h.shape[1]
        return ranges(len(self.h), ROWS_PER_RANGE if columns <= MOST_COLUMNS else max(1, VALUES_PER_RANGE // columns))

    def principal_directions(self, count: int) -> np.ndarray:
        """The ``count`` directions of largest variance, float64 (unit, count), largest first, with fixed signs.

        Above 2,048 columns, the 128 leading ones at most come from the products of up to 2,048 rows with each
        other, which is exact, and of more rows from `leading_eigenvectors`: the variance in each direction is then
        within 1% of the exact one, or 1e-6 of the largest. 10,000 rows of 12,288 columns take seconds.
        """
        samples, columns = self.h.shape
        if columns <= MOST_COLUMNS or count > MOST_LEADING:
            return with_fixed_sign(self._all_directions()[:, :count])
        with single_threaded_blas():
            if samples <= MOST_COLUMNS:
                return with_fixed_sign(self._directions_of_few_rows(count))
            return with_fixed_sign(leading_eigenvectors(self._scattered, columns, count))

    def _all_directions(self) -> np.ndarray:
        scatter = self.scatter()
        # All eigenvectors: LAPACK's driver for some of them (syevr) takes two thirds of the time, but returned 43 of 64
        # wanted directions where 500 eigenvalues were equal.
        with single_threaded_blas():
            _, vectors = np.linalg.eigh(scatter)
        return vectors[:, ::-1]

    def _directions_of_few_rows(self, count: int) -> np.ndarray:
        """The directions from the eigenvectors of the products of all rows with each other, in float64."""
        samples, columns = self.h.shape
        parts = ranges(columns, max(1, VALUES_PER_RANGE // samples))

        def centered(start: int, stop: int) -> np.ndarray:
            part = np.subtract(self.h[:, start:stop], self.origin[start:stop], dtype=np.float64)
            return part * self.scale - self.mean[start:stop]

        def product(start: int, stop: int) -> np.ndarray:
            part = centered(start, stop)
            return part @ part.T

        products = np.zeros((samples, samples))
        for _, part in map_ranges(product, parts, single_blas=True):
            products += part
        leading = np.linalg.eigh(products)[1][:, ::-1][:, :count]
        # beyond the rank of the rows any directions will do that are orthogonal to the others
        directions = np.random.default_rng(SEED).standard_normal((columns, count))
        for start, stop in parts:
            directions[start:stop, : leading.shape[1]] = centered(start, stop).T @ leading
        return np.linalg.qr(directions)[0]

    def _scattered(self, directions: np.ndarray) -> np.ndarray:
        """Multiply the scatter matrix, which is not made, by directions (unit, some): float64 of the same shape."""
        factors, means = directions.astype(self.dtype), (self.mean @ directions).astype(self.dtype)

        def product(start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
            block = self.block(start, stop)
            scores = block @ factors - means
            return block.T @ scores, scores.sum(axis=0, dtype=np.float64)

        found, totals = np.zeros(directions.shape), np.zeros(directions.shape[1])
        for _, (part, total) in map_ranges(product, self._ranges(), single_blas=True):
            found += part
            totals += total
        return found - np.outer(self.mean, totals)

    def project(self, weights: np.ndarray, *, center: bool = True) -> np.ndarray:
        """Multiply the rows by weights (unit, component): (sample, component), times ``scale``.

        Args:
            weights: float64 (unit, component).
            center: Whether to center on the mean, in float64; otherwise on ``origin``, in ``dtype``, which keeps the
                digits of small differences.
        """
        factors = weights.astype(self.dtype)
        scores = np.empty((len(self.h), weights.shape[1]), self.dtype)

        def multiply(start: int, stop: int) -> None:
            scores[start:stop] = self.block(start, stop) @ factors

        run_ranges(multiply, self._ranges(), single_blas=True)
        return scores - self.mean @ weights if center else scores


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """Principal components as a map that takes further rows.

    Attributes:
        origin: float64 (unit,), where all scores are 0, near most rows.
        weights: float64 (unit, component), orthonormal columns.
        deviation: Standard deviation of the first component, which becomes 1.
    """

    origin: np.ndarray
    weights: np.ndarray
    deviation: float

    def __call__(self, h: np.ndarray) -> np.ndarray:
        """Project checked rows to float32 (sample, component).

        Raises:
            DataError: A row is so far away that squared distances would leave float32.
        """
        scores = (h - self.origin) @ self.weights / self.deviation
        farthest = np.abs(scores).max(axis=1)
        if farthest.max() > MAX_DEVIATIONS:
            row = int(farthest.argmax())
            raise DataError(
                f"sample {row} is {farthest[row]:.3g} standard deviations away from the samples of the layout",
                hint="leave this sample out, or check how its activations were computed",
            )
        return np.ascontiguousarray(scores, dtype=np.float32)


def principal_points(h: np.ndarray, components: int) -> tuple[PrincipalComponents, np.ndarray]:
    """Fit the components of checked activations and return them with the scores, float32 (sample, component).

    t-SNE does not depend on scale and origin, but float32 distances do: the first component gets a standard deviation
    of 1, and all are 0 near most rows, which need not be true of the mean.
    """
    centered = CenteredMatrix.of(h)
    weights = centered.principal_directions(components)
    scores = centered.project(weights, center=False)
    deviation = float(scores[:, 0].std(dtype=np.float64))
    scores /= scores.dtype.type(deviation)
    fitted = PrincipalComponents(centered.origin.astype(np.float64), weights, deviation / centered.scale)
    return fitted, np.ascontiguousarray(scores, dtype=np.float32)
