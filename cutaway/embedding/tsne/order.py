"""The order of points in memory: points that are near in the plane are near in memory."""

import numpy as np

from cutaway.parallel import WorkerPool, ranges

from .affinities import Affinities
from .kernels.attraction import reorder_columns, reorder_values

# Cells along each side of the plane; two numbers of 15 bits make a code that fits an int32.
CELLS = 1 << 15
# A layout no wider than this counts as one point: its forces are 0 up to 1 part in 10,000.
POINT_WIDTH = 1e-2


def morton(xy: np.ndarray) -> np.ndarray:
    """Position of each point on the Morton curve, int32 (n,): the bits of its column and its row, alternating."""
    low = xy.min(axis=0)
    scale = np.float32((CELLS - 1) / max(float((xy.max(axis=0) - low).max()), 1e-30))
    bits = ((xy - low) * scale).astype(np.int32)
    # each step spreads the bits of every group: in the end there is a zero after each bit
    for distance, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        bits = (bits | bits << distance) & mask
    return bits[:, 0] | bits[:, 1] << 1


class SortedPoints:
    """The points with their affinities, previous steps and gains, sorted by position in the plane.

    The coordinates of a neighbor are then mostly in the first-level cache. With 70,000 points, whose coordinates fit
    the second level, attractive forces take 9.1 ms instead of 11.0, and a descent is a tenth shorter.

    Args:
        affinities: In the caller's order.
        start: float32 (n, 2) in the caller's order.

    Attributes:
        last: float32 (n, 2), the previous step.
        gains: float32 (n,), factors of the learning rate.
        start: int64 (n + 1,), with ``index`` and ``value`` the affinities in the sorted order.
        index: int32 (m,).
        value: float32 (m,).
    """

    def __init__(self, affinities: Affinities, start: np.ndarray) -> None:
        self._initial = np.array(start, np.float32, order="C")
        # one assignment replaces both: an interrupt cannot separate coordinates from their row numbers
        self._sorted = self._initial.copy(), np.arange(len(start), dtype=np.int32)
        self.last = np.zeros_like(self.xy)
        self.gains = np.ones(len(start), np.float32)
        self.start, self.index, self.value = affinities.start, affinities.index, affinities.value

    @property
    def xy(self) -> np.ndarray:
        """Coordinates, float32 (n, 2)."""
        return self._sorted[0]

    @property
    def order(self) -> np.ndarray:
        """The caller's row number of each point, int32 (n,)."""
        return self._sorted[1]

    def sort(self, pool: WorkerPool) -> None:
        """Sort the points by their current positions."""
        n = len(self.xy)
        moved = np.argsort(morton(self.xy), kind="stable")
        self.last, self.gains = self.last[moved], self.gains[moved]
        self._sorted = self.xy[moved], self.order[moved]
        place = np.empty(n, np.int32)
        place[moved] = np.arange(n, dtype=np.int32)
        before, start = self.start, np.zeros_like(self.start)
        np.cumsum(np.diff(before)[moved], out=start[1:])
        parts = ranges(n, 4096)
        # one after the other: the old columns are freed before there are new values, 350 MB at 1,000,000 points
        columns, index = self.index, np.empty_like(self.index)
        pool.run(lambda low, high: reorder_columns(before, columns, moved, place, start, index, low, high), parts)
        self.index, columns = index, None
        values, value = self.value, np.empty_like(self.value)
        pool.run(lambda low, high: reorder_values(before, values, moved, start, value, low, high), parts)
        self.start, self.value = start, value

    def recover(self) -> bool:
        """Return to the start if early exaggeration has collapsed the layout to one point; return whether it has.

        That happens if each point has affinity to most of the others, such as 4 points or equal rows; at one point all
        forces are 0, and the layout would stay there.
        """
        collapsed = float(np.ptp(self.xy, axis=0).max()) < min(float(np.ptp(self._initial, axis=0).max()), POINT_WIDTH)
        if collapsed:
            self._sorted = self._initial[self.order], self.order
            self.last[:], self.gains[:] = 0, 1
        return collapsed

    def in_given_order(self) -> np.ndarray:
        """Return a copy of the coordinates, centered on 0, in the caller's order."""
        here, order = self._sorted
        xy = np.empty_like(here)
        xy[order] = here - here.mean(axis=0, dtype=np.float64).astype(np.float32)
        return xy
