"""The density of many samples on a map: how many lie in each cell of a square, and their most frequent class.

There are several grids over the same square, each with twice as many cells along a side as the one before, so
zooming in shows finer structure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bundle import Bundle

SIDES = (512, 1024, 2048, 4096)
"""Cells along each side of the grids."""

TILE = 128
"""Cells along each side of a tile; tiles without samples are left out."""

MOST_BYTES = 11_000_000
"""Bytes of all grids in a page at most, 15 MB as text; a finer one that would exceed them is left out."""

FAINTEST, ALONE, STRONGEST = 40, 220, 255
"""Opacity of a cell with one sample at least and at most, and of the fullest one, 0 to 255."""


@dataclass(frozen=True, eq=False)
class DensityGrid:
    """One grid, as the tiles of it that hold samples.

    Attributes:
        side: Cells along each side of the grid.
        tiles: int64 (tile,), ascending, where each is: row by row, from the bottom left.
        counts: int64 (tile, row, column), samples in each cell; rows from the bottom up.
        groups: int64 (tile, row, column), the class of most of them, of equal ones the first; 0 without samples.
    """

    side: int
    tiles: NDArray[np.int64]
    counts: NDArray[np.int64]
    groups: NDArray[np.int64]

    @classmethod
    def of(
        cls, cells: NDArray[np.int64], groups: NDArray[np.int64], counts: NDArray[np.int64], *, side: int
    ) -> "DensityGrid":
        """Cut what lies in a grid into tiles.

        Args:
            cells: int64 (pair,), ascending: numbers of cells, row by row from the bottom left, for each class in one.
            groups: int64 (pair,), the class.
            counts: int64 (pair,), its samples there.
            side: Cells along each side.
        """
        tile = min(TILE, side)
        starts = np.flatnonzero(np.diff(cells, prepend=-1))
        row, column = np.divmod(cells[starts], side)
        tiles, place = np.unique(row // tile * (side // tile) + column // tile, return_inverse=True)
        found = np.zeros((2, len(tiles), tile, tile), np.int64)
        if len(starts):
            classes = int(groups.max()) + 1
            largest = np.maximum.reduceat(counts * classes + (classes - 1 - groups), starts)  # of equal ones the first
            found[0, place, row % tile, column % tile] = np.add.reduceat(counts, starts)
            found[1, place, row % tile, column % tile] = classes - 1 - largest % classes
        return cls(side, tiles, *found)

    def opacities(self, mean: float = 0) -> NDArray[np.uint8]:
        """How opaque each cell is painted, growing with the logarithm of its samples; 0 without samples.

        Args:
            mean: The opacity of the whole square that is wanted. The finer the cells, the more gaps are between them:
                what holds samples is the more opaque, as far as that goes, or all would fade as one zooms in.

        Returns:
            (tile, row, column), 0 to 255.
        """
        is_held = self.counts > 0
        fullest = np.log(max(2, int(self.counts.max(initial=0))))
        share = np.log(self.counts[is_held], dtype=np.float32) / np.float32(fullest)
        wanted, middle = mean * self.side**2 / max(1, len(share)), float(share.mean()) if len(share) else 0.0
        lowest = np.clip((wanted - STRONGEST * middle) / max(1 - middle, 1e-6), FAINTEST, ALONE)
        found = np.zeros(self.counts.shape, np.uint8)
        found[is_held] = np.rint(lowest + (STRONGEST - lowest) * share)
        return found

    def document(self, bundle: Bundle, *, mean: float) -> tuple[dict[str, Any], float]:
        """What the page gets, as plain data, and the opacity of the whole square; the cells go into the bundle."""
        opacities = self.opacities(mean)
        narrow = np.uint8 if self.groups.max(initial=0) < 256 else np.uint16
        arrays = {"tiles": self.tiles.astype(np.uint16), "opacities": opacities, "groups": self.groups.astype(narrow)}
        numbers = {name: bundle.add(array) for name, array in arrays.items()}
        return {**numbers, "side": self.side, "tile": self.counts.shape[1]}, float(opacities.sum()) / self.side**2


@dataclass(frozen=True, eq=False)
class Density:
    """The density of samples on the map of a layer after an epoch.

    Attributes:
        grids: From the coarsest to the finest, of the same samples.
        layer: Place of the layer in the explorer.
        epoch: Place of the layout in the layer.
    """

    grids: tuple[DensityGrid, ...]
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
        sides: Sequence[int] = SIDES,
    ) -> "Density":
        """Count samples by cell. Those beyond the points that are shown are left out.

        Args:
            xy: float (sample, 2), where all samples lie.
            labels: Integers (sample,), their classes, from 0.
            shown: float (some, 2), the layout of the points, as `scale_layout` takes it.
            layer: See the class.
            epoch: See the class.
            sides: Cells along each side, each a multiple of the one before.
        """
        low, high = shown.min(axis=0), shown.max(axis=0)
        width = max(float((high - low).max()), 1e-12)
        corner, finest = ((low + high) / 2 - width / 2).astype(np.float32), sides[-1]
        places = ((xy - corner) * np.float32(finest / width)).astype(np.float32)
        inside = ((places >= 0) & (places <= finest)).all(axis=1)
        column, row = np.minimum(places[inside].astype(np.int64), finest - 1).T
        groups, classes, counts, grids = labels[inside], int(labels.max(initial=0)) + 1, None, list[DensityGrid]()
        for finer, side in pairwise([finest, *reversed(sides)]):
            row, column = row * side // finer, column * side // finer
            keys, place = np.unique((row * side + column) * classes + groups, return_inverse=True)
            counts = np.bincount(place, counts, len(keys)).astype(np.int64)
            cells, groups = np.divmod(keys, classes)
            row, column = np.divmod(cells, side)
            grids.append(DensityGrid.of(cells, groups, counts, side=side))
        return cls(tuple(reversed(grids)), layer, epoch)

    def document(self, bundle: Bundle) -> dict[str, Any]:
        """What the page gets, as plain data; the cells go into the bundle."""
        grids, first, mean = list[dict[str, Any]](), len(bundle.data), 0.0
        for grid in self.grids:
            before = len(bundle.data)
            record, mean = grid.document(bundle, mean=mean)
            if grids and sum(map(len, bundle.data[first:])) > MOST_BYTES:
                del bundle.records[before:], bundle.data[before:]
                break
            grids.append(record)
        return {"grids": grids, "layer": self.layer, "epoch": self.epoch}
