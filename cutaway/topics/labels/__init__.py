"""Suspect labels: found by models that were not trained on them, and a person's decisions on them.

In come a run or a dataset; out come `LabelIssues`, and decisions in the run's labels.csv. `cross_validation` says what
is trained, `folds` has it trained, here or on an engine of `cutaway.execution`, and `cutaway.findings.suspects` judges
what the models say. May call every room below `api`, and `cutaway.context`.
"""

from .cross_validation import CrossValidation, of_data, of_run
from .deciding import add_decisions, append_decisions, count_held_out, decisions_of, read_all, take_back_decision
from .finding import check_sizes, find_label_issues
from .kept import KeptSuspects, kept_suspects
from .result import LabelIssues, check_suspects_file, write_suspects

__all__ = [
    "CrossValidation",
    "KeptSuspects",
    "LabelIssues",
    "add_decisions",
    "append_decisions",
    "check_sizes",
    "check_suspects_file",
    "count_held_out",
    "decisions_of",
    "find_label_issues",
    "kept_suspects",
    "of_data",
    "of_run",
    "read_all",
    "take_back_decision",
    "write_suspects",
]
