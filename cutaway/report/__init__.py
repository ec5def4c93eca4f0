# pyright: reportUnusedImport=false
"""The report of a run: one HTML page.

In comes a `RunContext`; out goes HTML as a string, or the explorer by itself. Each section is a function that
takes a `ReportSource` and returns a record of `cutaway.page`, or None if the run has nothing to show there; `sections`
lists them. May call `cutaway.topics` and the packages below.
"""

from .document import (
    embeddings,
    heading,
    make_section,
    report_html,
    report_page,
    section_names,
    write_report,
)
from .explorer import preview, run_explorer
from .progress import ReportProgress
