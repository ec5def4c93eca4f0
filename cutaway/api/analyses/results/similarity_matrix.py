"""An old import path, which scripts and pickles of version 0.1 name."""

from cutaway.topics.layers.similarity_matrix import Similarity

__all__ = ["Similarity"]
