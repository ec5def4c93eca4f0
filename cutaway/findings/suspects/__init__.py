"""Suspect labels: which samples probably have a wrong label, from what models say that were not trained on them.

In come `HeldOut` probabilities, as arrays; out come a score for each sample, the label that it suggests, and an
estimate of how many labels are wrong. Knows no run and no model.
"""

from .counts import CountEstimate, bound_count, can_judge, errors_of_the_surest, why_withheld
from .held_out import OTHERS, HeldOut, keep_highest
from .scores import SUSPECT, deal_folds, label_scores, suggest

__all__ = [
    "OTHERS",
    "SUSPECT",
    "CountEstimate",
    "HeldOut",
    "bound_count",
    "can_judge",
    "deal_folds",
    "errors_of_the_surest",
    "keep_highest",
    "label_scores",
    "suggest",
    "why_withheld",
]
