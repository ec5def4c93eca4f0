"""The order in which points are kept: near in the plane, near in memory."""

import numpy as np

from cutaway.parallel.pool import WorkerPool
from cutaway.parallel.ranges import ranges

from .kernels.attraction import Graph, relabel

# Cells along each side of the plane; two numbers of 15 bits make a code that an int32 holds.
CELLS = 1 << 15
# A layout of this width is one point: all its forces are 0 to a part in ten thousand.
POINT = 1e-2


def morton(xy: np.ndarray) -> np.ndarray:
    """Place of each point on Morton's curve, int32 (n,): the bits of its column and row, ``CELLS`` of each, in turn."""
    low = xy.min(axis=0)
    scale = np.float32((CELLS - 1) / max(float((xy.max(axis=0) - low).max()), 1e-30))
    bits = ((xy - low) * scale).astype(np.int32)
    # each step moves half of the bits of every group to where zeros lie between them
    for distance, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        bits = (bits | bits << distance) & mask
    return bits[:, 0] | bits[:, 1] << 1


class SortedPoints:
    """The points, their affinities and their state of motion, in the order of their places.

    A neighbor's coordinates are then mostly in the first cache. With 70,000 points, whose coordinates fit the
    second one, that is 9.1 ms against 11.0 for the attraction, and a descent is a tenth shorter.

    Args:
        graph: Affinities in the caller's order; kept, and read at every sort.
        start: float32 (n, 2) in the caller's order.

    Attributes:
        last: float32 (n, 2), the step before.
        gains: float32 (n, 2).
        start: int64 (n + 1,), with ``index`` and ``value`` the graph in this order.
        index: int32 (m,).
        value: float32 (m,).
    """

    def __init__(self, graph: Graph, start: np.ndarray) -> None:
        self._graph, self._begin = graph, np.array(start, np.float32, order="C")
        # one assignment swaps both, so that Ctrl-C cannot part coordinates from names
        self._named = self._begin.copy(), np.arange(len(start), dtype=np.int32)
        self.last = np.zeros_like(self.xy)
        self.gains = np.ones_like(self.xy)
        self.start, self.index, self.value = graph.start, graph.index, graph.value

    @property
    def xy(self) -> np.ndarray:
        """Coordinates, float32 (n, 2)."""
        return self._named[0]

    @property
    def order(self) -> np.ndarray:
        """The caller's row at each place, int32 (n,)."""
        return self._named[1]

    def sort(self, crew: WorkerPool) -> None:
        """Put the points in the order of their places now."""
        n = len(self.xy)
        moved = np.argsort(morton(self.xy), kind="stable")
        self.last, self.gains = self.last[moved], self.gains[moved]
        self._named = self.xy[moved], self.order[moved]
        if self.index is self._graph.index:
            self.start, self.index, self.value = (np.empty_like(each) for each in (self.start, self.index, self.value))
        given = self._graph
        place = np.empty(n, np.int32)
        place[self.order] = np.arange(n, dtype=np.int32)
        self.start[0] = 0
        np.cumsum(np.diff(given.start)[self.order], out=self.start[1:])
        crew.run(
            lambda low, high: relabel(
                *(given.start, given.index, given.value, self.order, place, self.start, self.index, self.value),
                low,
                high,
            ),
            ranges(n, 4096),
        )

    def recover(self) -> bool:
        """Go back to the start where exaggerated attraction has drawn all points to one, and return whether it was so.

        It does where each point attends to most of the others, as 4 points do, or equal rows: they would end as one
        point, where no force is left.
        """
        lost = float(np.ptp(self.xy, axis=0).max()) < min(float(np.ptp(self._begin, axis=0).max()), POINT)
        if lost:
            self._named = self._begin[self.order], self.order
            self.last[:], self.gains[:] = 0, 1
        return lost

    def given(self) -> np.ndarray:
        """Return a copy of the coordinates, centered on 0, in the caller's order."""
        here, order = self._named
        xy = np.empty_like(here)
        xy[order] = here - here.mean(axis=0, dtype=np.float64).astype(np.float32)
        return xy
