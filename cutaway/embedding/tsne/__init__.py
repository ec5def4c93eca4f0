"""t-SNE in the order of the paper, one file for each stage.

In come checked activations, float32 (sample, unit), and settings (`TSNESettings`); out come coordinates, the settings
as they were used, and the KL divergence. `tsne` runs the stages: affinities, the schedule, and the descent, with an
optimizer, the interpolation grid and the order of points in memory. The compiled loops are in `kernels`. May call
`kernels`, `cutaway.embedding.stages`, `cutaway.neighbors`, `cutaway.parallel`, `cutaway.checks`, `cutaway.progress` and
`cutaway.errors`.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .affinities import (
    Affinities,
    compute_affinities,
    conditional_affinities,
    joint_affinities,
    kl_divergence,
    neighbors_for,
)
from .fit import Surroundings, descent_record, threads_for, tsne
from .iterate import CANCELLATIONS, Callback, Iterate
from .schedule import EXACT, Phase, phases_for
from .settings import PCA_COMPONENTS, TSNESettings, check_perplexity_fits, make_settings

if TYPE_CHECKING:
    from .descent import KL_INTERVAL, KL_WINDOW, Descent, Optimizer, descend, fall_of_kl
    from .interpolation import InterpolationGrid
    from .optimizer import OptimizerState

# These load Numba.
_MODULES = {
    "KL_INTERVAL": "cutaway.embedding.tsne.descent",
    "KL_WINDOW": "cutaway.embedding.tsne.descent",
    "Descent": "cutaway.embedding.tsne.descent",
    "InterpolationGrid": "cutaway.embedding.tsne.interpolation",
    "Optimizer": "cutaway.embedding.tsne.descent",
    "OptimizerState": "cutaway.embedding.tsne.optimizer",
    "descend": "cutaway.embedding.tsne.descent",
    "fall_of_kl": "cutaway.embedding.tsne.descent",
}

__all__ = [
    "CANCELLATIONS",
    "EXACT",
    "KL_INTERVAL",
    "KL_WINDOW",
    "PCA_COMPONENTS",
    "Affinities",
    "Callback",
    "Descent",
    "InterpolationGrid",
    "Iterate",
    "Optimizer",
    "OptimizerState",
    "Phase",
    "Surroundings",
    "TSNESettings",
    "check_perplexity_fits",
    "compute_affinities",
    "conditional_affinities",
    "descend",
    "descent_record",
    "fall_of_kl",
    "joint_affinities",
    "kl_divergence",
    "make_settings",
    "neighbors_for",
    "phases_for",
    "threads_for",
    "tsne",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
