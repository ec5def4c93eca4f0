"""How well a layout preserves the neighborhoods of the activations."""

from typing import Any

import numpy as np

from cutaway.checks import check_matrix
from cutaway.errors import DataError, UsageError
from cutaway.neighbors import CenteredMatrix, nearest_neighbors
from cutaway.parallel import ranges, run_ranges
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .layout import Quality
from .structure import measure_structure
from .tsne.fit import Surroundings

# A neighbor in the plane is misplaced if it is not even among the 6 k nearest in the layer: for the usual k of 15 these
# are the 90 that have affinity at the usual perplexity of 30.
WIDER = 6
# Up to this many samples are all measured.
LIMIT = 2000
# Of more, this many. Standard errors are then 0.4 points of the neighbors preserved and 0.0001 to 0.001 of the
# trustworthiness, and 70,000 x 512 take 0.38 times as long as the layout (benchmarks/embedding.py).
SAMPLE = 1500
# Up to this many samples, the neighbors of each are searched if they are not known: 90 of a million took 60 s.
MANY = 250_000
# Candidates beyond k that are measured again in float64: rounding then decides nothing at the k-th place.
SPARE_CANDIDATES = 8
# Rows whose neighbors a thread measures at a time: 6 MB of differences.
ROWS_PER_RANGE = 1024
# Rows whose votes are counted at a time.
VOTES_PER_BLOCK = 4096
# Samples that a thread ranks at a time.
QUERIES_PER_RANGE = 250
# Points that they are multiplied by at a time. Both matrices and their product then stay in the cache: one core makes
# 130 to 150 billion operations per second, and 88 with 128 queries and 8,192 points.
POINTS_PER_BLOCK = 2048


def measure_quality(
    h: np.ndarray,
    xy: np.ndarray,
    *,
    k: int = 15,
    limit: int = LIMIT,
    seed: int,
    labels: np.ndarray | None = None,
    around: Surroundings | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> Quality:
    """Compare the ``k`` nearest neighbors of each sample by activation with those in the layout.

    Arguments and errors are as in `inspect_quality`, which returns a measure for each sample as well.
    """
    return inspect_quality(h, xy, k=k, limit=limit, seed=seed, labels=labels, around=around, on_progress=on_progress)[0]


def inspect_quality(
    h: np.ndarray,
    xy: np.ndarray,
    *,
    k: int = 15,
    limit: int = LIMIT,
    seed: int,
    labels: np.ndarray | None = None,
    around: Surroundings | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[Quality, np.ndarray | None]:
    """Measure the quality of a layout as a whole, and how misplaced each sample is.

    Up to ``limit`` samples, everything is exact. Beyond, a random sample of 1,500 (or ``limit`` if that is less),
    without replacement, represents all: each of them is compared with all samples, and the standard errors are in the
    result. Samples that are equally near, up to rounding, get the rank that favors the layout.

    Args:
        h: float32 (sample, unit), finite.
        xy: float32 (sample, 2), the layout of the same samples.
        k: Number of neighbors, at least 1 and less than half the number of samples.
        limit: Up to this many samples are all measured, at least 2.
        seed: Random seed of the choice of these samples.
        labels: (sample,), the class of each sample, for the two accuracies; None leaves these out.
        around: Of 6 k neighbors in the principal components of ``h``, as t-SNE found them; None searches
            them here. Used beyond ``limit`` samples only.
        on_progress: Called with the progress of each stage.

    Returns:
        The quality, and how misplaced each sample is, float32 (sample,), 0..1: the share of its ``k`` nearest in the
        plane that are not even among its 6 k nearest by activation (all others, if there are fewer). Beyond ``limit``
        samples, "by activation" is here by their first 50 principal components, which takes a sixth of the time. None
        above 250,000 samples whose neighbors are not known.

    Raises:
        DataError: An array is not a matrix of finite numbers, or they have different lengths.
        UsageError: ``k`` is not less than half of the samples.

    Source: Venna and Kaski 2001, equation 1 (trustworthiness, normalized to 0..1); Cochran 1977, equations 2.20 and
    7.1 (standard errors of a sample without replacement, and the estimate of a difference).
    """
    h, xy = check_matrix(h, name="activations"), check_matrix(xy, name="coordinates")
    labels = None if labels is None else np.asarray(labels)
    _check_lengths(h, xy, labels)
    n = len(h)
    if 2 * k >= n:
        raise UsageError(
            f"k must be less than half of the samples, got k={k} for {n} samples",
            hint=f"pass k={(n - 1) // 2} or less" if n > 2 else "measure on 3 samples or more",
        )
    plane = nearest_neighbors(_in_range(xy), k, on_progress=on_progress).index
    queries = np.arange(n)
    if limit < n:
        queries = np.sort(np.random.default_rng(seed).choice(n, min(limit, SAMPLE), replace=False))
    ranks, layer = rank_neighbors(CenteredMatrix.of(h), queries, plane[queries], on_progress=on_progress)
    measured = kept_neighbors(ranks, n)
    known = {}
    if labels is not None:
        right = is_right(plane, labels)
        known["accuracy_plane"] = float(right.mean())
        # the accuracy in the plane is known of all samples, so only the difference is estimated
        difference = is_right(layer, labels, queries).astype(np.float64) - right[queries]
        measured["accuracy_layer"] = known["accuracy_plane"] + difference
    values = {name: min(max(float(each.mean()), 0.0), 1.0) for name, each in measured.items()}
    errors = None if limit >= n else {name: standard_error(each, n) for name, each in measured.items()}
    if errors and "accuracy_layer" in errors:
        # as if one sample had differed: that none of some does is no proof for all
        errors["accuracy_layer"] = max(errors["accuracy_layer"], 1 / len(queries))
    beyond = measure_structure(h, xy, seed=seed, labels=labels)
    quality = Quality(**values, **known, k=k, samples=len(queries), standard_errors=errors, **beyond)
    if limit >= n:
        return quality, (ranks > WIDER * k).mean(axis=1, dtype=np.float32)
    if around is None and n > MANY:
        return quality, None
    return quality, _far_share(around or Surroundings.of(h, WIDER * k, on_progress=on_progress), plane)


def kept_neighbors(ranks: np.ndarray, n: int) -> dict[str, np.ndarray]:
    """How well the neighbors of each sample are kept, by the names of `Quality`: float64 (query,).

    Args:
        ranks: int64 (query, k), the rank by activation of each of the k nearest in the plane.
        n: Number of samples.
    """
    k = ranks.shape[1]
    return {
        "trustworthiness": 1 - np.maximum(ranks - k, 0).sum(axis=1) * 2 / (k * (2 * n - 3 * k - 1)),
        "neighbors_preserved": (ranks <= k).mean(axis=1),
    }


def standard_error(measured: np.ndarray, n: int) -> float:
    """Standard error of the mean of some of ``n`` samples as the mean of all."""
    return float(measured.std(ddof=1) * np.sqrt((1 - len(measured) / n) / len(measured)))


def _far_share(around: Surroundings, neighbors: np.ndarray) -> np.ndarray:
    """Share of the ``neighbors`` (sample, k) that are not in a sample's surroundings, float32 (sample,)."""
    far = np.empty(len(neighbors), np.float32)
    # a few units in the last place: the search measured the same distances in another order
    reach, points = around.squared * np.float32(1 + 1e-6), around.points.astype(np.float64)

    def measure(low: int, high: int) -> None:
        apart = points[neighbors[low:high]] - points[low:high, None]
        far[low:high] = (np.einsum("ijk,ijk->ij", apart, apart) > reach[low:high, None]).mean(axis=1)

    run_ranges(measure, ranges(len(far), ROWS_PER_RANGE))
    return far


def _check_lengths(h: np.ndarray, xy: np.ndarray, labels: np.ndarray | None) -> None:
    if len(h) != len(xy):
        raise DataError(
            f"activations and coordinates must have one row per sample, got {len(h)} and {len(xy)}",
            hint="pass the activations that were embedded",
        )
    if labels is not None and labels.shape != (len(h),):
        raise DataError(
            f"labels must have the shape ({len(h)},), got {labels.shape}",
            hint="pass one class number for each sample, for example one_hot.argmax(axis=1)",
        )


def _in_range(points: np.ndarray) -> np.ndarray:
    """Scale points by a power of two, which changes no neighbor and keeps squares from overflowing."""
    largest = float(np.abs(points).max())
    return points if largest < 1e15 else points * np.float32(2.0 ** -int(np.frexp(largest)[1]))


def rank_neighbors(
    centered: CenteredMatrix, queries: np.ndarray, neighbors: np.ndarray, *, on_progress: ProgressCallback
) -> tuple[np.ndarray, np.ndarray]:
    """Rank, by activation, each of the ``neighbors`` (query, k) of ``queries`` among all samples, from 1 up.

    Args:
        centered: The activations.
        queries: int64 (query,), rows.
        neighbors: Integers (query, k), rows.
        on_progress: Called after every block of samples.

    Returns:
        The ranks, int64 (query, k), and the k samples nearest to each query by activation, int64 (query, k).
    """
    from .tsne.kernels.ranks import count_nearer

    samples, columns = centered.h.shape
    ours = centered.rows(queries)
    limits = _squared_distances(centered, ours, neighbors)
    norms = _squared_norms(ours)
    # the usual rounding error of a sum of products, which grows as the square root of their number
    rounding_bound = 4 * float(np.finfo(centered.dtype).eps) * np.sqrt(columns)
    counts, keep = np.zeros(limits.shape, np.int64), min(neighbors.shape[1] + SPARE_CANDIDATES, samples - 1)
    near, where = np.full((len(queries), keep), np.inf), np.zeros((len(queries), keep), np.int64)
    for start in range(0, samples, POINTS_PER_BLOCK):
        on_progress(Progress("ranks", start, samples, "samples"))
        block = centered.block(start, start + POINTS_PER_BLOCK)
        squares, itself = _squared_norms(block), queries - start

        def count(low: int, high: int, block: np.ndarray = block, rest: Any = (squares, itself, start)) -> None:
            # always float64: a kernel for both types takes a quarter of a second longer to compile
            product = (ours[low:high] @ block.T).astype(np.float64, copy=False)
            count_nearer(product, norms, *rest, limits, rounding_bound, counts, near, where, low, high)

        run_ranges(count, ranges(len(queries), QUERIES_PER_RANGE), single_blas=True)
    on_progress(Progress("ranks", samples, samples, "samples"))
    exact = np.where(np.isinf(near), np.inf, _squared_distances(centered, ours, where))
    order = np.lexsort((where, exact), axis=1)[:, : neighbors.shape[1]]
    return counts + 1, np.take_along_axis(where, order, axis=1)


def _squared_distances(centered: CenteredMatrix, ours: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Squared distance of each of our rows to its ``others`` (query, k), from differences: float64 (query, k)."""
    return np.stack([_squared_norms(ours - centered.rows(column)) for column in others.T], axis=1)


def _squared_norms(rows: np.ndarray) -> np.ndarray:
    """Squared norm of each row, summed in float64: float64 (row,)."""
    return np.einsum("ij,ij->i", rows, rows, dtype=np.float64)


def is_right(neighbors: np.ndarray, labels: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """Whether the class of each sample is the most frequent one among its neighbors; of tied classes the first.

    Args:
        neighbors: Integers (row, k), rows of `labels`.
        labels: (sample,).
        rows: int64 (row,), the samples; all if None.

    Returns:
        bool (row,).
    """
    names, member = np.unique(labels, return_inverse=True)
    own = member if rows is None else member[rows]
    right = np.empty(len(neighbors), bool)
    for start in range(0, len(neighbors), VOTES_PER_BLOCK):
        votes = member[neighbors[start : start + VOTES_PER_BLOCK]]
        cells = np.arange(len(votes))[:, None] * len(names) + votes
        counts = np.bincount(cells.ravel(), minlength=len(votes) * len(names)).reshape(len(votes), len(names))
        right[start : start + len(votes)] = counts.argmax(axis=1) == own[start : start + len(votes)]
    return right
