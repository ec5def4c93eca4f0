"""Runs side by side: what differs between two of them, and a table of many.

In come runs or a folder of runs; out come a `Comparison` and a `Leaderboard`, records with ``to_pandas``. May call
everything in `api` up to `open_run`, and the rooms below.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

if TYPE_CHECKING:
    from cutaway.api.analyses.comparison import Comparison

    from .comparing import compare, comparing_options
    from .leaderboard import Leaderboard, leaderboard_of

_MODULES = {
    "Comparison": "cutaway.api.analyses.comparison",
    "Leaderboard": "cutaway.api.comparison.leaderboard",
    "compare": "cutaway.api.comparison.comparing",
    "comparing_options": "cutaway.api.comparison.comparing",
    "leaderboard_of": "cutaway.api.comparison.leaderboard",
}

__all__ = ["Comparison", "Leaderboard", "compare", "comparing_options", "leaderboard_of"]

__getattr__ = lazy_getattr(__name__, _MODULES)
