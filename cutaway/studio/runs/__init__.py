"""The runs of a folder, as the studio lists them: what is kept of each, and its trash."""

from .index import RunIndex
from .trash import Trash

__all__ = ["RunIndex", "Trash"]
