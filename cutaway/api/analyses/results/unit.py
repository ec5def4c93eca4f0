"""An old import path, which scripts and pickles of version 0.1 name."""

from cutaway.topics.units.unit import Unit

__all__ = ["Unit"]
