"""Metrics: what predictions and learning curves are worth, as numbers.

In come plain arrays and rows: class numbers, probabilities, counts, the history of a training. Out come counts and
records. May call numpy, scikit-learn and `cutaway.errors`; it knows no run, no model and no figure.
"""

from .classification import classification_metrics
from .confusion import Confusion, Mistakes, check_counts, confusion_counts, top_confusions, worst_mistakes
from .overfitting import OVERFITTING_EPOCHS, OVERFITTING_RISE, Overfitting, is_finite, watch_overfitting
from .per_class import PerClass, per_class

__all__ = [
    "OVERFITTING_EPOCHS",
    "OVERFITTING_RISE",
    "Confusion",
    "Mistakes",
    "Overfitting",
    "PerClass",
    "check_counts",
    "classification_metrics",
    "confusion_counts",
    "is_finite",
    "per_class",
    "top_confusions",
    "watch_overfitting",
    "worst_mistakes",
]
