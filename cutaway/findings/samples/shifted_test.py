"""Test samples that do not look like the training samples."""

from collections.abc import Iterable
from typing import Any

from cutaway.data import ColumnShift, Shift
from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "shifted-test-samples"
FAR = 0.6
ERRORS = 3.0
NAMED = 5
RULES = (
    Rule(
        KIND,
        words=(
            "A classifier that tells test from training samples has, out of sample, an area under the ROC curve that "
            f"is {ERRORS:g} standard errors above {FAR:g}, on up to 2,000 samples of each; or the shares of a column's "
            "values up to some number, or of some categories, differ by 20% or more, on up to 10,000 samples of each, "
            "with a p-value below 0.001 over all columns (Kolmogorov-Smirnov or chi-square test, corrected by Holm). "
            "Without test samples, validation samples are judged."
        ),
        source=(
            'Lopez-Paz, Oquab 2017, "Revisiting classifier two-sample tests"; Hanley, McNeil 1982 for the standard '
            "error"
        ),
        known_as="covariate shift; multivariate drift in deepchecks",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Warn where a classifier, or single columns, tell test samples from training samples."""
    shift = evidence.shift
    columns = [(each.name, each.shift) for each in evidence.columns or () if each.shift is not None]
    columns.sort(key=lambda each: -each[1].distance)
    told = shift if shift is not None and is_shifted(shift) else None
    if told is None and not columns:
        return
    held, record, text = evidence.held_out, dict[str, Any](), ""
    if told is not None:
        text = (
            f"A classifier tells {held} samples from training samples with an area under the ROC curve of "
            f"{told.auc:.2f} (0.5 where they are alike, ±{ERRORS * told.error:.2f}). "
        )
        record |= {"auc": told.auc, "error": told.error, "samples": told.samples}
    if columns:
        listed = ", ".join(f'"{name}" ({_change(each)})' for name, each in columns[:NAMED])
        more = f" and {len(columns) - NAMED:,} more" if len(columns) > NAMED else ""
        differ = "columns differ" if len(columns) > 1 else "column differs"
        text += f"{len(columns):,} {differ} by more than chance: {listed}{more}. "
        record["columns"] = {name: {"distance": each.distance, "p": each.p_value} for name, each in columns}
    text += (
        "They were taken, scaled or chosen in another way, "
        f"so that the {held} accuracy is not that of samples like the training samples."
    )
    advice = (
        f"Find out how the {held} samples differ. If the model will see samples like the {held} samples, train it on "
        f"such samples as well; otherwise take {held} samples like those that it will see. There is no proof, since "
        "this takes other samples."
    )
    remedy = Remedy(
        f"train on samples like the {held} samples, or take {held} samples like those that the model will see",
        untried="other samples are needed, and another training on the same ones does not make them more alike",
    )
    title, samples = f"{held.capitalize()} samples differ from training samples", evidence.named(KIND)
    yield Finding(KIND, "warning", title, text, record, remedy, samples=samples, advice=advice)


def _change(shift: ColumnShift) -> str:
    if shift.first is None or shift.second is None:
        return f"{shift.distance:.0%} of the samples in other categories"
    return f"median {shift.first:.4g} in training, {shift.second:.4g} here"


def is_shifted(shift: Shift) -> bool:
    """Whether the test samples are told from the training samples."""
    return shift.auc - ERRORS * shift.error >= FAR
