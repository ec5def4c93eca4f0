"""Exact nearest neighbors of points among themselves."""

import numpy as np

from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .records import Neighbors
from .search_index import search_index


def nearest_neighbors(points: np.ndarray, k: int, *, on_progress: ProgressCallback = ignore_progress) -> Neighbors:
    """Find the ``k`` nearest other points of each point, exactly.

    The points are divided into cells of nearby points. For two cells, the projection on the line through their means
    bounds every distance between them from below, so most pairs of cells can be skipped; the others are multiplied in
    float32, and distances near the k-th smallest are measured again in float64. In the worst case, points without any
    structure in many columns, nothing is skipped and time is quadratic; on a trained layer it grows as about the power
    1.3. The result is always exact, and the same on every run and for any number of threads. Rows that occur more than
    k times are handled first: they are their own neighbors.

    Args:
        points: float32 (n, d), finite, within ±1e18, or ±9e18 / sqrt(d) if that is less; other real types are
            converted.
        k: From 1 to n - 1.
        on_progress: Called with the number of points done.

    Raises:
        DataError: ``points`` is not a matrix of finite numbers in that range, or has fewer than 2 rows.
        UsageError: ``k`` is outside its range.

    Source: Hjaltason and Samet 2003, section 4.2 (the bound, from two pivots; here with its minimum over a cell).
    """
    index = search_index(points, k)
    on_progress(Progress("neighbors", 0, len(index.names), "samples"))
    return index.search(None, on_progress=on_progress)
