"""An old import path, which scripts and pickles of version 0.1 name."""

from cutaway.topics.learning_curve.generalization import EarlyStopping

__all__ = ["EarlyStopping"]
