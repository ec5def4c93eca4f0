"""t-SNE, with scikit-learn's Barnes-Hut engine."""

from numbers import Real
from typing import Any

import numpy as np

from cutaway.errors import UsageError
from cutaway.progress import Report

from .check import check_whole
from .components import principal_scores
from .layout import stage

COMPONENTS = 50
EXAGGERATION = 12.0
ANGLE = 0.5
# scikit-learn spends this many iterations on early exaggeration; the KL divergence of fewer means nothing.
EARLY_ITERATIONS = 250


def tsne(
    h: np.ndarray, *, perplexity: float, iterations: int, seed: int, seconds: dict[str, float], report: Report
) -> tuple[np.ndarray, dict[str, Any], float]:
    """Lay out checked activations and return xy, the settings used and the KL divergence.

    The principal components come first: up to 50 columns they keep all distances, beyond they cut the noise, and the
    first two are where the optimisation starts. The graph of neighbours is handed to scikit-learn ready-made, so that
    it can be reported and timed apart; the result is the same.

    Source: van der Maaten 2014 (Barnes-Hut); Kobak and Berens 2019 (start from PCA, learning rate by sample count).
    """
    from sklearn.manifold import TSNE
    from sklearn.neighbors import KNeighborsTransformer

    samples, columns = h.shape
    perplexity = _check_perplexity(perplexity, samples=samples)
    iterations = check_whole(iterations, name="iterations", least=EARLY_ITERATIONS + 1)
    components = min(COMPONENTS, columns)
    learning_rate = max(samples / EXAGGERATION / 4, 50.0)

    with stage("principal components", samples, unit="samples", part="pca", seconds=seconds, report=report):
        points = principal_scores(h, components)
        # t-SNE does not depend on the scale, its float32 distances do.
        points /= points[:, 0].std()
    with stage("neighbours", samples, unit="samples", part="neighbors", seconds=seconds, report=report):
        neighbors = min(samples - 1, int(3 * perplexity + 1))
        graph = KNeighborsTransformer(n_neighbors=neighbors).fit_transform(points.astype(np.float32))
    engine = TSNE(
        perplexity=perplexity,
        early_exaggeration=EXAGGERATION,
        learning_rate=learning_rate,
        max_iter=iterations,
        # Both stop early by default; then the iterations reported would not be those done.
        n_iter_without_progress=iterations,
        min_grad_norm=0.0,
        metric="precomputed",
        init=_start(points),  # pyright: ignore[reportArgumentType]  # it guesses str from the default
        angle=ANGLE,
        random_state=seed,
    )
    with stage("t-SNE", iterations, unit="iterations", part="optimize", seconds=seconds, report=report):
        xy = engine.fit_transform(graph)
    settings = {
        "perplexity": perplexity,
        "iterations": iterations,
        "learning_rate": learning_rate,
        "early_exaggeration": EXAGGERATION,
        "angle": ANGLE,
        "init": "pca",
        "pca_components": components,
        "seed": seed,
        "engine": "scikit-learn",
    }
    return xy.astype(np.float32, copy=False), settings, float(engine.kl_divergence_)


def _start(points: np.ndarray) -> np.ndarray:
    """The first two components at a spread of 1e-4; a single column starts, and stays, on a line."""
    start = np.zeros((len(points), 2), dtype=np.float32)
    start[:, : points.shape[1]] = points[:, :2] * 1e-4
    return start


def _check_perplexity(perplexity: float, *, samples: int) -> float:
    if not isinstance(perplexity, Real) or isinstance(perplexity, bool) or not 1 <= perplexity < float("inf"):
        raise UsageError(
            "perplexity is a number of neighbours, 1 or more",
            came=repr(perplexity),
            fix="pass for example perplexity=30",
        )
    if samples <= 3 * perplexity:
        largest = (10 * samples - 1) // 3 / 10
        raise UsageError(
            "t-SNE needs more than 3 * perplexity samples",
            came=f"{samples} samples for perplexity {perplexity:g}",
            fix=f"pass perplexity={largest:g} or less, or take more samples",
        )
    return float(perplexity)
