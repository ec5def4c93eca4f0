"""The report of a run: one HTML page.

In comes a `RunContext`; out goes HTML as a string, or the explorer by itself. Each section is a function that
takes a `ReportSource` and returns a record of `cutaway.page`, or None if the run has nothing to show there; `sections`
lists them. May call `cutaway.api.analyses`, `cutaway.api.labels`, `cutaway.api.context` and the rooms below.
"""

from .document import report_html, write_report
from .explorer import run_explorer

__all__ = ["report_html", "run_explorer", "write_report"]
