"""The runs of a folder, as the studio lists them: what is kept of each, what a person wrote to it, and its trash."""

from .index import RunIndex
from .notes import Notes, read_notes, write_notes
from .row import run_row
from .trash import Trash

__all__ = ["Notes", "RunIndex", "Trash", "read_notes", "run_row", "write_notes"]
