"""What the doctor says: findings, and what their remedies changed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cutaway._lazy import public
from cutaway.findings import Finding
from cutaway.metrics import Interval
from cutaway.results.notebook import joined_html, line_html, notes_html
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Table
from cutaway.topics.common.scoring import split_in_words
from cutaway.topics.findings.result import draw_findings, findings_html, findings_table
from cutaway.words import counted, number, percent

if TYPE_CHECKING:
    from cutaway.plots import Figure

LEVEL = 0.05
"""p-value below which a remedy counts as having changed the measure it is judged by."""

LOW_IS_GOOD = ("loss", "calibration error")

WITHOUT, R2_WITHOUT = "accuracy without these inputs", "R2 without these inputs"
"""What the remedy of a leak is judged by: the inputs that it leaves out have their mean in all samples."""

Measure = Literal[
    "accuracy",
    "balanced accuracy",
    "loss",
    "calibration error",
    "accuracy without these inputs",
    "R2",
    "R2 without these inputs",
]


@dataclass(frozen=True)
class Judgment:
    """A measure before and after a remedy.

    Attributes:
        measure: What is measured.
        before: Its value for the run, or the mean of several trainings without the remedy.
        after: Its value with the remedy, or the mean of several trainings with it.
        interval: The 95% interval of the difference, after minus before. With several trainings it covers new
            trainings on these samples; with one, it covers new samples for these two models.
        p_value: How likely at least such a difference is between ways to train, or models, that are equally good.
        trainings: Trainings on each side, with a seed each; 1 where two models are compared and nothing is known of
            other seeds.
    """

    measure: Measure
    before: float
    after: float
    interval: Interval
    p_value: float
    trainings: int = 1


@dataclass(frozen=True)
class RemedyTest:
    """What a remedy changed: the same model trained with it and without it, judged on the same samples.

    Attributes:
        kind: Kind of the finding.
        remedy: What was done, in words.
        before: Accuracy of the run, 0..1, or its R2; for a leak, the run predicts without the inputs that are left out.
        after: Accuracy with the remedy and the seed of the run.
        judgments: What it is judged by, with the 95% interval of the difference and a p-value: the accuracy; before it,
            where the finding is about something else, the loss, the calibration error or the balanced accuracy; of a
            leak alone, the accuracy without the inputs that are left out. Empty where nothing was tried.
        fixed: Samples that only the new training with the seed of the run predicts right.
        broken: Samples that only the run predicts right.
        samples: Number of samples.
        split: The split that they are of.
        seconds: Time of the new trainings; 0 of a remedy without one.
        why: Why nothing could be tried, or None.
    """

    kind: str
    remedy: str
    before: float = float("nan")
    after: float = float("nan")
    judgments: tuple[Judgment, ...] = ()
    fixed: int = 0
    broken: int = 0
    samples: int = 0
    split: str = "test"
    seconds: float = 0.0
    why: str | None = None

    @property
    def p_value(self) -> float | None:
        """The p-value of the first measure; None if nothing was compared."""
        return self.judgments[0].p_value if self.judgments else None

    @property
    def helped(self) -> bool:
        """Whether the first measure became better by more than chance."""
        if not self.judgments:
            return False
        first = self.judgments[0]
        return _rise(first) > 0 and first.p_value < LEVEL

    @property
    def worse(self) -> tuple[str, ...]:
        """The measures that became worse by more than chance.

        Not the accuracy where the balanced accuracy is judged, which is won at the expense of the most frequent class.
        """
        spent = "accuracy" if self.judgments and self.judgments[0].measure == "balanced accuracy" else None
        worse = (each.measure for each in self.judgments if _rise(each) < 0 and each.p_value < LEVEL)
        return tuple(measure for measure in worse if measure != spent)

    @property
    def words(self) -> str:
        """What it shows, as a sentence."""
        if self.why is not None:
            return f"Not tried: {self.why}."
        counts = split_in_words(self.split, self.samples)
        changes = "; ".join(map(_changed, self.judgments))
        first = self.judgments[0]
        means = "" if first.p_value < LEVEL else f" The change of the {first.measure} may be chance."
        if first.trainings > 1:
            counts += f", of {first.trainings} trainings with it and {first.trainings} without it"
        elif self.seconds:  # two trainings say nothing about others
            means += " This compares only these two trainings; others may differ."
        if self.worse:
            means += f" The remedy makes the {' and the '.join(self.worse)} worse."
        if first.measure in (WITHOUT, R2_WITHOUT):
            known = first.measure.split()[0]
            means += f" Both get the mean of these inputs in all samples. The {known} with them is too good."
        same = " with the seed of the run" if first.trainings > 1 else ""
        better, worse = ("better", "worse") if "R2" in str(self.judgments) else ("fixed", "newly wrong")
        return f"On {counts}, the {changes}; {self.fixed:,} {better}, {self.broken:,} {worse}{same}.{means}"


def _rise(each: Judgment) -> float:
    """By how much a measure became better."""
    change = each.after - each.before
    return -change if each.measure in LOW_IS_GOOD else change


def _changed(each: Judgment) -> str:
    """The interval of a difference with its p-value, and the measure before and after."""
    is_loss = each.measure == "loss"
    ends = [f"{end:+.4f}" if is_loss else f"{100 * end:+.2f} points" for end in each.interval]
    before, after = (number(value, 4) if is_loss else percent(value) for value in (each.before, each.after))
    if not math.isfinite(sum(each.interval)):
        by = "by an unknown amount (with so few samples the difference has no interval"
    elif ends[0] == ends[1]:  # a model with one answer is equally sure of every sample
        by = f"by {ends[0]} (whichever samples are drawn"
    else:
        by = f"by {ends[0].removesuffix(' points')} to {ends[1]} (95% interval"
    return f"{each.measure} changes {by}, p = {each.p_value:.2g}), from {before} to {after}"


@public
@dataclass(frozen=True, repr=False)
class Diagnosis(Result):
    """What `cutaway.doctor` found, the most important first.

    Attributes:
        name: The run or the data.
        findings: Warnings, notes and good findings.
        remedy_tests: What remedies changed, if they were tried.
        not_judged: What could not be judged, and why: one sentence each.
        next_step: What to do with a run, as its verdict says, or what helped most if remedies were tried; what to do
            about the first warning of data, or "" if they have none.
    """

    name: str
    findings: tuple[Finding, ...]
    remedy_tests: tuple[RemedyTest, ...] = ()
    not_judged: tuple[str, ...] = ()
    next_step: str = ""

    def line(self) -> str:
        """A one-line summary."""
        warnings = [each.title for each in self.findings if each.severity == "warning"]
        first = f"; first: {warnings[0]}" if warnings else ""
        count = counted(len(warnings), "warning")
        return f"{type(self).__name__} of {self.name}: {count} in {len(self.findings):,} findings{first}"

    def is_as_serious(self, severity: str) -> bool:
        """Whether a finding that is not muted is at least as serious; what follows from a cause counts by its cause.

        Args:
            severity: "warning" or "note".
        """
        serious = ("warning",) if severity == "warning" else ("warning", "note")
        return any(each.severity in serious and each.cause is None and not each.muted for each in self.findings)

    def records(self) -> Iterator[dict[str, Any]]:
        """A JSON-able record for each finding: its rule and source, and its remedy with its test if there is one."""
        tests = {each.kind: each for each in self.remedy_tests}
        for each in self.findings:
            record = each.record()
            if (tested := tests.get(each.kind)) is not None:
                record["remedy_test"] = plain(tested) | {
                    "p_value": tested.p_value,
                    "helped": tested.helped,
                    "worse": list(tested.worse),
                }
            yield record

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway doctor --json`` answers."""
        document = {"name": self.name, "findings": list(self.records()), "not_judged": list(self.not_judged)}
        return document | {"next_step": self.next_step}

    def notes(self) -> tuple[str, ...]:
        """What could not be judged."""
        return self.not_judged

    def table(self) -> Table:
        """One row for each finding."""
        return findings_table(self.findings)

    def plot(self) -> "Figure":
        """Draw the findings as a list, a matplotlib Figure."""
        return draw_findings(self.findings)

    def _repr_html_(self) -> str:
        tests = {each.kind: f"{each.remedy}. {each.words}" for each in self.remedy_tests}
        notes = notes_html((*self.notes(), self.next_step))
        return joined_html(line_html(self), findings_html(self.findings, tests), notes)
