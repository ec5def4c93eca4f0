"""Facts about samples before anything is trained: ranges, single telling values, duplicates, and shifted splits.

In come arrays of inputs and labels; out come numbers. May call scikit-learn.
"""

from .duplicates import first_equal, repeated_samples
from .grouping import Grouping, grouping_of
from .inputs import InputFacts, input_facts
from .shift import Shift, tell_apart
from .single import FEWER, LEAST, TELLS, TellingInput, halves, telling_input, tells_alone, told_alone

__all__ = [
    "FEWER",
    "LEAST",
    "TELLS",
    "Grouping",
    "InputFacts",
    "Shift",
    "TellingInput",
    "first_equal",
    "grouping_of",
    "halves",
    "input_facts",
    "repeated_samples",
    "tell_apart",
    "telling_input",
    "tells_alone",
    "told_alone",
]
