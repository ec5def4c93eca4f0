"""Commands that set runs side by side: compare and robustness."""

from .curves import robustness
from .two_runs import compare

__all__ = ["compare", "robustness"]
