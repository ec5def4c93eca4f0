"""Facts about samples before anything is trained: ranges, columns, copies, groups, and shifted splits.

In come arrays of inputs and labels; out come numbers. May call scikit-learn.
"""

from .column_shift import ColumnShift, column_shifts
from .duplicates import equal_by_chance, repeated_samples
from .encoded_target import EncodedTarget, encoded_target, may_encode_target
from .grouping import Grouping, grouping_of
from .inputs import LARGE_MEAN, InputFacts, input_facts, mean_over_spread
from .near import NearCopies, near_copies
from .sentinels import Sentinels, far_values, words_among_numbers
from .shift import Shift, tell_apart
from .simple_models import SIMPLE_MODELS, simple_predictions
from .single import FEWER, TELLS, TellingInput, telling_column, telling_input
from .units import MixedUnits, mixed_units
from .whole_groups import WholeGroups, blocks_of_labels, periods, whole_groups
from .words import ToldByWords, told_by_words

__all__ = [
    "FEWER",
    "LARGE_MEAN",
    "SIMPLE_MODELS",
    "TELLS",
    "ColumnShift",
    "EncodedTarget",
    "Grouping",
    "InputFacts",
    "MixedUnits",
    "NearCopies",
    "Sentinels",
    "Shift",
    "TellingInput",
    "ToldByWords",
    "WholeGroups",
    "blocks_of_labels",
    "column_shifts",
    "encoded_target",
    "equal_by_chance",
    "far_values",
    "grouping_of",
    "input_facts",
    "may_encode_target",
    "mean_over_spread",
    "mixed_units",
    "near_copies",
    "periods",
    "repeated_samples",
    "simple_predictions",
    "tell_apart",
    "telling_column",
    "telling_input",
    "told_by_words",
    "whole_groups",
    "words_among_numbers",
]
