# pyright: basic
# matrices of SciPy have no types
"""Neighbors of samples whose distances alone are known."""

from typing import Any

import numpy as np

from cutaway.errors import DataError
from cutaway.neighbors import Neighbors

MOST_NEAREST = 1000
"""Nearest others that are taken from a matrix of all distances: enough for a perplexity of 333."""

ROUNDING = 1e-3
"""Two directions may differ by this share of the largest distance: float32 products of rows far from 0 do."""

BLOCK_BYTES = 2**27
"""Bytes of a dense matrix of distances that are sorted at a time."""


def nearest_of_distances(matrix: Any) -> Neighbors:
    """The nearest others of each sample by a matrix of distances, the nearest first and equally near ones by number.

    Raises:
        DataError: It is not square, a distance is below 0, a row holds several to one sample, or rows hold different
            numbers of them.
    """
    n, columns = matrix.shape
    if n != columns:
        raise DataError(
            f"precomputed distances must have the shape (sample, sample), not {matrix.shape}",
            hint="pass the distances between all samples, or those to the nearest others of each",
        )
    is_dense = isinstance(matrix, np.ndarray)
    if (lowest := (matrix if is_dense else matrix.data).min(initial=0)) < 0:
        raise DataError(f"distances must be 0 or more, not {lowest:g}", hint="pass distances, not similarities")
    if is_dense:
        if (itself := np.diagonal(matrix)).any():
            row = int(np.flatnonzero(itself)[0])
            raise DataError(
                f"the distance of a sample to itself is {itself[row]:g} in row {row}, not 0",
                hint="pass distances, not similarities",
            )
        _check_symmetric(matrix)
        return _nearest_of_all(matrix)
    rows = np.repeat(np.arange(n), np.diff(matrix.indptr))
    others = rows != matrix.indices
    rows, index, distance = rows[others], matrix.indices[others], matrix.data[others]
    counts = np.bincount(rows, minlength=n)
    if counts.min() != counts.max():
        raise DataError(
            f"rows of precomputed neighbors have different numbers of distances: {counts.min()} in row "
            f"{int(counts.argmin())} and {counts.max()} in row {int(counts.argmax())}",
            hint='make the matrix with kneighbors_graph(X, k, mode="distance"), do not make it symmetric, and keep '
            "distances of 0",
        )
    if len(distance) and distance.min() == distance.max() > 0:
        raise DataError(
            f"the distance is {distance[0]:g} for all pairs, which tells no near sample from a far one",
            hint='pass kneighbors_graph(X, k, mode="distance"), not mode="connectivity"',
        )
    places = np.sort(n * rows + index)
    if (again := places[1:] == places[:-1]).any():
        row, other = divmod(places[1:][again][0], n)
        raise DataError(
            f"row {row} of precomputed neighbors has several distances to sample {other}", hint="keep one of them"
        )
    order = np.lexsort((index, distance, rows))
    shape = (n, int(counts[0]))
    return Neighbors(*(each[order].reshape(shape) for each in (index.astype(np.int32), _squared(distance))))


def _check_symmetric(matrix: np.ndarray) -> None:
    """Refuse distances that depend on the direction, by more than they are rounded.

    Raises:
        DataError: They do.
    """
    n, largest = len(matrix), float(matrix.max())
    step = max(1, BLOCK_BYTES // (8 * n))
    for first in range(0, n, step):
        apart = np.abs(matrix[first : first + step] - matrix[:, first : first + step].T)
        if (worst := float(apart.max())) > ROUNDING * largest:
            row, other = (int(each) for each in np.unravel_index(apart.argmax(), apart.shape))
            raise DataError(
                f"the distances there and back differ by {worst:g} between rows {first + row} and {other}",
                hint="pass (distances + distances.T) / 2, if that is what they mean",
            )


def _nearest_of_all(matrix: np.ndarray) -> Neighbors:
    n = len(matrix)
    k, step = min(n - 1, MOST_NEAREST), max(1, BLOCK_BYTES // (8 * n))
    index, squared = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    for first in range(0, n, step):
        block = np.array(matrix[first : first + step], np.float64)
        block[np.arange(len(block)), first + np.arange(len(block))] = np.inf
        order = np.argsort(block, axis=1, kind="stable")[:, :k]
        index[first : first + step] = order
        squared[first : first + step] = _squared(np.take_along_axis(block, order, axis=1))
    return Neighbors(index, squared)


def _squared(distance: np.ndarray) -> np.ndarray:
    """Squares in float32, in units of the largest distance: affinities do not depend on the unit."""
    largest = float(distance.max(initial=0)) or 1.0
    return np.square(distance / largest, dtype=np.float64).astype(np.float32)
