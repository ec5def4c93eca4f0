"""An old import path, which scripts and pickles of version 0.1 name."""

from cutaway.topics.layers.result import Layers

__all__ = ["Layers"]
