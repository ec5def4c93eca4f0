"""Placing many samples in a layout: neighbors from cells, repulsive forces from a grid."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from cutaway.checks import check_matrix
from cutaway.embedding.new_samples import (
    EXAGGERATION,
    ITERATIONS,
    PERPLEXITY,
    Placement,
    check_units,
    first_places,
)
from cutaway.embedding.tsne.affinities import conditional_affinities, neighbors_for
from cutaway.neighbors import PrincipalComponents, nearest_among
from cutaway.parallel import ranges, run_ranges

from .cells import Cells
from .field import Field

# New samples that a thread places at a time.
ROWS_PER_RANGE = 1024
# Samples on which the recall of neighbors is measured.
MEASURED = 1000


@dataclass(frozen=True, eq=False)
class ManyPlacement:
    """What is needed to place many samples in a layout.

    Attributes:
        at: The samples of the layout.
        cells: The same samples, for the search of neighbors.
        field: Their repulsive forces.
    """

    at: Placement
    cells: Cells
    field: Field

    @classmethod
    def of(cls, at: Placement, *, seed: int = 0) -> "ManyPlacement":
        """Prepare to place many samples; `seed` decides the cells in which neighbors are searched."""
        return cls(at, Cells.of(at.points, seed=seed), Field.of(at.xy))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything in it by name, for other processes that place samples in the same layout."""
        parts = {"components": self.at.components, "cells": self.cells, "field": self.field}
        found = {"points": self.at.points, "xy": self.at.xy}
        for part, record in parts.items():
            found |= {f"{part}.{field.name}": np.asarray(getattr(record, field.name)) for field in fields(record)}
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "ManyPlacement":
        """What `to_arrays` took apart; the arrays may be memory maps, and read-only."""

        def part(kind: Any, name: str) -> Any:
            values = {field.name: np.asarray(arrays[f"{name}.{field.name}"]) for field in fields(kind)}
            return kind(**{key: value if value.ndim else value.item() for key, value in values.items()})

        points, xy = np.asarray(arrays["points"]), np.asarray(arrays["xy"])
        at = Placement(part(PrincipalComponents, "components"), points, xy)
        return cls(at, part(Cells, "cells"), part(Field, "field"))

    def recall(self, h: np.ndarray) -> float:
        """The share of the neighbors of some samples that the search in cells finds, or others as near, 0..1.

        Args:
            h: float32 (sample, unit), of which the first 1,000 are measured.
        """
        points, k = self.at.components(h[:MEASURED]), self._neighbors
        found, exact = self.cells.nearest(points, k), nearest_among(self.at.points, points, k)
        same = (found.index[:, :, None] == exact.index[:, None, :]).any(axis=2)
        return float((same | (found.squared <= exact.squared[:, -1:])).mean())

    @property
    def _neighbors(self) -> int:
        return neighbors_for(PERPLEXITY, len(self.at.points) + 1)


def place_many(h: np.ndarray, into: ManyPlacement) -> np.ndarray:
    """Place samples as `place` does, each independently, some hundred times as fast.

    Neighbors are searched in the nearest of the cells that the samples of the layout are divided into, so that some
    may be missed (see `ManyPlacement.recall`). Repulsive forces are interpolated from a grid, with errors below 1%.

    Args:
        h: float32 (sample, unit), activations of the same layer. Some 100,000 at a time are fastest.
        into: The layout.

    Returns:
        float32 (sample, 2).

    Raises:
        DataError: See `place`.
    """
    from .kernels import optimize_in_field

    at, field = into.at, into.field
    h = check_matrix(h, name="activations")
    check_units(h, at)
    near = into.cells.nearest(at.components(h), neighbors_for(PERPLEXITY, len(at.points) + 1))
    affinities = conditional_affinities(near.squared, PERPLEXITY)
    x, y = np.ascontiguousarray(at.xy[:, 0]), np.ascontiguousarray(at.xy[:, 1])
    xy = first_places(x, y, near.index, affinities)
    # a kernel is compiled for arrays that can be written, which those of another process cannot
    potential, corner = (np.require(array, requirements="W") for array in (field.potential, field.corner))
    grid = potential, field.nodes, corner, np.float32(1 / field.spacing), np.float32(field.level)

    def optimize(low: int, high: int) -> None:
        optimize_in_field(x, y, near.index, affinities, np.float32(EXAGGERATION), ITERATIONS, *grid, xy, low, high)

    run_ranges(optimize, ranges(len(h), ROWS_PER_RANGE))
    return xy
