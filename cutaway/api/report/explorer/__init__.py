"""The section in which all samples are looked at, in every layer and after every epoch.

In comes a `ReportSource`; out comes an `Explorer` for the page. May call what `cutaway.api.report` may call.
"""

from .section import FEWEST, explore, shown_maps

__all__ = ["FEWEST", "explore", "shown_maps"]
