"""The report of a run: one HTML page.

In comes a run; out goes HTML as a string. Each section is a function that takes a `ReportSource` and returns a record
of `cutaway.page`, or None if the run has nothing to show there; `sections` lists them. May call the other files of
`cutaway.api` except `run` and `train`, and the rooms below.
"""

from .document import report_html

__all__ = ["report_html"]
