"""The methods of embedding, behind one call."""

from time import perf_counter

import numpy as np

from cutaway.errors import DataError, UnknownNameError
from cutaway.progress import Report, silent

from .check import check_matrix, check_seed
from .components import pca
from .layout import Layout, stage
from .trust import measure_trust
from .tsne import tsne

METHODS = ("pca", "tsne")

TRUST_NEIGHBORS = 15


def embed(
    h: np.ndarray,
    *,
    method: str = "tsne",
    seed: int = 0,
    perplexity: float = 30.0,
    iterations: int = 750,
    report: Report = silent,
) -> Layout:
    """Give each sample two coordinates, close together where the activations are alike.

    The same call on the same machine and thread count gives the same coordinates.

    Args:
        h: float32 (sample, unit), finite; at least 4 samples, not all alike. Other real types are converted.
        method: "tsne" or "pca".
        seed: Decides on which samples trust is measured. The coordinates do not depend on it as yet: t-SNE starts from
            the principal components.
        perplexity: For t-SNE: neighbours that each sample attends to, 1 or more and less than a third of the samples.
        iterations: For t-SNE: steps of the optimisation, the 250 of early exaggeration included, so 251 or more.
        report: Hears of each part as it starts and ends; scikit-learn says nothing in between.

    Raises:
        DataError: ``h`` is no matrix of finite numbers, or it has fewer than 4 rows, only equal rows, or one column
                for PCA.
        UnknownNameError: There is no such method.
        UsageError: A setting is outside its range, or there are too few samples for ``perplexity``.
    """
    start = perf_counter()
    if method not in METHODS:
        raise UnknownNameError(
            f"a method of embedding is one of {', '.join(METHODS)}", came=repr(method), fix="pass method='tsne'"
        )
    h, seed = _check_activations(h), check_seed(seed)
    seconds: dict[str, float] = {}
    if method == "tsne":
        xy, settings, kl_divergence = tsne(
            h, perplexity=perplexity, iterations=iterations, seed=seed, seconds=seconds, report=report
        )
    else:
        xy = _plane(h, seconds=seconds, report=report)
        settings, kl_divergence = {"pca_components": 2, "seed": seed}, None
    trust = None
    if len(h) > 2 * TRUST_NEIGHBORS:
        with stage("trust", len(h), unit="samples", part="trust", seconds=seconds, report=report):
            trust = measure_trust(h, xy, k=TRUST_NEIGHBORS, seed=seed)
    seconds["total"] = perf_counter() - start
    return Layout(xy, method, settings, seconds, kl_divergence, trust)


def _plane(h: np.ndarray, *, seconds: dict[str, float], report: Report) -> np.ndarray:
    if h.shape[1] < 2:
        raise DataError(
            "PCA makes two coordinates of at least two units",
            came="1 unit",
            fix="take another layer, or pass method='tsne', which puts the samples on a line",
        )
    with stage("principal components", len(h), unit="samples", part="pca", seconds=seconds, report=report):
        return pca(h, 2)


def _check_activations(h: np.ndarray) -> np.ndarray:
    h = check_matrix(h, name="activations")
    if len(h) < 4:
        raise DataError("an embedding needs at least 4 samples", came=f"{len(h)}", fix="take more samples")
    if (h == h[0]).all():
        raise DataError(
            "an embedding needs samples that differ",
            came=f"{len(h)} equal rows of activations",
            fix="take another layer or epoch: this layer gives the same answer to every sample",
        )
    return h
