"""Metrics: what predictions and learning curves are worth, as numbers.

In come plain arrays and rows: class numbers, probabilities, counts, the history of a training. Out come counts and
records. May call numpy, scikit-learn, `cutaway.errors` and `cutaway.checks`; it knows no run, no model and no figure.
"""

from .confusion import Confusion, Mistakes, check_counts, confusion_counts, top_confusions, worst_mistakes
from .overfitting import Overfitting, is_finite, watch_overfitting

__all__ = [
    "Confusion",
    "Mistakes",
    "Overfitting",
    "check_counts",
    "confusion_counts",
    "is_finite",
    "top_confusions",
    "watch_overfitting",
    "worst_mistakes",
]
