"""The methods of embedding, behind one call."""

from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.checks import check_matrix, check_seed
from cutaway.errors import DataError, UnknownNameError, UsageError
from cutaway.neighbors.components import pca
from cutaway.progress import ProgressCallback, ignore_progress

from .layout import Layout, stage
from .quality import inspect_quality

if TYPE_CHECKING:
    from .tsne.descent import Watch

METHODS = ("pca", "tsne", "lda", "umap")

QUALITY_NEIGHBORS = 15


def embed(
    h: np.ndarray,
    *,
    method: str = "tsne",
    seed: int = 0,
    labels: np.ndarray | None = None,
    perplexity: float = 30.0,
    iterations: int = 750,
    frames: "Watch | None" = None,
    on_progress: ProgressCallback = ignore_progress,
) -> Layout:
    """Give each sample two coordinates, close together where the activations are alike.

    The same call on the same machine gives the same coordinates.

    Args:
        h: float32 (sample, unit), finite; at least 4 samples, not all alike. Other real types are converted.
        method: "tsne", "pca", "lda" (which needs labels) or "umap" (which needs umap-learn).
        seed: Decides on which samples trust is measured, and the coordinates of UMAP. Those of the other methods do
            not depend on it: t-SNE starts from the principal components.
        labels: (sample,), the class of each sample: what LDA separates, and what trust is measured by as well.
        perplexity: For t-SNE: neighbors that each sample attends to, 1 or more and less than a third of the samples.
        iterations: For t-SNE: most steps of the descent, those of early exaggeration included (250; 60 for more than
            4,000 samples), so 251 or more. It ends sooner when the KL divergence falls by less than 0.2 % in 50 steps
            (1 % for more than 4,000 samples, 2 % for more than 10,000).
        frames: For t-SNE: sees a `Frame` right after the principal components, then at most ten a second. When it
            returns False or raises StopIteration or KeyboardInterrupt, the layout so far is returned; Ctrl-C during
            the descent does the same, and after it leaves out the KL divergence, or trust (in all methods).
            ``settings["stopped"]`` is then "interrupted".
        on_progress: Hears of each part as it starts and ends, and of long ones in between.

    Raises:
        DataError: ``h`` is no matrix of finite numbers, or it has fewer than 4 rows, only equal rows, or one column
                for PCA; or ``labels`` is not one class a sample.
        UnknownNameError: There is no such method.
        UsageError: A setting is outside its range, there are too few samples for ``perplexity``, or the method lacks
                its labels or its package.
    """
    start = perf_counter()
    if method not in METHODS:
        raise UnknownNameError(
            f"a method of embedding is one of {', '.join(METHODS)}", got=repr(method), hint="pass method='tsne'"
        )
    h, seed = check_activations(h), check_seed(seed)
    seconds: dict[str, float] = {}
    settings: dict[str, Any]
    kl_divergence = None
    if method == "tsne":
        from .tsne.fit import tsne

        limits: dict[str, Any] = {"perplexity": perplexity, "iterations": iterations}
        xy, settings, kl_divergence = tsne(
            h, **limits, seed=seed, seconds=seconds, on_progress=on_progress, frames=frames
        )
    elif method == "pca":
        xy, settings = _plane(h, seconds=seconds, on_progress=on_progress), {"pca_components": 2, "seed": seed}
    elif method == "lda":
        xy, settings = (
            _discriminants(h, labels, seconds=seconds, on_progress=on_progress),
            {"components": 2, "seed": seed},
        )
    else:
        xy, settings = _umap(h, seed=seed, seconds=seconds, on_progress=on_progress)
    quality = misplaced = None
    if len(h) > 2 * QUALITY_NEIGHBORS:
        try:
            with stage("quality", len(h), unit="samples", part="quality", seconds=seconds, on_progress=on_progress):
                quality, misplaced = inspect_quality(h, xy, k=QUALITY_NEIGHBORS, seed=seed, labels=labels)
        except KeyboardInterrupt:
            quality, misplaced, settings["stopped"] = None, None, "interrupted"
    seconds["total"] = perf_counter() - start
    return Layout(xy, method, settings, seconds, kl_divergence, quality, misplaced)


def _plane(h: np.ndarray, *, seconds: dict[str, float], on_progress: ProgressCallback) -> np.ndarray:
    if h.shape[1] < 2:
        raise DataError(
            "PCA makes two coordinates of at least two units",
            got="1 unit",
            hint="take another layer, or pass method='tsne', which puts the samples on a line",
        )
    with stage("principal components", len(h), unit="samples", part="pca", seconds=seconds, on_progress=on_progress):
        return pca(h, 2)


def _discriminants(
    h: np.ndarray, labels: np.ndarray | None, *, seconds: dict[str, float], on_progress: ProgressCallback
) -> np.ndarray:
    from .linear import lda

    if labels is None:
        raise UsageError(
            "linear discriminants separate the classes of labels",
            got="no labels",
            hint="pass labels=, one class a sample, or method='pca'",
        )
    with stage("linear discriminants", len(h), unit="samples", part="lda", seconds=seconds, on_progress=on_progress):
        return lda(h, labels)


def _umap(
    h: np.ndarray, *, seed: int, seconds: dict[str, float], on_progress: ProgressCallback
) -> tuple[np.ndarray, dict[str, Any]]:
    from .linear import umap

    neighbors = min(15, len(h) - 1)
    start = perf_counter()
    xy = umap(h, seed=seed, neighbors=neighbors, on_progress=on_progress)
    seconds["umap"] = perf_counter() - start
    return xy, {"neighbors": neighbors, "min_dist": 0.1, "seed": seed, "engine": "umap-learn"}


def check_activations(h: np.ndarray) -> np.ndarray:
    """Return ``h`` as float32 (sample, unit), of at least 4 samples that are not all alike.

    Raises:
        DataError: It is no such matrix.
    """
    h = check_matrix(h, name="activations")
    if len(h) < 4:
        raise DataError("an embedding needs at least 4 samples", got=f"{len(h)}", hint="take more samples")
    if (h == h[0]).all():
        raise DataError(
            "an embedding needs samples that differ",
            got=f"{len(h)} equal rows of activations",
            hint="take another layer or epoch: this layer gives the same answer to every sample",
        )
    return h
