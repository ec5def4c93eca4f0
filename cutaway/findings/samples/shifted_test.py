"""Test samples that do not look like the training samples."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Rule

KIND = "shifted-test-samples"
FAR = 0.6
ERRORS = 3.0
RULES = (
    Rule(
        KIND,
        words=(
            "A classifier that tells test from training samples has, out of sample, an area under the ROC curve that "
            f"is {ERRORS:g} standard errors above {FAR:g}; on up to 2,000 samples of each."
        ),
        source=(
            'Lopez-Paz, Oquab 2017, "Revisiting classifier two-sample tests"; Hanley, McNeil 1982 for the standard '
            "error"
        ),
        known_as="covariate shift; multivariate drift in deepchecks",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Warn where a classifier tells test samples from training samples."""
    shift = evidence.shift
    if shift is None or shift.auc - ERRORS * shift.error < FAR:
        return
    text = (
        f"A classifier tells test samples from training samples with an area under the ROC curve of {shift.auc:.2f} "
        f"(0.5 where they are alike, ±{ERRORS * shift.error:.2f}). They were taken, scaled or chosen in another way, "
        "so that the test accuracy is not that of samples like the training samples."
    )
    record = {"auc": shift.auc, "error": shift.error, "samples": shift.samples}
    samples = evidence.named(KIND)
    yield Finding(KIND, "warning", "Test samples differ from training samples", text, record, samples=samples)
