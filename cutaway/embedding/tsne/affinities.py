"""Affinities: which samples t-SNE holds together, and how strongly."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from cutaway.checks import check_matrix, check_perplexity
from cutaway.errors import DataError
from cutaway.neighbors.exact import Neighbors, nearest_neighbors
from cutaway.parallel.ranges import count_threads, in_threads, ranges
from cutaway.progress import Progress, ProgressCallback, ignore_progress

# Rows that a thread takes at a time: some 10 ms of one core.
ROWS = 2048
# Rows whose columns are counted at a time: 12 MB, which NumPy copies as int64.
MANY_ROWS = 16_384


@dataclass(frozen=True, eq=False)
class Affinities:
    """A symmetric matrix of joint affinities that sum to 1, as compressed rows.

    Attributes:
        start: int64 (n + 1,), where in ``index`` and ``value`` each row begins.
        index: int32 (m,), column of each entry, ascending within a row; never the row itself.
        value: float32 (m,), 0..1; an entry and its mirror image are the same number.
    """

    start: np.ndarray
    index: np.ndarray
    value: np.ndarray


def neighbors_for(perplexity: float, samples: int) -> int:
    """How many neighbors carry the affinities: three times the perplexity, as far as there are that many.

    Source: van der Maaten 2014, section 4.1.
    """
    return min(samples - 1, int(3 * perplexity))


def affinities(points: np.ndarray, perplexity: float, *, on_progress: ProgressCallback = ignore_progress) -> Affinities:
    """Search neighbors and make `joint_affinities` of them, in one call.

    Args:
        points: float32 (n, d), finite, within ±1e18; at least 2 rows.
        perplexity: Neighbors that each point attends to, 1 or more.
        on_progress: Hears of both parts.

    Raises:
        DataError: ``points`` are no such matrix.
        UsageError: ``perplexity`` is outside its range.
    """
    points = check_matrix(points, name="points")
    perplexity = check_perplexity(perplexity)
    neighbors = nearest_neighbors(points, neighbors_for(perplexity, len(points)), on_progress=on_progress)
    return joint_affinities(neighbors, perplexity, on_progress=on_progress)


def conditional_affinities(squared: np.ndarray, perplexity: float) -> np.ndarray:
    """Weigh the neighbors of each row so that their entropy is log(perplexity), to 1e-8 nats.

    A row that cannot reach it takes the nearest limit: uniform over all its neighbors, where these are no more than
    the perplexity or all equally far, and over the nearest ones, where more than the perplexity are equally near.

    Args:
        squared: float32 (n, k), squared distances, ascending in each row.
        perplexity: 1 or more.

    Returns:
        float32 (n, k); each row sums to 1.

    Raises:
        UsageError: ``perplexity`` is outside its range.

    Source: van der Maaten and Hinton 2008, equation 1 and section 2 (perplexity).
    """
    from .kernels.calibration import calibrate

    perplexity = check_perplexity(perplexity)
    squared = np.require(squared, np.float32, ["C", "W"])
    weights = np.empty_like(squared)
    for _ in in_threads(partial(calibrate, squared, perplexity, weights), ranges(len(squared), ROWS)):
        pass
    return weights


def joint_affinities(
    neighbors: Neighbors, perplexity: float, *, on_progress: ProgressCallback = ignore_progress
) -> Affinities:
    """Make the symmetric matrix of t-SNE out of neighbors: p_ij = (p_j|i + p_i|j) / 2n.

    Args:
        neighbors: Of `nearest_neighbors`, as many as `neighbors_for` says.
        perplexity: 1 or more.
        on_progress: Hears of the start and the end.

    Raises:
        UsageError: ``perplexity`` is outside its range.

    Source: van der Maaten and Hinton 2008, section 3.1.
    """
    from .kernels.calibration import add_transpose

    n = len(neighbors.index)
    on_progress(Progress("affinities", 0, n, "samples"))
    start = _column_starts(neighbors.index)
    entries = _entries(neighbors, check_perplexity(perplexity))
    # whoever passed them may have no more use for them
    del neighbors
    mirrored = _transposed(entries, start)
    begin, none = np.zeros(n + 1, np.int64), (np.empty(0, np.int32), np.empty(0, np.float32))
    merge = partial(add_transpose, entries, start, mirrored, begin)
    for _ in in_threads(partial(merge, *none, True), ranges(n, ROWS)):
        pass
    np.cumsum(begin, out=begin)
    column, joint = np.empty(begin[-1], np.int32), np.empty(begin[-1], np.float32)
    for _ in in_threads(partial(merge, column, joint, False), ranges(n, ROWS)):
        pass
    on_progress(Progress("affinities", n, n, "samples"))
    return Affinities(begin, column, joint)


def _entries(neighbors: Neighbors, perplexity: float) -> np.ndarray:
    """Weigh each row's neighbors and put them in ascending order: uint64 (n, k), the column above the value's bits."""
    from .kernels.calibration import HALF, calibrate

    index, squared = neighbors.index, np.require(neighbors.squared, np.float32, ["C", "W"])
    entries = np.empty(index.shape, np.uint64)

    def work(low: int, high: int) -> None:
        rows, weights = entries[low:high], np.empty((high - low, index.shape[1]), np.float32)
        calibrate(squared[low:high], perplexity, weights, 0, high - low)
        rows[:] = index[low:high]
        rows <<= HALF
        rows |= weights.view(np.uint32)
        rows.sort(axis=1)

    for _ in in_threads(work, ranges(len(index), ROWS)):
        pass
    return entries


def _column_starts(index: np.ndarray) -> np.ndarray:
    """Count how often each row is a neighbor: where its entries begin in the transpose, int64 (n + 1,)."""
    n = len(index)
    start = np.zeros(n + 1, np.int64)
    for low, high in ranges(n, MANY_ROWS):
        start[1:] += np.bincount(index[low:high].reshape(-1), minlength=n)
    return np.cumsum(start, out=start)


def _transposed(entries: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Turn entries by row into entries by column, uint64 (n k,)."""
    from .kernels.calibration import transpose

    n, out = len(entries), np.empty(entries.size, np.uint64)
    pieces = ranges(n, -(-n // count_threads()))
    for _ in in_threads(partial(transpose, entries, start[:-1].copy(), out), pieces):
        pass
    return out


def kl_divergence(affinities: Affinities, xy: np.ndarray) -> float:
    """Measure what a layout leaves to minimize, in nats: sum p log(p / q) with q_ij = 1 / (1 + d2) / Z.

    Affinities are symmetric, so only those above the diagonal are read.
    Z is the sum over all pairs: exact up to some 15,000 samples, beyond that nearly, see `partition`.

    Args:
        affinities: Of n samples.
        xy: Real numbers (n, 2), the layout of the same samples.

    Raises:
        DataError: ``xy`` is no layout of as many samples.

    Source: van der Maaten and Hinton 2008, equations 2 (here of the joint affinities) and 4.
    """
    from .kernels.calibration import cross_terms
    from .normalization import normalization

    n = len(affinities.start) - 1
    check_matrix(xy, name="coordinates")
    if np.shape(xy) != (n, 2):
        raise DataError(
            "a layout has two coordinates for each sample of the affinities",
            got=f"the shape {np.shape(xy)} for {n} samples",
            hint="pass the layout that these affinities were made for",
        )
    x, y = np.array(np.transpose(xy), np.float64, order="C")
    parts = partial(cross_terms, affinities.start, affinities.index, affinities.value, x, y)
    terms = [part for _, part in in_threads(parts, ranges(n, ROWS))]
    return float(
        sum(term for term, _ in terms)
        + sum(mass for _, mass in terms) * np.log(normalization(np.stack([x, y], axis=1)))
    )
