"""A random subset of many points: it is laid out first, and the others join it where their neighbors are."""

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from .affinities import Affinities
from .layout_step import Callback, LayoutStep


@dataclass(frozen=True, eq=False)
class Subsample:
    """Points chosen at random, and the weights for placing the others by them.

    Early exaggeration decides where groups go, and a part of each group is enough for that: with one point in four to
    eight, KL at the end is the same at 70,000 and at 280,000 points of a hidden layer of MNIST; with one in sixteen of
    70,000 it is 1% higher. Minimizing KL itself by the subsample does not pay: the others join too late, and KL at
    70,000 points ends at 2.41 instead of 2.24.

    Attributes:
        rows: int64 (m,), the chosen points, ascending.
        affinities: Among the chosen points, with the sum 1.
        matrix: float32 (n, n), the affinities of all points, a `scipy.sparse.csr_array` (SciPy has no types).
    """

    rows: np.ndarray
    affinities: Affinities
    matrix: Any

    @classmethod
    def of(cls, affinities: Affinities, samples: int) -> "Subsample":
        """Choose N points: always the same for the same total."""
        from scipy.sparse import csr_array

        n = len(affinities.start) - 1
        # at random, because the order of points may follow a pattern
        rows = np.sort(np.random.default_rng(0).permutation(n)[:samples])
        # SciPy gives both the wider of their types: indices in int64 would take another GB at 1,000,000 points
        is_narrow = affinities.start[-1] <= np.iinfo(np.int32).max
        start = affinities.start.astype(np.int32) if is_narrow else affinities.start
        matrix: Any = csr_array((affinities.value, affinities.index, start), shape=(n, n))
        among = matrix[rows][:, rows]
        among.sort_indices()
        value = (among.data / max(among.data.sum(dtype=np.float64), np.finfo(np.float32).tiny)).astype(np.float32)
        return cls(rows, Affinities(among.indptr.astype(np.int64), among.indices.astype(np.int32), value), matrix)

    def spread(self, xy: np.ndarray) -> np.ndarray:
        """Place all points: the chosen ones stay, the others go to the mean of the chosen ones, by affinity.

        A point that has affinity to none of them is placed in the middle.

        Args:
            xy: float32 (m, 2), coordinates of the chosen points.

        Returns:
            float32 (n, 2).
        """
        chosen = np.zeros((self.matrix.shape[0], 3), np.float32)
        chosen[self.rows, :2], chosen[self.rows, 2] = xy, 1
        sums = self.matrix @ chosen
        placed = sums[:, :2] / np.maximum(sums[:, 2:], np.finfo(np.float32).tiny)
        placed[self.rows] = xy
        return placed


def spread_steps(subsample: Subsample, callback: Callback) -> Callback:
    """Make a callback for layouts of the subsample from one that takes layouts of all points.

    Placing all points takes 30 ms at 70,000, as long as some 20 iterations of the subsample: it may take a tenth of the
    time.
    """
    began, ended = -np.inf, -np.inf

    def spread(step: LayoutStep) -> bool | None:
        nonlocal began, ended
        now = perf_counter()
        if now - ended < 9 * (ended - began):
            return None
        began, whole = now, replace(step, xy=subsample.spread(step.xy))
        ended = perf_counter()
        return callback(whole)

    return spread
