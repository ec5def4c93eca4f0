"""The command that sets runs next to each other: compare."""

from .two_runs import compare

__all__ = ["compare"]
