"""Probabilities that are too high or too low for how often they are right."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "miscalibration"
FAR = 0.05
ERRORS = 4.0
# A few samples that the model is sure of and gets wrong say nothing of how often that happens.
LEAST = 10
# Few epochs and smoothed labels make a model underconfident, which does little harm: by 25% in healthy runs.
BELOW = 0.3
TEMPERATURE = Remedy("divide the logits by a temperature fitted on the validation samples", change="temperature")
RULES = (
    Rule(
        KIND,
        words=(
            "On the test samples, or the validation samples without any, the mean confidence is above the accuracy by "
            f"more than {FAR:.0%} and {ERRORS:g} standard errors, of an exact binomial interval, or below it by "
            f"more than {BELOW:.0%}. Not judged on "
            f"fewer than {LEAST} samples."
        ),
        source='Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks"',
        known_as="overconfidence, underconfidence; calibration score in deepchecks",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Compare the mean confidence with the accuracy."""
    samples = evidence.test_samples or evidence.val_samples
    if evidence.calibration is None or (samples is not None and samples < LEAST):
        return
    error, difference, deviation = evidence.calibration
    smoothing = (evidence.config or {}).get("label_smoothing") or 0.0
    if -BELOW <= difference <= max(FAR, ERRORS * deviation):
        return
    record = {"ece": error, "difference": difference}
    if difference > 0:
        text = (
            f"The mean confidence on the {evidence.held_out} samples is {difference:.1%} above the accuracy: an answer "
            "that is called 95% sure is right less often."
        )
        advice = (
            "A temperature fitted on the validation samples lowers it without another training; stopping earlier and "
            "label smoothing lower it as well."
        )
        smooth = {} if smoothing else {"label_smoothing": 0.05}
        words = "stop early" if smoothing else "smooth the labels by 0.05 and stop early"
        remedy = TEMPERATURE if evidence.val_samples else Remedy(words, {**smooth, "patience": 3})
        samples = evidence.named(KIND, "over")
        yield Finding(KIND, "warning", "The model is overconfident", text, record, remedy, samples, advice=advice)
        return
    text = (
        f"The mean confidence on the {evidence.held_out} samples is {-difference:.1%} below the accuracy: the model "
        "is right more often than it says."
    )
    advice = (
        "Fit a temperature on validation samples, which raises the confidence without another training; less label "
        "smoothing or more epochs raise it as well."
    )
    remedy = TEMPERATURE if evidence.val_samples else None
    if remedy is None and smoothing:
        remedy = Remedy("train without label smoothing", {"label_smoothing": 0.0})
    samples = evidence.named(KIND, "under")
    yield Finding(KIND, "warning", "The model is underconfident", text, record, remedy, samples, advice=advice)
