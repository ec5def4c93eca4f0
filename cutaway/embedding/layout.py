"""What an embedding method returns, and the clock it runs under."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from cutaway.progress import Progress, ProgressCallback


@dataclass(frozen=True)
class Quality:
    """How far the distances of a layout can be believed.

    Attributes:
        trustworthiness: 0..1; 1 when no sample has a neighbor in the layout that is far from it in the activations.
        neighbors_preserved: 0..1, mean share of the ``k`` nearest neighbors by activation that the layout keeps among
            its own ``k`` nearest; over all samples.
        k: Size of the neighborhood, in samples.
        samples: How many samples trustworthiness was measured on; neighbors are sought among all.
        accuracy_layer: 0..1, share of samples whose class most of their ``k`` nearest by activation have; None without
            labels.
        accuracy_plane: The same with the ``k`` nearest in the layout.
    """

    trustworthiness: float
    neighbors_preserved: float
    k: int
    samples: int
    accuracy_layer: float | None = None
    accuracy_plane: float | None = None


@dataclass(frozen=True, eq=False)
class Layout:
    """Two coordinates for each sample and how they came about.

    Attributes:
        xy: float32 (sample, 2); the unit of length has no meaning.
        method: "pca", "tsne", "lda" or "umap".
        settings: Every setting with the value that was used, ready for JSON.
        seconds: Time of each part; "total" is always there.
        kl_divergence: What t-SNE has left to minimize, in nats; None for PCA.
        trust: None where there are too few samples to measure it.
        misplaced: float32 (sample,), 0..1, the share of a sample's nearest in the layout
            that are not even among its 6 times as many nearest by activation; None where it was not measured.
    """

    xy: np.ndarray
    method: str
    settings: dict[str, Any]
    seconds: dict[str, float]
    kl_divergence: float | None
    quality: Quality | None
    misplaced: np.ndarray | None = None


@contextmanager
def stage(
    task: str, total: int, *, unit: str, part: str, seconds: dict[str, float], on_progress: ProgressCallback
) -> Iterator[None]:
    """Report the start and the end of one part of the work and enter its time in ``seconds[part]``."""
    on_progress(Progress(task, 0, total, unit))
    start = perf_counter()
    yield
    seconds[part] = perf_counter() - start
    on_progress(Progress(task, total, total, unit))
