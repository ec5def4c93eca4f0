"""Exact nearest neighbors, and the principal components in which they are sought.

In come points, float32 (sample, column); out come the k nearest other points of each, exactly, or the k nearest to
other points. May call numpy, scipy, numba, `cutaway.parallel`, `cutaway.checks`, `cutaway.errors` and
`cutaway.progress`; it knows no run and no model. Numba is loaded by the first search.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .components import PIECE, Centered, pca, principal_scores, with_fixed_sign
from .exact import Neighbors, nearest_neighbors

if TYPE_CHECKING:
    from .compiled import U, kernel

# These load Numba.
_MODULES = {"U": "cutaway.neighbors.compiled", "kernel": "cutaway.neighbors.compiled"}

__all__ = [
    "PIECE",
    "Centered",
    "Neighbors",
    "U",
    "kernel",
    "nearest_neighbors",
    "pca",
    "principal_scores",
    "with_fixed_sign",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
