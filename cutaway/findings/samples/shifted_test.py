"""Test samples that do not look like the training samples."""

from collections.abc import Iterable

from cutaway.data import Shift
from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "shifted-test-samples"
FAR = 0.6
ERRORS = 3.0
RULES = (
    Rule(
        KIND,
        words=(
            "A classifier that tells test from training samples has, out of sample, an area under the ROC curve that "
            f"is {ERRORS:g} standard errors above {FAR:g}; on up to 2,000 samples of each. Without test samples, "
            "validation samples are judged."
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
    if shift is None or not is_shifted(shift):
        return
    held = evidence.held_out
    text = (
        f"A classifier tells {held} samples from training samples with an area under the ROC curve of {shift.auc:.2f} "
        f"(0.5 where they are alike, ±{ERRORS * shift.error:.2f}). They were taken, scaled or chosen in another way, "
        f"so that the {held} accuracy is not that of samples like the training samples."
    )
    advice = (
        f"Find out what differs. If the model will see samples like the {held} samples, train it on such samples as "
        f"well; otherwise take {held} samples like those that it will see. There is no proof, since this takes other "
        "samples."
    )
    record = {"auc": shift.auc, "error": shift.error, "samples": shift.samples}
    remedy = Remedy(
        f"train on samples like the {held} samples, or take {held} samples like those that the model will see",
        untried="this takes other samples, and another training on the same ones does not make them more alike",
    )
    title, samples = f"{held.capitalize()} samples differ from training samples", evidence.named(KIND)
    yield Finding(KIND, "warning", title, text, record, remedy, samples=samples, advice=advice)


def is_shifted(shift: Shift) -> bool:
    """Whether the test samples are told from the training samples."""
    return shift.auc - ERRORS * shift.error >= FAR
