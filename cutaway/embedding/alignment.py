"""Two layouts of the same samples: which neighbors are preserved, aligning the layouts, and who moved."""

import numpy as np

from cutaway.checks import check_matrix
from cutaway.errors import DataError, UsageError
from cutaway.parallel import ranges, run_ranges

# Number of neighbors for comparing two layers or epochs: as for measuring quality.
MOST_NEIGHBORS = 15
# The neighborhood of a sample is preserved if at least this share of its neighbors are its neighbors again: 12 of 15.
PRESERVED = 0.8
# With fewer preserved samples, layouts are aligned by all: a rotation fitted to a handful would follow their noise.
MIN_ALIGNED = 10
# Rows that a thread compares at a time: 1024 x 15 x 90 comparisons take 1.4 MB.
ROWS_PER_RANGE = 1024


def neighborhood(samples: int) -> int:
    """Number of neighbors to compare: 15, or a quarter of the samples if fewer. Then few are preserved by chance."""
    return max(1, min(MOST_NEIGHBORS, samples // 4))


def shared_neighbors(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Compute the share of each sample's neighbors that are its neighbors again.

    Args:
        before: int32 (n, k), row numbers of neighbors, each once.
        after: int32 (n, k), of the same samples.

    Returns:
        float32 (n,), 0..1.

    Raises:
        DataError: The shapes differ.
    """
    if before.shape != after.shape or before.ndim != 2 or before.shape[1] == 0:
        raise DataError(
            f"neighbors must have the same shape (sample, k), got {before.shape} and {after.shape}",
            hint="pass as many neighbors of the same samples",
        )
    return (count_shared(before, after) / before.shape[1]).astype(np.float32)


def count_shared(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Count how many of some neighbors of each sample are among its other neighbors.

    Args:
        some: int32 (n, k), row numbers of neighbors, each once.
        others: int32 (n, m), of the same samples.

    Returns:
        int64 (n,), 0..k.
    """
    shared = np.empty(len(some), np.int64)

    def count(low: int, high: int) -> None:
        shared[low:high] = (some[low:high, :, None] == others[low:high, None, :]).any(axis=2).sum(axis=1)

    run_ranges(count, ranges(len(some), ROWS_PER_RANGE))
    return shared


def aligned_rows(preserved: np.ndarray) -> np.ndarray:
    """Choose samples for aligning two layouts: those with preserved neighborhoods, or all if too few.

    Args:
        preserved: float32 (n,), as `shared_neighbors` returns it.

    Returns:
        bool (n,).
    """
    rows = preserved >= PRESERVED
    return rows if np.count_nonzero(rows) >= MIN_ALIGNED else np.ones(len(preserved), bool)


def procrustes(xy: np.ndarray, onto: np.ndarray, *, rows: np.ndarray | None = None) -> np.ndarray:
    """Rotate, reflect and shift a layout to fit another one best; its size stays.

    Args:
        xy: Real numbers (n, 2), finite, the layout to move.
        onto: Real numbers (n, 2), finite, the layout to fit.
        rows: bool (n,), the samples to align by, at least one; None for all.

    Returns:
        float32 (n, 2), all samples moved in the same way.

    Raises:
        DataError: The arrays are not layouts of the same samples.
        UsageError: ``rows`` does not choose any of them.

    Source: Schönemann 1966, "A generalized solution of the orthogonal Procrustes problem", equation 1.7.
    """
    xy, onto = _pair(xy, onto)
    chosen = np.ones(len(xy), bool) if rows is None else np.asarray(rows, bool)
    if chosen.shape != (len(xy),) or not chosen.any():
        raise UsageError(
            f"rows must be {len(xy)} bools, at least one true",
            got=f"{int(chosen.sum())} true in the shape {chosen.shape}",
            hint="choose samples with preserved neighbors, or pass rows=None for all",
        )
    here, there = xy[chosen].mean(axis=0), onto[chosen].mean(axis=0)
    left, _, right = np.linalg.svd((xy[chosen] - here).T @ (onto[chosen] - there))
    return ((xy - here) @ (left @ right) + there).astype(np.float32)


def drift(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Measure how far each sample moved, in units of the radius of the first layout (root mean square from its mean).

    Args:
        before: Real numbers (n, 2), finite, not all equal.
        after: Real numbers (n, 2), finite, aligned with ``before``.

    Returns:
        float32 (n,), from 0 up; a sample that crosses the whole layout moves by about 3.

    Raises:
        DataError: The arrays are not layouts of the same samples, or all samples of the first are at one place.
    """
    before, after = _pair(before, after)
    radius = float(np.sqrt(np.square(before - before.mean(axis=0)).sum(axis=1).mean()))
    if radius == 0:
        raise DataError(
            "all samples of the first layout are at one place, so drift has no unit",
            hint="compare layouts whose samples are at different places",
        )
    return (np.hypot(*(after - before).T) / radius).astype(np.float32)


def _pair(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    check_matrix(one, name="coordinates")
    check_matrix(other, name="coordinates")
    if np.shape(one) != np.shape(other) or np.shape(one)[1] != 2:
        raise DataError(
            f"two layouts must have the shape (sample, 2), got {np.shape(one)} and {np.shape(other)}",
            hint="embed the same samples twice",
        )
    return np.asarray(one, np.float64), np.asarray(other, np.float64)
