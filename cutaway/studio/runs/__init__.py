"""The runs of a folder, as the studio lists them: what is kept of each, its title, and its trash."""

from .index import RunIndex
from .row import model_words, run_row, sample_counts, training_progress
from .title import write_title
from .trash import Trash
from .verdict import verdict

__all__ = [
    "RunIndex",
    "Trash",
    "model_words",
    "run_row",
    "sample_counts",
    "training_progress",
    "verdict",
    "write_title",
]
