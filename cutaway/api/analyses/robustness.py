"""An old import path, which scripts and pickles of version 0.1 name."""

from cutaway.topics.robustness.result import RobustnessCurve

__all__ = ["RobustnessCurve"]
