"""An old import path, which scripts and pickles of version 0.1 name."""

from cutaway.topics.classes.confusion_matrix import Confusion

__all__ = ["Confusion"]
