"""An old import path, which scripts and pickles of version 0.1 name."""

from cutaway.topics.findings.result import Findings

__all__ = ["Findings"]
