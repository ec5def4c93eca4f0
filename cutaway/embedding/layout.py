"""What an embedding method returns."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Quality:
    """How well a layout preserves the neighborhoods of the activations.

    Attributes:
        trustworthiness: 0..1; 1 if no sample has a neighbor in the layout that is far from it in the activations.
        neighbors_preserved: 0..1, mean share of the ``k`` nearest neighbors by activation that are among the ``k``
            nearest in the layout.
        k: Number of neighbors.
        samples: Number of samples that were measured, each compared with all: up to 2,000 all, of more
            1,500 chosen by the seed.
        accuracy_layer: 0..1, share of samples whose class is the most frequent one among their ``k`` nearest neighbors
            by activation; None without labels.
        accuracy_plane: The same with the ``k`` nearest in the layout; over all samples, except where some of them
            were placed among those of a layout.
        standard_errors: Of each measure that was estimated, by its name: the standard error, from 0 up; the value over
            all samples is within twice of it in 95% of the choices of samples. None if all samples were measured.
    """

    trustworthiness: float
    neighbors_preserved: float
    k: int
    samples: int
    accuracy_layer: float | None = None
    accuracy_plane: float | None = None
    standard_errors: dict[str, float] | None = None


@dataclass(frozen=True, eq=False)
class Layout:
    """Two coordinates for each sample, and how they were computed.

    Attributes:
        xy: float32 (sample, 2); the unit of length has no meaning.
        method: "pca", "tsne", "lda" or "umap".
        settings: Every setting with the value that was used, ready for JSON. For t-SNE the settings of
            `TSNESettings`, with "auto" resolved, and what the descent reports: "iterations" (done) and "stopped"
            ("converged", "iterations" or "canceled"), among others. Where only some samples were laid out, "laid_out"
            and "placed" are their numbers and those of the others, and "placement_recall" (0..1) is the share of the
            neighbors of a placed sample that were found.
        seconds: Time of each stage; "total" is always there.
        kl_divergence: KL divergence in nats, which t-SNE minimizes; None for other methods, or if it was canceled
            before the first iteration or while this was computed.
        quality: None if there are too few samples to measure it, if the layout was canceled, or if it was not wanted.
        misplaced: float32 (sample,), 0..1, the share of a sample's nearest neighbors in the layout that are not even
            among its 6 times as many nearest by activation; None if it was not measured.
    """

    xy: np.ndarray
    method: str
    settings: dict[str, Any]
    seconds: dict[str, float]
    kl_divergence: float | None
    quality: Quality | None
    misplaced: np.ndarray | None = None

    def __repr__(self) -> str:
        return f"<Layout of {len(self.xy):,} samples by {self.method}, {self.seconds['total']:.1f} s>"
