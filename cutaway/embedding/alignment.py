"""Two layouts of the same samples, laid over each other: who kept its neighbors, and who moved."""

import numpy as np

from cutaway.checks import check_matrix
from cutaway.errors import DataError, UsageError
from cutaway.parallel.ranges import in_threads, ranges

# Neighbors by which two layers or epochs are compared: as many as trust is measured by.
NEAREST = 15
# A neighborhood did not change when at least this share of it is there again: 12 of 15.
KEPT = 0.8
# With fewer samples to hold on to, all are aligned: a turn and a shift, fitted to a handful, would follow its noise.
LEAST_ROWS = 10
# Rows that a thread compares at a time: 1024 x 15 x 90 comparisons take 1.4 MB.
ROWS = 1024


def neighborhood(samples: int) -> int:
    """How many nearest neighbors are compared: 15, or a quarter of few samples, so that chance keeps few of them."""
    return max(1, min(NEAREST, samples // 4))


def shared_neighbors(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Measure which share of each sample's neighbors are its neighbors again.

    Args:
        before: int32 (n, k), row numbers, no row number twice in a row.
        after: int32 (n, k), of the same samples.

    Returns:
        float32 (n,), 0..1.

    Raises:
        DataError: They are not of the same shape.
    """
    if before.shape != after.shape or before.ndim != 2 or before.shape[1] == 0:
        raise DataError(
            "neighbors are compared one for one, (sample, k) with (sample, k)",
            got=f"the shapes {before.shape} and {after.shape}",
            hint="take as many neighbors of the same samples",
        )
    return (count_shared(before, after) / before.shape[1]).astype(np.float32)


def count_shared(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Count how many of each sample's neighbors are among some other ones of it.

    Args:
        some: int32 (n, k), row numbers, no row number twice in a row.
        others: int32 (n, m), of the same samples.

    Returns:
        int64 (n,), 0..k.
    """
    shared = np.empty(len(some), np.int64)

    def count(low: int, high: int) -> None:
        shared[low:high] = (some[low:high, :, None] == others[low:high, None, :]).any(axis=2).sum(axis=1)

    for _ in in_threads(count, ranges(len(some), ROWS)):
        pass
    return shared


def aligned_rows(kept: np.ndarray) -> np.ndarray:
    """Choose the samples by which two layouts are aligned: who kept its neighbors, or all where these are too few.

    Args:
        kept: float32 (n,), of `shared_neighbors`.

    Returns:
        bool (n,).
    """
    rows = kept >= KEPT
    return rows if np.count_nonzero(rows) >= LEAST_ROWS else np.ones(len(kept), bool)


def procrustes(xy: np.ndarray, onto: np.ndarray, *, rows: np.ndarray | None = None) -> np.ndarray:
    """Turn, mirror and shift a layout so that it lies on another one as well as it can; its size stays.

    Args:
        xy: Real numbers (n, 2), finite, the layout to move.
        onto: Real numbers (n, 2), finite, where to.
        rows: bool (n,), by which samples the fit is judged; None for all. At least one.

    Returns:
        float32 (n, 2), all samples moved alike.

    Raises:
        DataError: They are no layouts of the same samples.
        UsageError: ``rows`` chooses none of them.

    Source: Schönemann 1966, "A generalized solution of the orthogonal Procrustes problem", equation 1.7.
    """
    xy, onto = _pair(xy, onto)
    chosen = np.ones(len(xy), bool) if rows is None else np.asarray(rows, bool)
    if chosen.shape != (len(xy),) or not chosen.any():
        raise UsageError(
            "a layout is aligned by at least one of its samples, chosen by one truth value a sample",
            got=f"{int(chosen.sum())} chosen, the shape {chosen.shape} for {len(xy)} samples",
            hint="choose samples that kept their neighbors, or pass rows=None for all",
        )
    here, there = xy[chosen].mean(axis=0), onto[chosen].mean(axis=0)
    left, _, right = np.linalg.svd((xy[chosen] - here).T @ (onto[chosen] - there))
    return ((xy - here) @ (left @ right) + there).astype(np.float32)


def drift(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Measure how far each sample moved, in units of the first layout's radius (root mean square from its mean).

    Args:
        before: Real numbers (n, 2), finite, not all one point.
        after: Real numbers (n, 2), finite, aligned with it.

    Returns:
        float32 (n,), from 0 up; a sample that crosses the picture moves by about 3.

    Raises:
        DataError: They are no layouts of the same samples, or the first has no extent.
    """
    before, after = _pair(before, after)
    radius = float(np.sqrt(np.square(before - before.mean(axis=0)).sum(axis=1).mean()))
    if radius == 0:
        raise DataError(
            "drift is measured by the radius of the layout before",
            got="a layout with all samples at one place",
            hint="compare layouts whose samples lie apart",
        )
    return (np.hypot(*(after - before).T) / radius).astype(np.float32)


def _pair(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    check_matrix(one, name="coordinates")
    check_matrix(other, name="coordinates")
    if np.shape(one) != np.shape(other) or np.shape(one)[1] != 2:
        raise DataError(
            "two layouts have two coordinates for each of the same samples",
            got=f"the shapes {np.shape(one)} and {np.shape(other)}",
            hint="embed the same samples twice",
        )
    return np.asarray(one, np.float64), np.asarray(other, np.float64)
