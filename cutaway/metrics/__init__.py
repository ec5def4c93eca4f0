"""Metrics: what predictions and learning curves are worth, as numbers.

In come plain arrays and rows: class numbers, probabilities, counts, the history of a training. Out come counts and
records. May call numpy, scipy and `cutaway.errors`; it knows no run, no model and no figure.
"""

from .classification import LEAST_PROBABILITY, classification_metrics
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
from .intervals import CONFIDENCE, Interval, mean_interval, paired_difference_interval, wilson_interval
from .overfitting import OVERFITTING_EPOCHS, OVERFITTING_RISE, Overfitting, is_finite, watch_overfitting
from .paired import EXACT, McNemar, PairedMeasures, mcnemar, paired_measures
from .per_class import LISTED, PerClass, per_class

__all__ = [
    "CONFIDENCE",
    "EXACT",
    "LEAST_PROBABILITY",
    "LISTED",
    "OVERFITTING_EPOCHS",
    "OVERFITTING_RISE",
    "Confusion",
    "Interval",
    "McNemar",
    "Mistakes",
    "Overfitting",
    "PairedMeasures",
    "PerClass",
    "PredictedClasses",
    "SparseCounts",
    "classification_metrics",
    "confusion_counts",
    "is_finite",
    "mcnemar",
    "mean_interval",
    "most_mistaken",
    "paired_difference_interval",
    "paired_measures",
    "per_class",
    "top_confusions",
    "watch_overfitting",
    "wilson_interval",
    "worst_mistakes",
]
