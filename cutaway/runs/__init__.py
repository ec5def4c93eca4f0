"""Runs: the run folder, the one contract between training and everything that looks at it.

In come plain records and NumPy arrays of a training under way (`RunWriter`); out come the same, live or years later
(`RunFolder`), with run.json as a typed `Manifest`. The package knows the files and nothing more: neither Keras
nor JAX is imported here, and weights are arrays by name. May call metrics, checks and errors.
"""

from .atomic import changing, check_output, output_file, remove_strays, write_atomic, write_output
from .folder import (
    RunFolder,
    by_name,
    data_option,
    find_run,
    kept_so_far,
    list_runs,
    read_run,
    read_title,
    run_argument,
    run_command,
    write_title,
)
from .folds import FoldStore
from .layout import REPORT, RUNS, history_path, keeps_predictions, labels_path, snapshot_path
from .locks import is_locked, take_lock
from .manifest import NUMBERS_FORMAT, DataOrigin, DatasetRecord, Manifest, writer_in_words
from .process import ProcessRecord
from .reading import (
    check_no_link,
    check_own,
    is_linked,
    is_text,
    names_in,
    read_bytes,
    read_json,
    regular_file,
)
from .summary import SUMMARY, WATCHED, RunSummary, sample_counts, summaries
from .writer import RunWriter
