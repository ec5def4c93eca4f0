"""The section on confidence: whether probabilities are right as often as they say, and which answers are sure."""

from dataclasses import replace

from cutaway.metrics import BINS
from cutaway.page import Figure, Section
from cutaway.results.units import percent
from cutaway.topics.common.source import ReportSource, once

from .calibration import Calibration, calibration

IN_A_BIN = 20
"""Samples in a bin that is drawn at least, where there are enough for two: of fewer, its interval is wide."""


@once
def calibration_of(source: ReportSource) -> Calibration:
    """Confidence against accuracy on the samples of a report."""
    return calibration(source.context, split=source.split, bins=BINS)


def confidence(source: ReportSource) -> Section | None:
    """The reliability curve of the held-out samples; None without any."""
    from .calibration import reliability_panel
    from .coverage import coverage

    context = source.context
    if not len(source.ids):
        return None
    measured = calibration_of(source)
    error = measured.scores.ece_equal_mass
    lead = (
        f"The mean confidence is {percent(measured.scores.confidence)} and the accuracy "
        f"{percent(measured.scores.accuracy)}; confidence and accuracy differ by {percent(error)} in the mean of "
        f"{measured.bins} bins of equally many samples (expected calibration error)."
    )
    if measured.temperature is not None and measured.scaled_scores is not None:
        scaled = measured.scaled_scores.ece_equal_mass
        lead += (
            f" Dividing the logits by a temperature of {measured.temperature.value:.2f}, fitted on the validation "
            f"samples, makes this {percent(scaled)}."
        )
        if measured.temperature.at_limit:
            lead += " That is the end of the range that was tried: these samples do not determine the temperature."
    answered = coverage(context, split=source.split, accuracy=None)
    found = [(each.wanted, each.checked) for each in answered.targets if each.checked and each.checked.threshold > 0]
    if found:
        wanted, checked = found[0]
        lead += (
            f" If the model only answers where its confidence is at least {checked.threshold:.3f}, chosen on the "
            f"validation samples for an accuracy of {wanted:.1%}, it answers {percent(checked.coverage.value)} of the "
            f"{source.kind} samples and is right on {percent(checked.accuracy.value)} of them."
        )
    bins = max(2, min(BINS, len(source.ids) // IN_A_BIN))
    drawn = measured if bins == BINS else calibration(context, split=source.split, bins=bins)
    caption = (
        f"Each point is a bin of {source.kind} samples, with the 95% interval of its accuracy. On the diagonal a model "
        "is right as often as it says."
    )
    # without its title, which says the same as the section, and which a narrow screen cuts off
    panel = replace(reliability_panel(drawn), title="")
    return Figure(name="confidence", title="Confidence", lead=lead, panels=(panel,), caption=caption, beside=True)
