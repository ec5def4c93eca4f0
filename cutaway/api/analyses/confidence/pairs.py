"""An old import path, which scripts and pickles of version 0.1 name."""

from cutaway.topics.confidence.confused_pairs import ConfusedPair

__all__ = ["ConfusedPair"]
