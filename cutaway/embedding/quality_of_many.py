"""The quality of a layout of too many samples for their neighbors, or even activations, to fit into memory."""

from dataclasses import replace
from typing import Any

import numpy as np

from cutaway.neighbors import CenteredMatrix
from cutaway.progress import ProgressCallback, ignore_progress

from .layout import Quality
from .quality import SAMPLE, inspect_quality, is_right, kept_neighbors, rank_neighbors, standard_error
from .structure import measure_structure
from .tsne.fit import Surroundings

MANY = 250_000
"""Up to this many samples, the neighbors of each are searched where they are not known: 90 of a million took 60 s."""


def layout_quality(
    h: np.ndarray,
    xy: np.ndarray,
    *,
    k: int,
    seed: int,
    labels: np.ndarray | None = None,
    around: Surroundings | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[Quality, np.ndarray | None]:
    """As `inspect_quality`, but above `MANY` samples by `sampled_quality`, unless the neighbors are known.

    Returns:
        The quality, and how misplaced each sample is, float32 (sample,), 0..1; None where all measures are estimates.
    """
    if around is None and len(h) > MANY:
        some = h[:: len(h) // MANY]
        return sampled_quality(h, xy, some=some, k=k, seed=seed, labels=labels, on_progress=on_progress), None
    return inspect_quality(h, xy, k=k, seed=seed, labels=labels, around=around, on_progress=on_progress)


def sampled_quality(
    h: Any,
    xy: np.ndarray,
    *,
    some: np.ndarray,
    k: int,
    seed: int,
    labels: np.ndarray | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> Quality:
    """Compare the neighbors of a random sample of 1,500 by activation with those in the layout, among all samples.

    Args:
        h: float32 (sample, unit): an object with a shape whose slices and rows are arrays.
        xy: float32 (sample, 2).
        some: float32 (some, unit), activations of some samples, whose middle is that of all.
        k: Number of neighbors.
        seed: Random seed of the choice.
        labels: (sample,), for the two accuracies.
        on_progress: Called with the number of samples that were compared.

    Returns:
        All measures are estimates, with standard errors.

    Source: see `cutaway.embedding.inspect_quality`.
    """
    import scipy.spatial

    n = len(xy)
    queries = np.sort(np.random.default_rng(seed).choice(n, min(SAMPLE, n), replace=False))
    spatial: Any = scipy.spatial  # its annotations do not name the tree
    # a balanced tree takes twice as long to make
    tree = spatial.KDTree(xy, balanced_tree=False, compact_nodes=False)
    found = tree.query(xy[queries], k + 1)[1]
    others = found != queries[:, None]
    others[others.all(axis=1), -1] = False  # points in the same place have pushed it out of its own list
    plane = found[others].reshape(len(queries), k)
    centered = replace(CenteredMatrix.of(some), h=h, dtype=np.float32)
    ranks, layer = rank_neighbors(centered, queries, plane, on_progress=on_progress)
    measured = kept_neighbors(ranks, n)
    if labels is not None:
        measured["accuracy_plane"] = is_right(plane, labels, queries).astype(np.float64)
        measured["accuracy_layer"] = is_right(layer, labels, queries).astype(np.float64)
    values = {name: min(max(float(each.mean()), 0.0), 1.0) for name, each in measured.items()}
    errors = {name: standard_error(each, n) for name, each in measured.items()}
    beyond = measure_structure(h, xy, some=some, seed=seed, labels=labels)
    return Quality(**values, k=k, samples=len(queries), standard_errors=errors, **beyond)
