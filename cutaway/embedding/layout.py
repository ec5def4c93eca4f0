"""The result of an embedding method."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from cutaway.errors import Hint
from cutaway.words import percent

# A caution is given from these values on. By `python -m benchmarks embedding_cautions`, of maps that do not need it at
# most 5% get one, and of those that need it at least 90%.
EQUAL_ROWS = 0.02
# Two groups whose sizes or distances differ by this factor in the layer, and on the map by less than half of theirs.
RATIO = 2.0
# Noise: neighbors are nearer than among shuffled values by less than this share. Of 300 data sets of noise, 0.011 was
# the most; of wine, which is the least of the real ones tried, it is 0.08.
NOISE = 0.015
# Below this share of neighbors found, the map shows other neighbors than the nearest: with the usual 98% KL is 0.4%
# higher than with all.
FOUND = 0.9
# Groups that gaps separate are none of noise: the halves of an even cloud are 3.5 standard deviations apart.
SEPARATE = 4.0


@dataclass(frozen=True)
class Quality:
    """How well a layout preserves the neighborhoods and the distances of the activations.

    "Groups" are those on the map: parts of it that gaps separate, each with 2% of the samples or more.

    Attributes:
        trustworthiness: 0..1; 1 if no sample has a neighbor in the layout that is far from it in the activations.
        neighbors_preserved: 0..1, mean share of the ``k`` nearest neighbors by activation that are among the ``k``
            nearest in the layout.
        k: Number of neighbors.
        samples: Number of samples that were measured, each compared with all: all samples up to 2,000, otherwise 1,500
            chosen by the seed.
        accuracy_layer: 0..1, share of samples whose class is the most frequent one among their ``k`` nearest neighbors
            by activation; None without labels.
        accuracy_plane: The same with the ``k`` nearest in the layout; over all samples.
        standard_errors: Standard error of each estimated measure, by its name, from 0 up; the value over all samples is
            within twice of it in 95% of the choices of samples. None if all samples were measured.
        triplets: 0..1, share of triplets of samples for which the layout preserves which of two is nearer to the third;
            0.5 is chance. Over all triplets up to 120 samples, otherwise the mean of 20 random sets of 60.
        triplets_error: Its standard error; None if all were compared.
        distance_correlation: -1..1, Spearman's rank correlation of the distances of all pairs by activation and in
            the layout, over the same samples.
        distance_correlation_error: Its standard error; None if all were compared.
        equal_rows: 0..1, share of samples with the same activations as another one.
        sizes_layer: Size of the group that is largest by activation (root mean square distance from its mean) in units
            of the smallest; None without two groups.
        sizes_plane: The same ratio, of the same two groups, in the layout.
        distances_layer: Distance of the two groups (their means) that are farthest apart by activation in units of the
            distance of the two nearest; None without three groups.
        distances_plane: The same ratio, of the same groups, in the layout.
        separation: Distance by activation between a group and the nearest one, in standard deviations along the line
            through their means; the median over the groups. Without two groups, between the two sides of the first
            principal component.
        structure: By which share a sample's nearest neighbors by activation are nearer than if each column, or each
            principal component, is shuffled by itself; about 0 for noise, below 0 if they are farther. None for fewer
            than 30 different samples, or for samples on a line.
        largest_class: 0..1, share of the most frequent class: the accuracy of always answering it. None without labels.
        neighbors_found: 0..1, share of the nearest neighbors that the search for t-SNE found; None if it was exact.
    """

    trustworthiness: float
    neighbors_preserved: float
    k: int
    samples: int
    accuracy_layer: float | None = None
    accuracy_plane: float | None = None
    standard_errors: dict[str, float] | None = None
    triplets: float | None = None
    triplets_error: float | None = None
    distance_correlation: float | None = None
    distance_correlation_error: float | None = None
    equal_rows: float | None = None
    sizes_layer: float | None = None
    sizes_plane: float | None = None
    distances_layer: float | None = None
    distances_plane: float | None = None
    separation: float | None = None
    structure: float | None = None
    largest_class: float | None = None
    neighbors_found: float | None = None

    @property
    def cautions(self) -> tuple[str, ...]:
        """Wrong conclusions that the map invites, one sentence each; empty if there are none."""
        said = []
        if self.equal_rows is not None and self.equal_rows >= EQUAL_ROWS:
            said.append(
                f"{percent(self.equal_rows, 1)} of the samples are equal to another one in all values: how the map "
                "arranges "
                "equal samples, as a ring, a disk or one point, means nothing."
            )
        if _is_lost(self.sizes_layer, self.sizes_plane):
            said.append(
                f"The sizes of groups mean nothing on this map: one group is {self.sizes_layer:.1f} times as wide as "
                f"another in the layer, and {self.sizes_plane:.1f} times on the map."
            )
        if _is_lost(self.distances_layer, self.distances_plane):
            said.append(
                "The distances between groups mean little on this map: two groups are "
                f"{self.distances_layer:.1f} times as far apart as two others in the layer, and "
                f"{self.distances_plane:.1f} times on the map."
            )
        if self.structure is not None and self._is_noise(self.structure):
            said.append(
                "Groups and paths on this map may be chance: in the layer, a sample's nearest neighbors are "
                f"{percent(max(self.structure, 0.0), 1)} nearer than among shuffled values, as in noise."
            )
        if self.neighbors_found is not None and self.neighbors_found < FOUND:
            said.append(
                f"Only {percent(self.neighbors_found, 0)} of the nearest neighbors were found, since they are spread "
                "over many parts of the data. " + Hint("With {} all are.", neighbors="exact")
            )
        return tuple(said)

    def _is_noise(self, structure: float) -> bool:
        """Whether neither neighbors, nor gaps, nor classes tell the samples from noise."""
        if structure >= NOISE or (self.separation or 0.0) >= SEPARATE:
            return False
        if self.accuracy_layer is None or self.largest_class is None:
            return True
        error = sqrt(self.largest_class * (1 - self.largest_class) / self.samples)
        return self.accuracy_layer < self.largest_class + 3 * error


def _is_lost(layer: float | None, plane: float | None) -> bool:
    """Whether a ratio of the layer is large, and the map shows less than half of it."""
    return layer is not None and plane is not None and layer >= RATIO and plane < layer / 2


@dataclass(frozen=True, eq=False)
class Layout:
    """Two coordinates for each sample, and how they were computed.

    Attributes:
        xy: float32 (sample, 2); the unit of length has no meaning.
        method: "pca", "tsne" or "umap".
        settings: Every setting with the value that was used, ready for JSON. For t-SNE the settings of `TSNESettings`,
            with "auto" resolved, and what the descent reports: "iterations" (done) and "stopped" ("converged",
            "iterations" or "canceled"), among others. "neighbors_recall" (0..1) is the share of the neighbors that an
            approximate search found, and None after an exact one.
        seconds: Time of each stage; "total" is always there.
        kl_divergence: KL divergence in nats, which t-SNE minimizes; None for other methods, or if it was canceled
            before the first iteration or while this was computed.
        quality: None if there are too few samples to measure it, if the layout was canceled, or with ``quality=False``.
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
        cautions = caution_count(self.quality)
        return f"<Layout of {len(self.xy):,} samples by {self.method}, {self.seconds['total']:.1f} s{cautions}>"


def caution_count(quality: Quality | None) -> str:
    """The number of cautions, as the end of a line about a layout; "" if there are none."""
    count = len(quality.cautions) if quality else 0
    return f", {count} caution{'s' if count > 1 else ''}" if count else ""
