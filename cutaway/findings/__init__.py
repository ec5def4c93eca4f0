"""Findings: what a person should look at, in plain sentences.

In come `Evidence` records, which hold plain arrays and numbers: the rows of a history, a confusion matrix, counts of
dead units, accuracies. Out come `Finding` records, each a title, a sentence and the numbers behind it. Each check
is a function with the rules that it applies, in a module by subject; `registry` lists them. May call numpy,
`cutaway.data`, `cutaway.metrics` and `cutaway.errors`; it knows no run, no model and no figure.
"""

from .classes import LEAST_WRONG
from .first_weights import alike_units
from .label_issues import (
    ISSUE_SCORE,
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
from .records import Evidence, Finding, Remedy, Rule, ShortTrainings, SimplerModel, WeightFacts, check
from .registry import GRADIENTS, LEAST_EPOCHS, PREDICTIONS, RULES, TRAINING, folded, passed_kinds, run_checks
from .units import MANY_SATURATED, averages_inputs, looks_drawn
