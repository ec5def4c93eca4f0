"""Facts about samples before anything is trained: ranges, columns, copies, groups, and shifted splits.

In come arrays of inputs and labels; out come numbers. Files have the names of the findings. May call scikit-learn and
neighbors.
"""

from .column_values import (
    MixedUnits,
    Sentinels,
    amounts,
    extreme_values,
    far_values,
    mixed_units,
    words_among_numbers,
)
from .duplicates import NearDuplicates, Repeats, are_ties, near_duplicates, repeated_samples
from .groups import WholeGroups, blocks_of_labels, grouping_of, periods, whole_groups
from .inputs import LARGE_MEAN, InputFacts, input_facts, mean_over_spread
from .leakage import (
    FEWER,
    REACHED,
    TELLS,
    EncodedTarget,
    LeakyInput,
    PredictiveWords,
    codes_in_no_order,
    encoded_target,
    leaky_column,
    leaky_inputs,
    may_encode_target,
    predictive_words,
    told_by,
)
from .shift import ColumnShift, Shift, column_shifts, tell_apart
from .simple_models import SIMPLE_MODELS, simple_predictions
from .targets import FAR_SHARE, LIMIT_TIMES, PAIRS, TargetFacts, target_facts
