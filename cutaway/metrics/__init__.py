"""Metrics: what predictions and learning curves are worth, and how samples were learned, as numbers.

In come plain arrays and rows: class numbers, probabilities, counts, the history of a training. Out come counts and
records. May call numpy, scipy and `cutaway.errors`; it knows no run, no model and no figure.
"""

from .classification import classification_metrics
from .confusion import (
    Confusion,
    Mistakes,
    PredictedClasses,
    SparseCounts,
    confusion_counts,
    most_mistaken,
    top_confusions,
    worst_mistakes,
)
from .dynamics import DIFFICULTIES, DYNAMICS_SORTS, NEVER, Dynamics, DynamicsTracker, check_dynamics_sort
from .overfitting import OVERFITTING_EPOCHS, OVERFITTING_RISE, Overfitting, is_finite, watch_overfitting
from .per_class import LISTED, PerClass, per_class

__all__ = [
    "DIFFICULTIES",
    "DYNAMICS_SORTS",
    "LISTED",
    "NEVER",
    "OVERFITTING_EPOCHS",
    "OVERFITTING_RISE",
    "Confusion",
    "Dynamics",
    "DynamicsTracker",
    "Mistakes",
    "Overfitting",
    "PerClass",
    "PredictedClasses",
    "SparseCounts",
    "check_dynamics_sort",
    "classification_metrics",
    "confusion_counts",
    "is_finite",
    "most_mistaken",
    "per_class",
    "top_confusions",
    "watch_overfitting",
    "worst_mistakes",
]
