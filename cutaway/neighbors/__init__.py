"""Nearest neighbors, and the principal components for searching them.

In come points, float32 (sample, column); out come the k nearest other points of each (`nearest_neighbors`, or most of
them and how many: `approximate_neighbors`), or the k points nearest to each query (`nearest_among`, and
`nearest_with_ties`), exactly; or how far the n-th neighbor is (`squared_to_nth`). `kernel` compiles the loops of this
package and of `cutaway.embedding` and keeps them on disk. May call numpy, numba, `cutaway.parallel`, `cutaway.checks`,
`cutaway.progress` and `cutaway.errors`. Numba is loaded by the first search.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .approximate import approximate_neighbors
from .components import (
    CenteredMatrix,
    PrincipalComponents,
    pca,
    principal_points,
    principal_scores,
)
from .exact import nearest_neighbors
from .queries import nearest_among, nearest_with_ties, squared_to_nth
from .records import Neighbors

if TYPE_CHECKING:
    from .compiled import U, compilation_progress, kernel

# These load Numba.
_MODULES = {
    "U": "cutaway.neighbors.compiled",
    "compilation_progress": "cutaway.neighbors.compiled",
    "kernel": "cutaway.neighbors.compiled",
}

__getattr__ = lazy_getattr(__name__, _MODULES)
