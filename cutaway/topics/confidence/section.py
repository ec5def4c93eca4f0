"""The section on confidence: whether probabilities are right as often as they say, and which answers are sure."""

from cutaway.page import Section
from cutaway.topics.common.sections import result_section
from cutaway.topics.common.source import ReportSource, once

from .calibration import Calibration, calibration
from .options import ConfidenceOptions

IN_A_BIN = 20
"""Samples in a bin that is drawn at least, if there are enough for two: of fewer, its interval is wide."""


@once
def calibration_of(source: ReportSource) -> Calibration:
    """Confidence against accuracy on the samples of a report."""
    return calibration(source.context, ConfidenceOptions())


def confidence(source: ReportSource) -> Section | None:
    """Calibration and coverage of the held-out samples; None without any."""
    from .coverage import coverage

    if not len(source.ids):
        return None
    measured, usual = calibration_of(source), ConfidenceOptions()
    bins = max(2, min(usual.bins, len(source.ids) // IN_A_BIN))
    drawn = measured if bins == usual.bins else calibration(source.context, ConfidenceOptions(bins=bins))
    answered = coverage(source.context, usual)
    return result_section(
        "confidence",
        "Confidence",
        measured,
        answered,
        panels=drawn.panels(),
        tables=(*measured.tables()[:1], *answered.tables()),  # the bins are drawn
        figure=f"Each point is a bin of {source.kind} samples, with the 95% interval of its accuracy. On the diagonal "
        "a model is right as often as it says.",
    )
