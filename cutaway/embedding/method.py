"""The embedding methods, behind one call."""

import warnings
from dataclasses import fields, replace
from time import perf_counter
from typing import Any

import numpy as np

from cutaway.checks import check_choice, check_matrix, check_seed
from cutaway.errors import DataError, Hint, UsageError, install_hint
from cutaway.neighbors import nearest_neighbors, pca, principal_scores
from cutaway.options import METHODS
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .layout import Layout, Quality
from .new_samples import place, placement
from .quality import LIMIT, WIDER, inspect_quality
from .tsne.affinities import joint_affinities, kl_divergence
from .tsne.fit import Surroundings, tsne
from .tsne.layout_step import CANCELLATIONS, Callback, stage
from .tsne.schedule import phases_for
from .tsne.settings import PCA_COMPONENTS, TSNESettings, make_settings

QUALITY_NEIGHBORS = 15


def embed(
    h: np.ndarray,
    *,
    method: str = "tsne",
    seed: int = 0,
    labels: np.ndarray | None = None,
    callback: Callback | None = None,
    quality: bool = True,
    on_progress: ProgressCallback = ignore_progress,
    **settings: Any,
) -> Layout:
    """Compute two coordinates for each sample: samples with similar activations are near each other.

    The same call on the same machine gives the same coordinates.

    The descent of t-SNE can be canceled: if the callback returns True or raises StopIteration, or if the callback or
    ``on_progress`` raises `Canceled`, the layout so far is returned, and ``settings["stopped"]`` is "canceled". A
    cancellation after the coordinates were computed, in all methods, returns them without the rest (KL
    divergence). The quality of a canceled layout is not measured. Before there are coordinates, `Canceled` is raised as
    usual. KeyboardInterrupt is raised at any time.

    Args:
        h: float32 (sample, unit), finite; at least 4 samples, not all equal. Other real types are converted.
        method: "tsne", "pca" or "umap" (which needs umap-learn).
        seed: Random seed: decides which samples the quality is measured on, and the coordinates of UMAP and of
            t-SNE with a random initialization. The other coordinates do not depend on it.
        labels: (sample,), the class of each sample, for accuracies in the quality.
        callback: For t-SNE only: called with a `LayoutStep` right after the principal components, then at most ten
            times a second.
        quality: Whether to measure the quality, which takes about 0.4 times as long as t-SNE of 70,000 x 512.
        on_progress: Called when a stage starts and ends, and in between if it takes long.
        settings: For t-SNE: the settings explained in `TSNESettings`. Other methods have none.

    Raises:
        DataError: ``h`` is not a matrix of finite numbers, or has fewer than 4 rows, only equal rows, or one column
            for PCA; ``labels`` is not one class for each sample; or an array ``init`` does not fit.
        UnknownNameError: There is no such method.
        UsageError: A setting is unknown or outside its range, there are too few samples for the perplexity, or the
            method lacks its package, or gets a callback that it would not call.
    """
    start = perf_counter()
    _check_method(method, settings)
    check_callback(callback, method=method)
    h, seed = check_activations(h), check_seed(seed)
    seconds: dict[str, float] = {}
    timed: dict[str, Any] = {"seconds": seconds, "on_progress": on_progress}
    used: dict[str, Any] = {"seed": seed}
    kl_divergence, around = None, None
    if method == "tsne":
        wanted = inspected_neighbors(len(h)) if quality else 0
        found = tsne(h, settings, seed=seed, callback=callback, neighbors=wanted, on_progress=on_progress)
        xy, used, kl_divergence, around = found.xy, found.settings, found.kl_divergence, found.around
        seconds |= found.seconds
    elif method == "pca":
        xy, used = _pca(h, **timed), {"pca_components": 2, **used}
    else:
        xy, used = _umap(h, seed=seed, **timed)
    measured, misplaced = None, None
    if quality and used.get("stopped") != "canceled":  # whoever canceled it does not want to wait for more
        try:
            measured, misplaced = _quality(h, xy, seed=seed, labels=labels, around=around, **timed)
        except CANCELLATIONS:
            used["stopped"] = "canceled"
    if measured is not None:
        measured = replace(measured, neighbors_found=used.get("neighbors_recall"))
    seconds["total"] = perf_counter() - start
    return Layout(xy, method, used, seconds, kl_divergence, measured, misplaced)


def inspected_neighbors(samples: int) -> int:
    """The neighbors of each sample that its quality is measured by, where t-SNE searches them: 0 of few samples."""
    return WIDER * QUALITY_NEIGHBORS if samples > LIMIT else 0


def resolve_settings(*, method: str, seed: int = 0, samples: int, **settings: Any) -> dict[str, Any]:
    """Check the settings of an embedding before anything is computed, and fill in the defaults.

    Args:
        method: See `embed`.
        seed: See `embed`.
        samples: Number of samples that will be embedded.
        settings: See `embed`.

    Returns:
        ``method``, ``seed`` and every setting of the method by name, as `embed` takes them.

    Raises:
        UnknownNameError, UsageError, DataError: See `embed`.
    """
    _check_method(method, settings)
    _check_samples(samples)
    resolved: dict[str, Any] = {"method": method, "seed": seed}
    if method != "tsne":
        return resolved
    made = make_settings(settings, samples=samples)
    return resolved | {field.name: getattr(made, field.name) for field in fields(made)}


def check_callback(callback: Any, *, method: str) -> None:
    """Refuse a callback that would never be called, or cannot be.

    Raises:
        UsageError: It is not callable, or the method is not t-SNE, which alone calls it.
    """
    if callback is None:
        return
    if not callable(callback):
        raise UsageError(
            f"callback must be a function of one argument, got {type(callback).__name__}",
            hint="pass a function that takes a LayoutStep, or leave callback out",
        )
    if method != "tsne":
        raise UsageError(f'method "{method}" calls no callback', hint="leave it out, or embed by t-SNE")


def _check_method(method: str, settings: dict[str, Any]) -> None:
    check_choice(method, name="method", choices=METHODS)
    if method != "tsne" and settings:
        raise UsageError(
            f'method "{method}" has no setting "{next(iter(settings))}"', hint="leave it out, or embed by t-SNE"
        )


def _pca(h: np.ndarray, *, seconds: dict[str, float], on_progress: ProgressCallback) -> np.ndarray:
    if h.shape[1] < 2:
        raise DataError(
            "PCA needs at least 2 units, and the layer has 1",
            hint=Hint("take another layer, or pass {}, which puts the samples on a line", method="tsne"),
        )
    with stage("principal components", len(h), unit="samples", part="pca", seconds=seconds, on_progress=on_progress):
        return pca(h, 2)


def _umap(
    h: np.ndarray, *, seed: int, seconds: dict[str, float], on_progress: ProgressCallback
) -> tuple[np.ndarray, dict[str, Any]]:
    neighbors = min(15, len(h) - 1)
    start = perf_counter()
    xy = umap(h, seed=seed, neighbors=neighbors, on_progress=on_progress)
    seconds["umap"] = perf_counter() - start
    return xy, {"neighbors": neighbors, "min_dist": MIN_DIST, "seed": seed, "engine": "umap-learn"}


def _quality(
    h: np.ndarray,
    xy: np.ndarray,
    *,
    seed: int,
    labels: np.ndarray | None,
    around: Surroundings | None,
    seconds: dict[str, float],
    on_progress: ProgressCallback,
) -> tuple[Quality | None, np.ndarray | None]:
    """Measure the quality, if there are enough samples."""
    if len(h) <= 2 * QUALITY_NEIGHBORS:
        return None, None
    from cutaway.neighbors import compilation_progress

    timed = stage("quality", len(h), unit="samples", part="quality", seconds=seconds, on_progress=on_progress)
    with timed, compilation_progress(on_progress):
        return inspect_quality(h, xy, k=QUALITY_NEIGHBORS, seed=seed, labels=labels, around=around)


def check_activations(h: np.ndarray) -> np.ndarray:
    """Return ``h`` as float32 (sample, unit), with at least 4 samples that are not all equal.

    Raises:
        DataError: It is not such a matrix.
    """
    h = check_matrix(h, name="activations")
    _check_samples(len(h))
    if (h == h[0]).all():
        raise DataError(
            f"all {len(h)} rows of activations are equal",
            hint="take another layer or epoch, or samples that differ",
        )
    return h


def _check_samples(samples: int) -> None:
    if samples < 4:
        raise DataError(f"an embedding needs at least 4 samples, got {samples}", hint="take more samples")


MIN_DIST = 0.1
"""Least distance of near samples in the layout."""


def umap(
    h: np.ndarray,
    *,
    seed: int,
    neighbors: int = 15,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Lay out samples with umap-learn, with exact neighbors and starting from the principal components.

    Neighbors are searched in up to 50 principal components, as for t-SNE.

    Args:
        h: float32 (sample, unit), checked, at least 4 rows, not all equal.
        seed: Random seed; the same seed gives the same coordinates, and umap-learn therefore works on one thread.
        neighbors: Number of neighbors of each sample, from 2 to n - 1.
        on_progress: Called with the progress of each stage.

    Returns:
        float32 (sample, 2).

    Raises:
        UsageError: umap-learn is not installed, or a setting is outside its range.

    Source: McInnes, Healy and Melville 2018.
    """
    try:
        with warnings.catch_warnings():
            # it warns that TensorFlow, which only its parametric variant needs, is missing
            warnings.simplefilter("ignore")
            from umap import UMAP
    except ImportError as error:
        raise UsageError(
            f"the package umap-learn is not installed ({error})",
            hint=Hint(f"{install_hint('umap')}, or pass {{}}", method="tsne"),
        ) from error
    points = principal_scores(h, min(PCA_COMPONENTS, h.shape[1]))
    points = (points / points[:, 0].std()).astype(np.float32)
    near = nearest_neighbors(points, neighbors - 1, on_progress=on_progress)
    itself = np.arange(len(h), dtype=np.int32)[:, None]
    index = np.concatenate([itself, near.index], axis=1)
    far = np.concatenate([np.zeros((len(h), 1), np.float32), np.sqrt(near.squared)], axis=1)
    start = np.zeros((len(h), 2), np.float32)
    start[:, : points.shape[1]] = 10 * points[:, :2]
    on_progress(Progress("UMAP", 0, len(h), "samples"))
    with warnings.catch_warnings():
        # it warns that new samples cannot be placed later, which is not needed here
        warnings.simplefilter("ignore", UserWarning)
        engine = UMAP(
            n_neighbors=neighbors,
            min_dist=MIN_DIST,
            init=start,  # pyright: ignore[reportArgumentType]  # pyright infers str from the default
            random_state=seed,
            n_jobs=1,
            precomputed_knn=(index, far, None),  # pyright: ignore[reportArgumentType]
        )
        xy = np.asarray(engine.fit_transform(points), dtype=np.float32)
    on_progress(Progress("UMAP", len(h), len(h), "samples"))
    return xy


WARM_UP_SAMPLES, WARM_UP_NEIGHBORS = 300, 9
"""Of the small layout that compiles everything; beyond 256, points are divided into cells."""


def warm_up() -> None:
    """Compile every kernel, or load it from the user's cache, by calls on arrays of a few hundred rows.

    Meant for a thread next to the training of a model: the compiler holds the interpreter only part of the time.
    Problems such as a cache folder that cannot be written are left to the first real call.
    """
    from .tsne.descent import KL_INTERVAL, descend
    from .tsne.interpolation import InterpolationGrid

    h = np.random.default_rng(0).normal(size=(WARM_UP_SAMPLES, 4)).astype(np.float32)
    affinities, start = joint_affinities(nearest_neighbors(h, WARM_UP_NEIGHBORS), 3.0), np.ascontiguousarray(h[:, :2])
    # as many iterations as estimate the KL divergence once
    phases = phases_for(WARM_UP_SAMPLES, TSNESettings(max_iter=KL_INTERVAL, early_exaggeration_iter=KL_INTERVAL - 1))
    for exact in (WARM_UP_SAMPLES, 0):  # with the forces summed over all pairs, and through a grid
        descend(affinities, start, phases=phases, threads=1, exact=exact)
    InterpolationGrid().update(40 * start, -200 * np.ones(2), 200 * np.ones(2))  # a wide layout needs two levels
    kl_divergence(affinities, start)
    place(h[:2], placement(h, start))
    inspect_quality(h, start, k=3, seed=0)
