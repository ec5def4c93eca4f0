"""The report: what a run holds, on one page.

In come ready figures and texts as a `ReportContent`; out goes one HTML file as a string, which works from disk with
the network off. BokehJS is taken from the installed bokeh package. May call `cutaway.plots` and `cutaway.errors`; it
knows no run and no model.
"""

from .page import ReportContent, ReportFinding, ReportInside, ReportMistake, ReportUnit, report_page

__all__ = ["ReportContent", "ReportFinding", "ReportInside", "ReportMistake", "ReportUnit", "report_page"]
