"""Data: what a model is trained on, and the identity of every sample.

In come a name ("mnist", "digits"), a path (a table, a folder of images, of IDX or of .npy files, an .npz file) or the
user's own arrays and tables. A `Table` becomes a dataset once it is split. Out come a `Dataset` (read-only arrays,
labels as class numbers), a `Split` into train, val and test, `SampleIds` that keep the identity of every sample, such
as ``test[7]``, through any selection, and `LazyRows` that are read only when they are indexed, because inputs may be
memory maps larger than memory. Files are read and never written.
There is one file per data source in `sources`. May call `cutaway.errors`, `cutaway.checks` and `cutaway.cache` only;
scikit-learn, SciPy, pyarrow and Pillow are imported inside the functions that need them, pandas only in
`Table.describe`.
"""

from .arrays import as_fitted
from .catalog import dataset_names, find_source, load_again, load_dataset, looks_like_a_path, origin_options
from .columns import ColumnFacts, class_numbers, column_facts, one_of_each_group
from .dataset import Dataset, Source
from .decisions import (
    Decided,
    Decision,
    check_decisions,
    count_decisions,
    csv_line,
    csv_row,
    decide,
    drop,
    quoted_cell,
    read_decisions,
    relabel,
    split_and_prepare,
    write_decisions,
)
from .facts import (
    FAR_SHARE,
    FEWER,
    LARGE_MEAN,
    LIMIT_TIMES,
    PAIRS,
    REACHED,
    SIMPLE_MODELS,
    TELLS,
    ColumnShift,
    EncodedTarget,
    InputFacts,
    LeakyInput,
    MixedUnits,
    NearDuplicates,
    PredictiveWords,
    Repeats,
    Sentinels,
    Shift,
    TargetFacts,
    WholeGroups,
    are_ties,
    column_shifts,
    input_facts,
    leaky_inputs,
    mean_over_spread,
    near_duplicates,
    repeated_samples,
    simple_predictions,
    target_facts,
    tell_apart,
)
from .idx import read_idx
from .images import Centering, new_image_files, paper_level, read_new_image
from .labeled import holds_labels
from .labels import target_names
from .npy import map_npy
from .preparation import Preparation
from .rows import LazyRows
from .sample_names import find_sample
from .samples import SampleIds
from .sampling import stratified_sample
from .sources.look import TableLook, look_at_table
from .sources.record import data_states
from .sources.table import is_table_path
from .split import PARTS, Split, join_ids
from .splitting import all_ids, split_dataset
from .tables import (
    MISSING,
    UNIQUE,
    Column,
    Dialect,
    Table,
    date_seconds,
    find_dialect,
    has_owner_name,
    hashed_values,
    is_frame,
    leave_out,
    left_out,
    left_out_in_words,
    prepare_new_rows,
    spellings,
    table_cells,
)
