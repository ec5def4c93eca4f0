"""An old import path, which scripts and pickles of version 0.1 name."""

from cutaway.topics.mistakes.result import Mistakes

__all__ = ["Mistakes"]
