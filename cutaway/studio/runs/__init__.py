"""The runs of a folder, as the studio lists them: cached rows, and the trash."""

from .index import RunIndex
from .trash import Trash

__all__ = ["RunIndex", "Trash"]
