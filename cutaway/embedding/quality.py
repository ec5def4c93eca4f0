"""How well a layout preserves the neighborhoods of the activations."""

from typing import Any

import numpy as np

from cutaway.checks import check_matrix, check_seed, check_whole
from cutaway.errors import DataError, UsageError
from cutaway.neighbors import CenteredMatrix, nearest_neighbors
from cutaway.parallel import ranges, run_ranges
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .alignment import count_shared
from .layout import Quality

# A neighbor in the plane is misplaced if it is not even among the 6 k nearest in the layer: for the usual k of 15 these
# are the 90 that have affinity at the usual perplexity of 30.
WIDER = 6
# Rows whose votes are counted at a time.
VOTES_PER_BLOCK = 4096
# Samples that a thread ranks at a time.
QUERIES_PER_RANGE = 128
# Points that they are multiplied by at a time: 4 MB of products in float32.
POINTS_PER_BLOCK = 8192


def measure_quality(
    h: np.ndarray,
    xy: np.ndarray,
    *,
    k: int = 15,
    limit: int = 2000,
    seed: int,
    labels: np.ndarray | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> Quality:
    """Compare the ``k`` nearest neighbors of each sample by activation with those in the layout.

    Arguments and errors are those of `inspect_quality`, which returns a measure for each sample as well.
    """
    return inspect_quality(h, xy, k=k, limit=limit, seed=seed, labels=labels, on_progress=on_progress)[0]


def inspect_quality(
    h: np.ndarray,
    xy: np.ndarray,
    *,
    k: int = 15,
    limit: int = 2000,
    seed: int,
    labels: np.ndarray | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[Quality, np.ndarray]:
    """Measure the quality of a layout as a whole, and how misplaced each sample is.

    Neighbors are exact and searched among all samples. Trustworthiness needs the rank of a neighbor among all samples,
    so beyond ``limit`` samples a random sample represents all; it is ranked among all. Samples that are equally near,
    up to rounding, get the rank that favors the layout.

    Args:
        h: float32 (sample, unit), finite.
        xy: float32 (sample, 2), the layout of the same samples.
        k: Number of neighbors, at least 1 and less than half the number of samples.
        limit: Most samples to rank.
        seed: Random seed of the choice of these samples.
        labels: (sample,), the class of each sample, for the two accuracies; None leaves these out.
        on_progress: Called with the progress of each stage.

    Returns:
        The quality, and how misplaced each sample is, float32 (sample,), 0..1: the share of its ``k`` nearest in the
        plane that are not even among its 6 k nearest by activation (all others, if there are fewer).

    Raises:
        DataError: An array is not a matrix of finite numbers, or they have different lengths.
        UsageError: ``k``, ``limit`` or ``seed`` is outside its range.

    Source: Venna and Kaski 2001, equation 1 (trustworthiness, normalized to 0..1).
    """
    h, xy = check_matrix(h, name="activations"), check_matrix(xy, name="coordinates")
    labels = None if labels is None else np.asarray(labels)
    _check_lengths(h, xy, labels)
    n, k = len(h), check_whole(k, name="k", least=1)
    limit, seed = check_whole(limit, name="limit", least=1), check_seed(seed)
    if 2 * k >= n:
        raise UsageError(
            "a neighborhood of k samples is less than half of the samples",
            got=f"k={k} on {n} samples",
            hint=f"pass k={(n - 1) // 2} or less" if n > 2 else "measure on 3 samples or more",
        )
    layer = nearest_neighbors(_in_range(h), min(WIDER * k, n - 1), on_progress=on_progress).index
    plane = nearest_neighbors(_in_range(xy), k, on_progress=on_progress).index
    same, known = count_shared(plane, layer[:, :k]), count_shared(plane, layer)
    queries = np.sort(np.random.default_rng(seed).choice(n, limit, replace=False)) if limit < n else np.arange(n)
    penalty = np.maximum(_ranks(h, queries, plane[queries], on_progress=on_progress) - k, 0).sum()
    quality = Quality(
        trustworthiness=float(1 - penalty * 2 / (len(queries) * k * (2 * n - 3 * k - 1))),
        neighbors_preserved=float(same.mean() / k),
        k=k,
        samples=len(queries),
        accuracy_layer=None if labels is None else _accuracy(layer[:, :k], labels),
        accuracy_plane=None if labels is None else _accuracy(plane, labels),
    )
    return quality, (1 - known / k).astype(np.float32)


def _check_lengths(h: np.ndarray, xy: np.ndarray, labels: np.ndarray | None) -> None:
    if len(h) != len(xy):
        raise DataError(
            "activations and coordinates belong to the same samples",
            got=f"{len(h)} and {len(xy)} rows",
            hint="pass the activations that were embedded",
        )
    if labels is not None and labels.shape != (len(h),):
        raise DataError(
            "labels are one class for each sample",
            got=f"the shape {labels.shape} for {len(h)} samples",
            hint="pass one class number for each sample, for example one_hot.argmax(axis=1)",
        )


def _in_range(points: np.ndarray) -> np.ndarray:
    """Scale points by a power of two, which changes no neighbor, so that squares do not overflow."""
    largest = float(np.abs(points).max())
    return points if largest < 1e15 else points * np.float32(2.0 ** -int(np.frexp(largest)[1]))


def _ranks(h: np.ndarray, queries: np.ndarray, neighbors: np.ndarray, *, on_progress: ProgressCallback) -> np.ndarray:
    """Rank, by activation, each of the ``neighbors`` (query, k) of ``queries`` among all samples, from 1 up."""
    from .tsne.kernels import count_nearer

    centered = CenteredMatrix.of(h)
    ours = centered.rows(queries)
    limits = np.stack(
        [((ours - centered.rows(column)).astype(np.float64) ** 2).sum(axis=1) for column in neighbors.T], axis=1
    )
    norms = (ours.astype(np.float64) ** 2).sum(axis=1)
    # the usual rounding error of a sum of products, which grows as the square root of their number
    rounding_bound = 4 * float(np.finfo(centered.dtype).eps) * np.sqrt(h.shape[1])
    counts = np.zeros(limits.shape, np.int64)
    for start in range(0, len(h), POINTS_PER_BLOCK):
        on_progress(Progress("ranks", start, len(h), "samples"))
        block = centered.block(start, start + POINTS_PER_BLOCK)
        squares, itself = (block.astype(np.float64) ** 2).sum(axis=1), queries - start

        def count(low: int, high: int, block: np.ndarray = block, rest: Any = (squares, itself)) -> None:
            # always float64: a kernel for both types takes a quarter of a second longer to compile
            product = (ours[low:high] @ block.T).astype(np.float64, copy=False)
            count_nearer(product, norms, *rest, limits, rounding_bound, counts, low, high)

        run_ranges(count, ranges(len(queries), QUERIES_PER_RANGE), single_blas=True)
    on_progress(Progress("ranks", len(h), len(h), "samples"))
    return counts + 1


def _accuracy(neighbors: np.ndarray, labels: np.ndarray) -> float:
    """Share of samples whose class is the most frequent one among their neighbors; of tied classes the first counts."""
    names, member = np.unique(labels, return_inverse=True)
    right = 0
    for start in range(0, len(labels), VOTES_PER_BLOCK):
        votes = member[neighbors[start : start + VOTES_PER_BLOCK]]
        cells = np.arange(len(votes))[:, None] * len(names) + votes
        counts = np.bincount(cells.ravel(), minlength=len(votes) * len(names)).reshape(len(votes), len(names))
        right += int((counts.argmax(axis=1) == member[start : start + VOTES_PER_BLOCK]).sum())
    return right / len(labels)
