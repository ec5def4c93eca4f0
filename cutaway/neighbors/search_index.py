"""Points as they are searched: checked, scaled by a power of two, without rows that need no search, in cells."""

from dataclasses import dataclass

import numpy as np

from cutaway.checks import check_matrix, check_whole
from cutaway.errors import DataError
from cutaway.progress import ProgressCallback

from .duplicates import Duplicates
from .nearest_cells import NearestCells
from .partition import Partition
from .records import Neighbors

# Squared distances of points beyond this leave float32; sums over more than 81 columns do so a little earlier.
LARGEST = 1e18
LARGEST_NORM = 9e18


@dataclass(frozen=True, eq=False)
class SearchIndex:
    """Points among which neighbors are searched.

    Attributes:
        partition: The points, scaled to a largest coordinate of 0.5 to 1.
        names: int64 (n,), the caller's row number of each.
        scale: Factor that turns their squared distances into the caller's.
        duplicates: Rows that are answered without a search.
        found: Where neighbors are written.
    """

    partition: Partition
    names: np.ndarray
    scale: float
    duplicates: Duplicates
    found: Neighbors

    def search(self, near: NearestCells | None, *, on_progress: ProgressCallback) -> Neighbors:
        """Search the neighbors of each point in all cells, or in those near it."""
        self.partition.search(near, self.names, self.found, scale=self.scale, on_progress=on_progress)
        self.duplicates.answer(self.found)
        return self.found


def search_index(points: np.ndarray, k: int) -> SearchIndex:
    """Check, scale and divide points.

    Args:
        points: float32 (n, d), finite, within ±1e18, or ±9e18 / sqrt(d) if that is less; other real types are
            converted.
        k: From 1 to n - 1.

    Raises:
        DataError: ``points`` is not a matrix of finite numbers in that range, or has fewer than 2 rows.
        UsageError: ``k`` is outside its range.
    """
    points = check_matrix(points, name="points")
    if len(points) < 2:
        raise DataError("neighbors need at least 2 points, got 1")
    k = check_whole(k, name="k", least=1, most=len(points) - 1)
    largest = max(float(points.max()), -float(points.min()))
    limit = min(LARGEST, LARGEST_NORM / points.shape[1] ** 0.5)
    if largest > limit:
        raise DataError(
            f"points must be within ±{limit:g}, got {largest:g}: squared distances would overflow float32",
            hint="divide the points by their standard deviation, which changes no neighbors",
        )
    # A power of two scales without rounding, except values 1e-38 of the largest; products of tiny values would become 0
    # in float32.
    exponent = int(np.frexp(largest)[1])
    scaled = np.ldexp(points, -exponent, order="C")
    duplicates = Duplicates.of(scaled, k)
    needed = duplicates.needed
    partition = Partition.of(scaled if needed is None else scaled[needed])
    names = partition.order if needed is None else needed[partition.order]
    found = Neighbors(np.empty((len(points), k), np.int32), np.empty((len(points), k), np.float32))
    return SearchIndex(partition, names, 2.0 ** (2 * exponent), duplicates, found)
