"""Affinities: which samples attract each other in t-SNE and how strongly, and the spectral layout of them."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from cutaway.checks import check_matrix
from cutaway.errors import DataError
from cutaway.neighbors import Neighbors
from cutaway.parallel import cpu_count, map_ranges, ranges, run_ranges
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .settings import INITIAL_DEVIATION, perplexities

# Rows that a thread takes at a time: some 10 ms on one core.
ROWS_PER_RANGE = 2048
# Entries whose mirror images are found at a time: 128 MB. At 1,000,000 samples all of them would take 720 MB.
ENTRIES_PER_BLOCK = 1 << 24
# Rows whose columns are counted at a time: NumPy copies 12 MB of int64 for them.
ROWS_PER_COUNT = 16_384
# The neighbors of an equal row are chosen among this many times as many equal rows that follow it. With the next ones
# alone the equal rows lie on a ring. Chosen among all of them, they attract each other so strongly that the others have
# no room: with 75% equal, the trustworthiness of the others is 0.76 instead of 0.84 (scikit-learn: 0.82).
WINDOW = 3


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


def neighbors_for(perplexity: float, samples: int, *, approximate: bool = False) -> int:
    """Number of neighbors with affinity: three times the perplexity, or all other samples if there are fewer.

    Twice the perplexity where neighbors are approximate: the descent then takes two thirds of the time and of the
    memory, and the KL divergence, with the affinities of three times as many, is 0.2% higher (70,000 samples of a
    hidden layer of MNIST: 2.190 instead of 2.185).

    Source: van der Maaten 2014, section 4.1.
    """
    return min(samples - 1, int((2 if approximate else 3) * perplexity))


def conditional_affinities(squared: np.ndarray, perplexity: float) -> np.ndarray:
    """Weight the neighbors of each row for an entropy of log(perplexity), to 1e-8 nats.

    A row that cannot reach this gets the limit: uniform over all its neighbors, if there are no more than the
    perplexity or all are equally far, and uniform over the nearest ones, if at least the perplexity are equally near.

    Args:
        squared: float32 (n, k), squared distances, ascending in each row.
        perplexity: 1 or more.

    Returns:
        float32 (n, k); each row sums to 1.

    Source: van der Maaten and Hinton 2008, equation 1 and section 2 (perplexity).
    """
    from .kernels.affinities import calibrate

    squared = np.require(squared, np.float32, ["C", "W"])
    weights = np.empty_like(squared)
    run_ranges(partial(calibrate, squared, float(perplexity), weights), ranges(len(squared), ROWS_PER_RANGE))
    return weights


def joint_affinities(
    neighbors: Neighbors, perplexity: float | tuple[float, ...], *, on_progress: ProgressCallback = ignore_progress
) -> Affinities:
    """Compute the symmetric matrix of t-SNE from neighbors: p_ij = (p_j|i + p_i|j) / 2n.

    Rows that occur more often than they have neighbors get other neighbors among their equals, see `spread_ties`.

    Args:
        neighbors: As `nearest_neighbors` finds them, `neighbors_for` of each sample.
        perplexity: 1 or more; of several, the affinities are the mean.
        on_progress: Called at the start and at the end.

    Source: van der Maaten and Hinton 2008, section 3.1.
    """
    from .kernels.affinities import add_transpose

    n = len(neighbors.index)
    on_progress(Progress("affinities", 0, n, "samples"))
    neighbors = spread_ties(neighbors)
    start = _column_starts(neighbors.index)
    entries = _entries(neighbors, perplexities(perplexity))
    # frees 50 MB at 70,000 samples, if the caller has dropped them too
    del neighbors
    # enough for all entries if none had a mirror image; memory that is never written is never taken
    column, joint = np.empty(2 * entries.size, np.int32), np.empty(2 * entries.size, np.float32)
    begin = np.zeros(n + 1, np.int64)
    for low, high in ranges(n, max(ROWS_PER_RANGE, ENTRIES_PER_BLOCK // entries.shape[1])):
        here = start - start[low]
        merge = partial(add_transpose, entries, here, _transposed(entries, here, low, high), begin, column, joint)
        rows = [(first + low, last + low) for first, last in ranges(high - low, ROWS_PER_RANGE)]
        run_ranges(partial(merge, True), rows)
        np.cumsum(begin[low : high + 1], out=begin[low : high + 1])
        run_ranges(partial(merge, False), rows)
    for each in (column, joint):
        each.resize(begin[-1], refcheck=False)  # gives the rest back without a copy
    on_progress(Progress("affinities", n, n, "samples"))
    return Affinities(begin, column, joint)


def spread_ties(neighbors: Neighbors) -> Neighbors:
    """Give rows that occur more often than they have neighbors different ones among their equals.

    The search takes the equal rows with the lowest numbers. They would attract all others, which would attract no one
    and stay at one place forever, because equal forces act on them: with 25% of 1,797 rows equal, KL is then 2.34
    instead of 2.02 (scikit-learn: 1.92). Here each equal row is attracted by others of those that follow it, the last
    ones by the first, and so is any other row that has some of them among its neighbors. Distances do not change.

    Args:
        neighbors: As `nearest_neighbors` finds them: of equally near rows, those with the lowest numbers.

    Returns:
        The same record if no row occurs more than k times, else one with another ``index``.
    """
    k = neighbors.index.shape[1]
    frequent = np.flatnonzero(neighbors.squared[:, -1] == 0)
    if not len(frequent):
        return neighbors
    index, first = neighbors.index.copy(), np.full(len(neighbors.index), -1)
    # equal rows share the neighbor with the lowest number, which is one of them
    first[frequent] = np.minimum(neighbors.index[frequent].min(axis=1), frequent)
    random = np.random.default_rng(0)
    place = random.integers(len(index), size=len(index))
    for lowest in np.unique(first[frequent]):
        equals = np.flatnonzero(first == lowest)
        # squared distances of different rows can be 0 in float32, but then their neighbors are not by number
        if len(equals) <= k + 1 or (neighbors.index[equals[k:]] != equals[:k]).any():
            continue
        place[equals] = np.arange(len(equals))
        steps = 1 + np.sort(random.permutation(min(WINDOW * k, len(equals) - 1))[:k])
        among = first[neighbors.index] == lowest
        row, column = np.nonzero(among)
        step = steps[np.cumsum(among, axis=1)[row, column] - 1]
        index[row, column] = equals[(place[row] + step) % len(equals)]
    return Neighbors(index, neighbors.squared)


def _entries(neighbors: Neighbors, several: tuple[float, ...]) -> np.ndarray:
    """Weight the neighbors of each row and sort them: uint64 (n, k), the column above the bits of the value."""
    from .kernels.affinities import UPPER, calibrate

    index, squared = neighbors.index, np.require(neighbors.squared, np.float32, ["C", "W"])
    entries = np.empty(index.shape, np.uint64)

    def fill(low: int, high: int) -> None:
        rows, weights = entries[low:high], np.empty((high - low, index.shape[1]), np.float32)
        calibrate(squared[low:high], several[0], weights, 0, high - low)
        for perplexity in several[1:]:
            others = np.empty_like(weights)
            calibrate(squared[low:high], perplexity, others, 0, high - low)
            weights += others
        weights /= np.float32(len(several))
        rows[:] = index[low:high]
        rows <<= UPPER
        rows |= weights.view(np.uint32)
        rows.sort(axis=1)

    run_ranges(fill, ranges(len(index), ROWS_PER_RANGE))
    return entries


def _column_starts(index: np.ndarray) -> np.ndarray:
    """Count how often each row is a neighbor, for where its entries begin in the transpose: int64 (n + 1,)."""
    n = len(index)
    start = np.zeros(n + 1, np.int64)
    for low, high in ranges(n, ROWS_PER_COUNT):
        start[1:] += np.bincount(index[low:high].reshape(-1), minlength=n)
    return np.cumsum(start, out=start)


def _transposed(entries: np.ndarray, start: np.ndarray, low: int, high: int) -> np.ndarray:
    """Turn entries by row into entries by column, for the columns from low to high, which begin at 0: uint64 (m,)."""
    from .kernels.affinities import transpose

    place, out = start[:-1].copy(), np.empty(start[high], np.uint64)
    columns = ranges(high - low, -(-(high - low) // cpu_count()))
    run_ranges(partial(transpose, entries, place, out), [(first + low, last + low) for first, last in columns])
    return out


def kl_divergence(affinities: Affinities, xy: np.ndarray) -> float:
    """Compute the KL divergence of a layout, in nats: sum p log(p / q) with q_ij = 1 / (1 + d2) / Z.

    Z is the sum over all pairs: exact up to some 15,000 samples, otherwise approximate, see
    `cutaway.embedding.tsne.interpolation.normalization`.

    Args:
        affinities: Affinities of n samples.
        xy: Real numbers (n, 2), the layout of the same samples.

    Raises:
        DataError: ``xy`` is not a layout of as many samples.

    Source: van der Maaten and Hinton 2008, equations 2 (here of the joint affinities) and 4.
    """
    from .interpolation import normalization
    from .kernels.affinities import cross_terms

    n = len(affinities.start) - 1
    check_matrix(xy, name="coordinates")
    if np.shape(xy) != (n, 2):
        raise DataError(
            f"a layout must have the shape ({n}, 2), got {np.shape(xy)}",
            hint="pass a layout of the samples that the affinities belong to",
        )
    x, y = np.array(np.transpose(xy), np.float64, order="C")
    parts = partial(cross_terms, affinities.start, affinities.index, affinities.value, x, y)
    terms = [part for _, part in map_ranges(parts, ranges(n, ROWS_PER_RANGE))]
    return float(
        sum(term for term, _ in terms)
        + sum(mass for _, mass in terms) * np.log(normalization(np.stack([x, y], axis=1)))
    )


TOLERANCE = 1e-4
"""Relative accuracy of the eigenvalues: the descent moves samples far more than that."""


def spectral_layout(affinities: Affinities, *, seed: int) -> np.ndarray:
    """Two eigenvectors of the random walk among neighbors, scaled to a standard deviation of 1e-4.

    Where no affinity connects some parts, each part has an eigenvector: samples then start at few places.

    Args:
        affinities: Affinities of n samples, at least 4.
        seed: Seed of the vector that the iteration begins with.

    Returns:
        float32 (sample, 2); signs are fixed: the largest entry of each column is positive.

    Source: Linderman and Steinerberger 2019, "Clustering with t-SNE, provably"; von Luxburg 2007, "A tutorial on
        spectral clustering", section 3.2.
    """
    import scipy.sparse
    import scipy.sparse.linalg

    n = len(affinities.start) - 1
    matrix = scipy.sparse.csr_matrix((affinities.value.astype(np.float64), affinities.index, affinities.start), (n, n))
    degree = np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), np.finfo(np.float64).tiny)
    root = scipy.sparse.diags_array(1 / np.sqrt(degree))
    first = np.random.default_rng(seed).standard_normal(n)
    linalg: Any = scipy.sparse.linalg  # its annotations take whole numbers as tolerances only
    values, vectors = linalg.eigsh(root @ matrix @ root, k=3, which="LA", v0=first, tol=TOLERANCE)
    leading = vectors[:, np.argsort(-values, kind="stable")][:, 1:] / np.sqrt(degree)[:, None]
    leading -= leading.mean(axis=0)
    leading *= np.where(leading[np.abs(leading).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)
    deviation = leading.std(axis=0)
    return (INITIAL_DEVIATION * leading / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)
