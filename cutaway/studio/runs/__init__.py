"""The runs of a folder, as the studio lists them: what is kept of each, what a person wrote to it, and its trash."""

from .index import RunIndex
from .notes import NOTES, Notes, change_notes, read_notes
from .row import model_words, run_row, sample_counts, training_progress
from .trash import Trash
from .verdict import verdict

__all__ = [
    "NOTES",
    "Notes",
    "RunIndex",
    "Trash",
    "change_notes",
    "model_words",
    "read_notes",
    "run_row",
    "sample_counts",
    "training_progress",
    "verdict",
]
