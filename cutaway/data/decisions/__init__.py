"""A person's decisions on labels: what they are, the file they are in, and how they are applied.

May call what `cutaway.data` says of datasets, tables, splits and names of samples.
"""

from .applying import Decided, decide, drop, relabel, split_and_prepare
from .record import Decision, check_decisions, csv_row, read_decisions, safe_cell, write_decisions

__all__ = [
    "Decided",
    "Decision",
    "check_decisions",
    "csv_row",
    "decide",
    "drop",
    "read_decisions",
    "relabel",
    "safe_cell",
    "split_and_prepare",
    "write_decisions",
]
