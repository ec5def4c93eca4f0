"""An old import path, which scripts and pickles of version 0.1 name."""

from cutaway.topics.influence.result import InfluentialSample

__all__ = ["InfluentialSample"]
