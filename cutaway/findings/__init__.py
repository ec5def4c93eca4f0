"""Findings: what a person should look at, in plain sentences.

In come `Evidence` records, which hold plain arrays and numbers: the rows of a history, a confusion matrix, counts of
inactive units, accuracies. Out come `Finding` records, each a title, a sentence and the numbers behind it. There is one
file per finding; `registry` lists them. May call numpy, `cutaway.metrics` and `cutaway.errors`; it knows no run, no
model and no figure.
"""

from .causes import folded
from .names import class_in_words, listed
from .records import Evidence, Finding, LayerFacts, Remedy, Rival, Rule, WeightFacts
from .registry import RULES, run_checks
from .suspects import (
    SUSPECT,
    CountEstimate,
    HeldOut,
    bound_count,
    can_judge,
    deal_folds,
    errors_of_the_surest,
    keep_highest,
    label_scores,
    suggest,
    why_withheld,
)
from .training.frozen_layers import looks_drawn
from .training.saturated_units import MANY as MANY_SATURATED

__all__ = [
    "MANY_SATURATED",
    "RULES",
    "SUSPECT",
    "CountEstimate",
    "Evidence",
    "Finding",
    "HeldOut",
    "LayerFacts",
    "Remedy",
    "Rival",
    "Rule",
    "WeightFacts",
    "bound_count",
    "can_judge",
    "class_in_words",
    "deal_folds",
    "errors_of_the_surest",
    "folded",
    "keep_highest",
    "label_scores",
    "listed",
    "looks_drawn",
    "run_checks",
    "suggest",
    "why_withheld",
]
