"""An old import path, which scripts and pickles of version 0.1 name."""

from cutaway.topics.confidence.coverage import WantedAccuracy

__all__ = ["WantedAccuracy"]
