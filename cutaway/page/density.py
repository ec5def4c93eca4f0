"""The density of many samples on a map: how many lie in each cell of a square, and of which class most of them are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bundle import Bundle

SIDE = 1024
"""Cells along each side: their arrays take at most 3 MB in a page."""

FAINTEST, STRONGEST = 40, 255
"""Opacity of a cell with one sample, and of the fullest one, 0 to 255."""


@dataclass(frozen=True, eq=False)
class Density:
    """The density of samples on the map of a layer after an epoch.

    Attributes:
        counts: int64 (side, side), samples in each cell; rows from the bottom up.
        groups: int16 (side, side), the class of most of them; -1 where there are none.
        layer: Place of the layer among those of the explorer.
        epoch: Place of the layout among those of the layer.
    """

    counts: NDArray[np.int64]
    groups: NDArray[np.int16]
    layer: int
    epoch: int

    @classmethod
    def of(
        cls,
        xy: NDArray[np.floating[Any]],
        labels: NDArray[np.integer[Any]],
        *,
        shown: NDArray[np.floating[Any]],
        layer: int,
        epoch: int,
        side: int = SIDE,
    ) -> "Density":
        """Count samples by cell. Those beyond the points that are shown are left out.

        Args:
            xy: float (sample, 2), where all samples lie.
            labels: Integers (sample,), their classes, from 0.
            shown: float (some, 2), the layout of the points, as `scale_layout` takes it.
            layer: As of the class.
            epoch: As of the class.
            side: Cells along each side.
        """
        low, high = shown.min(axis=0), shown.max(axis=0)
        width = max(float((high - low).max()), 1e-12)
        corner = ((low + high) / 2 - width / 2).astype(np.float32)
        places = ((xy - corner) * np.float32(side / width)).astype(np.float32)
        inside = ((places >= 0) & (places <= side)).all(axis=1)
        column, row = np.minimum(places[inside].astype(np.int64), side - 1).T
        classes = int(labels.max(initial=0)) + 1
        keys, counts = np.unique((row * side + column) * classes + labels[inside], return_counts=True)
        cells, groups = keys // classes, keys % classes
        order = np.lexsort((-groups, counts, cells))  # of each cell the largest class last, of equal ones the first
        most = np.full(side * side, -1, np.int16)
        most[cells[order]] = groups[order]
        total = np.bincount(cells, counts, side * side).astype(np.int64)
        return cls(total.reshape(side, side), most.reshape(side, side), layer, epoch)

    def document(self, bundle: Bundle) -> dict[str, Any]:
        """What the page gets, as plain data; the cells go into the bundle."""
        share = np.log(np.maximum(self.counts, 1)) / max(float(np.log(max(int(self.counts.max()), 2))), 1e-12)
        levels = np.where(self.counts > 0, np.rint(FAINTEST + (STRONGEST - FAINTEST) * share), 0).astype(np.uint8)
        side = len(self.counts)
        arrays = {"levels": bundle.add(levels), "groups": bundle.add(self.groups)}
        return {**arrays, "side": side, "layer": self.layer, "epoch": self.epoch}
