"""The repulsive forces of a layout that stays as it is, on a grid over the plane, computed once."""

from dataclasses import dataclass

import numpy as np

from cutaway.parallel import cpu_count


@dataclass(frozen=True, eq=False)
class Field:
    """The potential sum_j 1 / (1 + |p - y_j|^2) of the points of a layout.

    Attributes:
        potential: float32 (nodes or more, nodes or more), coefficients of cubic splines.
        nodes: Nodes that count, along each side.
        corner: float32 (2,), coordinates of node (0, 0).
        spacing: Distance of two nodes.
        level: What is added to the potential.
    """

    potential: np.ndarray
    nodes: int
    corner: np.ndarray
    spacing: float
    level: float

    @classmethod
    def of(cls, xy: np.ndarray) -> "Field":
        """Compute the potential of points, float32 (n, 2)."""
        from cutaway.embedding.tsne.grid import fft, grid_for  # these load the compiled kernels
        from cutaway.embedding.tsne.interpolation import convolve
        from cutaway.embedding.tsne.normalization import FINEST, MOST_NODES, SPACING

        low, high = xy.min(axis=0).astype(np.float64), xy.max(axis=0).astype(np.float64)
        half = max(float((high - low).max()) / 2, 1e-3)
        # as fine as for the normalization Z; a very large layout gets a coarser grid
        spacing = max(min(SPACING, max(FINEST, half / 24)), 2 * half / MOST_NODES)
        grid = grid_for(half, spacing)
        corner = ((low + high) / 2 - (grid.nodes - 1) / 2 * grid.spacing).astype(np.float32)
        with fft.set_workers(cpu_count()):
            potential, _ = convolve(np.ascontiguousarray(xy), grid, corner)
        return cls(potential, grid.nodes, corner, grid.spacing, grid.level * len(xy))
