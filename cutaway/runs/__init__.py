"""Runs: the run folder, the one contract between training and everything that looks at it.

In come plain records and NumPy arrays of a training under way (`RunWriter`); out come the same, live or years later
(`RunFolder`), with run.json as a typed `Manifest` and a store of derived results (`ResultStore`). The package knows
what is on disk and nothing more: neither Keras nor JAX is imported here, and weights are arrays by name. May call
metrics, checks and errors.
"""

from .atomic import check_output, output_file, remove_strays, write_atomic, write_output
from .commands import by_name, data_option, run_command
from .folder import DamagedRun, RunFolder, find_run, kept_so_far, list_runs, read_run, run_argument
from .inside import check_own, is_linked, is_text, names_in
from .keeping import DAMAGED, KeptResult, digest_of, kept, plain_records, read_kept, records_of, result_name
from .layout import REPORT, RUNS, history_path, keeps_predictions, labels_path, snapshot_path
from .locks import changing, is_locked, take_lock
from .manifest import FORMAT, DataOrigin, DatasetRecord, Manifest, ModelSpec, writer_in_words
from .process import ProcessRecord
from .reading import check_no_link, open_regular, read_bytes, read_json, regular_file
from .results import ResultStore, file_name
from .summary import SUMMARY, WATCHED, RunSummary, read_title, sample_counts, summaries, write_title
from .writer import RunWriter

__all__ = [
    "DAMAGED",
    "FORMAT",
    "REPORT",
    "RUNS",
    "SUMMARY",
    "WATCHED",
    "DamagedRun",
    "DataOrigin",
    "DatasetRecord",
    "KeptResult",
    "Manifest",
    "ModelSpec",
    "ProcessRecord",
    "ResultStore",
    "RunFolder",
    "RunSummary",
    "RunWriter",
    "by_name",
    "changing",
    "check_no_link",
    "check_output",
    "check_own",
    "data_option",
    "digest_of",
    "file_name",
    "find_run",
    "history_path",
    "is_linked",
    "is_locked",
    "is_text",
    "keeps_predictions",
    "kept",
    "kept_so_far",
    "labels_path",
    "list_runs",
    "names_in",
    "open_regular",
    "output_file",
    "plain_records",
    "read_bytes",
    "read_json",
    "read_kept",
    "read_run",
    "read_title",
    "records_of",
    "regular_file",
    "remove_strays",
    "result_name",
    "run_argument",
    "run_command",
    "sample_counts",
    "snapshot_path",
    "summaries",
    "take_lock",
    "write_atomic",
    "write_output",
    "write_title",
    "writer_in_words",
]
