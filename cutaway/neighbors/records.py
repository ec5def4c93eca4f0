"""The results of searching neighbors."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The k nearest points of each point.

    Attributes:
        index: int32 (n, k), row numbers, nearest first, equally near points by number; never the point itself.
        squared: float32 (n, k), squared Euclidean distances, ascending.
    """

    index: np.ndarray
    squared: np.ndarray

    def nearest(self, k: int) -> "Neighbors":
        """The first k of each point."""
        return Neighbors(*(np.ascontiguousarray(each[:, :k]) for each in (self.index, self.squared)))
