# pyright: reportUnusedImport=false
"""The section for looking at all samples, in every layer and after every epoch.

In comes a `ReportSource`, or for a notebook a `RunContext`; out comes an `Explorer` for the page. May call what
`cutaway.report` may call.
"""

from .by_itself import run_explorer
from .preview import preview
from .section import explore, note_left_out, shown_maps
