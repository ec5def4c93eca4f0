"""The compiled loops of the room, each over a range of rows, so that threads can share them.

In come arrays and a range of rows; out come values written into these rows of the caller's arrays, or a sum over them.
May call numpy, numba and `cutaway.neighbors`, for the decorator that compiles kernels and keeps them on disk. The first
kernel that is asked for loads Numba.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

if TYPE_CHECKING:
    from .attraction import attractive_forces, kl_terms, reorder_graph
    from .calibration import HALF, add_transpose, calibrate, cross_terms, kernel_sum, transpose
    from .exact import exact_repulsive_forces
    from .new_points import optimize_new_points
    from .ranks import count_nearer
    from .repulsion import filter_spectrum, repulsive_forces, spread
    from .step import gradient_step
    from .two_level import BEFORE, FACTOR, gather, scatter

_MODULES = {
    name: f"{__name__}.{module}"
    for module, names in {
        "attraction": ("attractive_forces", "kl_terms", "reorder_graph"),
        "calibration": ("HALF", "add_transpose", "calibrate", "cross_terms", "kernel_sum", "transpose"),
        "exact": ("exact_repulsive_forces",),
        "step": ("gradient_step",),
        "new_points": ("optimize_new_points",),
        "ranks": ("count_nearer",),
        "repulsion": ("filter_spectrum", "repulsive_forces", "spread"),
        "two_level": ("BEFORE", "FACTOR", "gather", "scatter"),
    }.items()
    for name in names
}

__all__ = [
    "BEFORE",
    "FACTOR",
    "HALF",
    "add_transpose",
    "attractive_forces",
    "calibrate",
    "count_nearer",
    "cross_terms",
    "exact_repulsive_forces",
    "filter_spectrum",
    "gather",
    "gradient_step",
    "kernel_sum",
    "kl_terms",
    "optimize_new_points",
    "reorder_graph",
    "repulsive_forces",
    "scatter",
    "spread",
    "transpose",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
