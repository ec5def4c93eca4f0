"""The accuracy of a run, or its R2, and its baseline, the main problem, and the next step: at most six lines.

The next step is chosen here for all who name one: terminal, notebook, report and studio. Nothing is trained for it; at
most its held-out samples are predicted once. What is not known is named, with the command that would measure it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import isnan, nan
from typing import Any, Literal, TypeVar

from cutaway._lazy import public
from cutaway.cache import cached
from cutaway.context import RunContext
from cutaway.errors import CutawayError
from cutaway.findings import Evidence, Finding, SimplerModel, folded, passed_kinds, run_checks
from cutaway.log import survive
from cutaway.metrics import Share, number_intervals, number_metrics, share_of, wilson_interval
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Table, value
from cutaway.results.units import NAME
from cutaway.runs import kept_so_far, run_command
from cutaway.task import number_text
from cutaway.topics.classes.classes import ClassMeasures, class_measures, kept_class_measures
from cutaway.topics.common.predictions import predict_numbers
from cutaway.topics.common.scoring import split_in_words
from cutaway.topics.label_issues.cached import are_judged
from cutaway.words import counted, digits_of, listed, measured, number, percent

from .evidence import as_share, kept_evidence, recorded_evidence
from .simpler_models import LEAST_NUMBERS, known_simpler_models

Attached = TypeVar("Attached")

VERSION = 1
"""Of the JSON document: a key that means something else gives another number."""

NO_PROBLEM = "Nothing needs attention: its data, training, layers and predictions were checked."
NO_PROBLEM_BUT_LAYERS = (
    "Nothing needs attention: its data, training and predictions were checked; its layers do not open."
)
NO_PROBLEM_YET = "Only the training history was checked; it shows no problem."
SOUND = (NO_PROBLEM, NO_PROBLEM_BUT_LAYERS, NO_PROBLEM_YET)
"""The sentences for a run without a fault."""

NO_GAIN = "It may be no better than always predicting {}."
SHOWN = 6
"""Kinds of findings that were looked for and not found, the most that the verdict names."""

NAMED = 4
"""Consequences of a cause at most that are named."""

UNEVEN = 1.5
"""If the largest class has so many times the samples of the rarest one, the accuracy says little about the latter."""

LEAST_SAMPLES, LEAST_SHARE = 3, 20
"""Samples of a class from which on it may be called missed, and from which on its recall is given in percent."""

HALF = 0.5
"""Recall up to which a class is called missed."""

ROUNDED = 0.005
"""R2 of always predicting the mean of other samples is as far below 0, the R2 of the mean of the same ones."""

OF_CLASSES = ("largest_class", "rarest_class", "recall", "area")
"""What is known of classes alone."""


@dataclass(frozen=True)
class VerdictLine:
    """A line of a verdict."""

    about: str = value("About", NAME, "What the line is about: state, worth, problem, next, checked, or unknown.")
    text: str = value("Verdict", NAME, "One sentence or two.")


@dataclass(frozen=True)
class Worth:
    """How good the predictions of a run are, and how good always predicting the largest class or the mean would be.

    Attributes:
        split: "test", or "val" if there are no test samples.
        samples: Number of samples.
        score: Share that is predicted correctly, 0..1; of numbers R2, at most 1.
        low: Lower end of its 95% interval; NaN if it is not known.
        high: Upper end.
        baseline: Share of the largest class, or 0 of numbers; None if it is not known.
        largest_class: Name of that class, or None.
        rarest_class: Name of the class with the fewest samples, of two or if it is much rarer than the largest one.
        recall: Samples of that class that are predicted as it.
        area: Area under the ROC curve of two classes, with the ends of its 95% interval; None if it is not known.
        others: What it is compared with, by name: the score of always predicting the largest class or the mean, and of
            other kinds of models if they were trained.
        errors: Of numbers, what `number_metrics` says of each target; empty if that is not known, None of classes.
    """

    split: str
    samples: int
    score: float
    low: float
    high: float
    baseline: float | None = None
    largest_class: str | None = None
    rarest_class: str | None = None
    recall: Share | None = None
    area: tuple[float, float, float] | None = None
    others: Mapping[str, float] = field(default_factory=dict[str, float])
    errors: Mapping[str, Mapping[str, float]] | None = None

    @property
    def digits(self) -> int:
        """Digits after the point that its interval carries, in percent."""
        return digits_of(self.low, self.high)

    @property
    def interval(self) -> str:
        """Its interval in words."""
        return f"{percent(self.low, self.digits)} to {percent(self.high, self.digits)}"

    def text(self, score: float) -> str:
        """A score in percent, with the digits that the interval carries."""
        return measured(score, self.digits if score else 0)

    @property
    def in_words(self) -> str:
        """The score with its interval, as the end of a sentence about the model."""
        score = self.text(self.score)
        if self.errors is None:
            return f"right on {self.interval} (95% interval; {score} of {self.of_samples})"
        if isnan(self.low):
            return f"explains {score} of the variance (R2 on {self.of_samples})"
        return f"explains {self.interval} of the variance (95% interval of R2; {score} on {self.of_samples})"

    @property
    def of_samples(self) -> str:
        """Of which samples it is the score."""
        return split_in_words(self.split, self.samples)

    @property
    def besides(self) -> tuple[str, ...]:
        """What the score does not show: the recall of the rarest class and the AUC, or errors in their unit."""
        if self.errors is not None:
            half = [
                f"{_rough(each['median_error'])} in {name} (RMSE {_rough(each['rmse'])})"
                for name, each in self.errors.items()
            ]
            return (f"Half of the errors are below {listed(half, NAMED)}",) if half else ()
        found: list[str] = []
        if self.recall is not None:
            of = self.recall
            share = f" ({percent(of.value, digits_of(of.low, of.high))})" if of.samples >= LEAST_SHARE else ""
            found.append(f"Recall of {self.rarest_class}, the rarest class: {of.count:,} of {of.samples:,}{share}")
        if self.area is not None:
            area, low, high = self.area
            found.append(f"AUC: {number(area, 2 + digits_of(low, high))}")
        return tuple(found)

    def compared(self, name: str, baseline: float, models: Iterable[SimplerModel]) -> "Worth":
        """The same, compared with always predicting what is named, and with other kinds of models."""
        others = {f"always {name}": baseline}
        for each in models:  # of many samples, the difference to the run is measured on some
            others[each.name] = min(self.score + each.difference, 1.0)
        return replace(self, baseline=baseline, largest_class=name, others=others)

    def with_classes(self, classes: ClassMeasures, models: Iterable[SimplerModel]) -> "Worth":
        """The same, compared, with what is known of the classes."""
        names, m = classes.class_names, classes.measures
        new = replace(self.compared(names[m.largest], m.baseline, models), area=classes.area)
        found = share_of(m.correct[m.rarest], m.samples[m.rarest])
        is_rare = len(names) == 2 or found.samples * UNEVEN <= m.samples.max()
        return replace(new, rarest_class=names[m.rarest], recall=found) if is_rare else new

    def record(self) -> dict[str, Any]:
        """All of it that is known of this task, ready for JSON: the score is called accuracy or r2."""
        name, absent = ("accuracy", ("errors",)) if self.errors is None else ("r2", OF_CLASSES)
        return {name if key == "score" else key: each for key, each in plain(self).items() if key not in absent}

    @property
    def gain(self) -> Literal["clear", "unclear", "none", "unknown"]:
        """Whether the model is better than that by more than chance: "none" if it is worse."""
        if self.baseline is None or isnan(self.low):
            return "unknown"
        high = self.high if self.errors is None else self.high + ROUNDED
        return "clear" if self.low > self.baseline else "none" if high < self.baseline else "unclear"


@public
@dataclass(frozen=True, eq=False, repr=False)
class Verdict(Result):
    """How good a run is and what to do next, made by `Run.verdict`.

    Attributes:
        run: Name of the run.
        state: "running", "finished", "stopped", "failed", "died" or "damaged".
        epochs: Epochs in its history.
        kept_epoch: The epoch whose weights are kept, or would be kept now; None before the first one.
        why: Why it failed, or None.
        worth: How good its predictions are, and what that is compared with; None if no sample was held out.
        causes: Findings that no other explains, the most important first, each with those that follow from it.
        is_measured: Whether data, layers and predictions were judged, not only the history.
        next_step: What to do, as a sentence.
        command: The command for it, or None.
        passed: Kinds of findings that were looked for, with all that they need known, and not found.
        unknown: What is not known, with the command that would measure it: one sentence each.
        opens: Whether its model opens; otherwise its layers cannot be judged.
    """

    run: str
    state: str
    epochs: int
    kept_epoch: int | None
    why: str | None
    worth: Worth | None
    causes: tuple[tuple[Finding, tuple[Finding, ...]], ...]
    is_measured: bool
    next_step: str
    command: str | None
    passed: tuple[str, ...]
    unknown: tuple[str, ...]
    opens: bool = True

    @property
    def problem(self) -> Finding | None:
        """The most important problem, see `pressing`; None if nothing is found."""
        return next((each for each, _ in pressing(self.causes)), None)

    @property
    def explains(self) -> int:
        """Number of findings that follow from the most important problem."""
        return next((len(rest) for _, rest in pressing(self.causes)), 0)

    def line(self) -> str:
        """A one-line summary."""
        worth = "" if self.worth is None else f", {self.worth.in_words}"
        problem = "" if self.problem is None else f"; first: {self.problem.title}"
        return f"Verdict on {self.run}: {self.state}{worth}{problem}"

    def lines(self) -> tuple[tuple[str, str], ...]:
        """What each line is about, and the line; at most six."""
        return tuple((about, text) for about, text in self._lines() if text)

    def _lines(self) -> Iterator[tuple[str, str]]:
        kept = f"; the kept epoch is {self.kept_epoch}" if self.kept_epoch else ""
        why = f": {self.why}" if self.why else ""
        after = "" if self.state == "running" and not self.epochs else f" after {counted(self.epochs, 'epoch')}"
        yield "state", f"{self.state.capitalize()}{after}{kept}{why}."
        yield "worth", "" if self.worth is None else _worth_in_words(self.worth)
        said = (f"First: {each.title}.{explained_in_words(rest)}" for each, rest in pressing(self.causes))
        yield "problem", next(said, self.no_problem)
        yield "next", self.next_step + f" {self.command}" if self.command else self.next_step
        yield "checked", self.passed_in_words
        yield "unknown", " ".join(self.unknown)

    @property
    def passed_in_words(self) -> str:
        """What was checked without a finding, in one line: `SHOWN` kinds, and how many more; "" if nothing was."""
        named = [kind.replace("-", " ") for kind in self.passed]
        return f"Checked without a finding: {listed(named, SHOWN)}." if named else ""

    @property
    def has_gain(self) -> bool:
        """False if the model is known to be no better than always predicting the largest class, or the mean."""
        return self.worth is None or self.worth.gain in ("clear", "unknown")

    @property
    def no_problem(self) -> str:
        """The sentence for a run without a problem: that nothing needs attention only if no class is mostly missed."""
        said = [f"{each.title}. {each.text}" for each, _ in self.causes if each.kind == "missed-class"]
        worth, recall = self.worth, self.worth and self.worth.recall
        if not said and worth and recall and recall.value <= HALF and recall.samples >= LEAST_SAMPLES:
            samples = split_in_words(worth.split, recall.samples)
            said = [f"It misses {recall.samples - recall.count:,} of {samples} of {worth.rarest_class}."]
        if worth and not self.has_gain:
            said.append(NO_GAIN.format("the largest class" if worth.errors is None else "the mean"))
        if said:
            return " ".join(said)
        if not self.is_measured:
            return NO_PROBLEM_YET
        return NO_PROBLEM if self.opens else NO_PROBLEM_BUT_LAYERS

    @property
    def wrong(self) -> list[str]:
        """What is wrong, as a list of runs says it: the titles of the problems."""
        shown = [each.title for each, _ in pressing(self.causes)]
        return shown or ([] if self.no_problem in SOUND else [self.no_problem])

    def table(self) -> Table:
        """The lines of the verdict."""
        return Table.of(VerdictLine, [VerdictLine(*each) for each in self.lines()])

    def to_json(self) -> dict[str, Any]:
        """All of it, with the version of this document."""
        return {
            "version": VERSION,
            "run": self.run,
            "state": self.state,
            "why": self.why,
            "epochs": self.epochs,
            "kept_epoch": self.kept_epoch,
            "worth": self.worth and self.worth.record(),
            "problem": None if self.problem is None else self.problem.record(),
            "explains": self.explains,
            "is_measured": self.is_measured,
            "next": {"words": self.next_step, "command": self.command},
            "passed": list(self.passed),
            "unknown": list(self.unknown),
            "lines": [text for _, text in self.lines()],
        }


def verdict(
    context: RunContext,
    *,
    measure: bool = True,
    findings: tuple[Finding, ...] | None = None,
    evidence: Evidence | None = None,
) -> Verdict:
    """Gather the facts about a run; see `cutaway.Run.verdict`.

    Args:
        context: The run.
        measure: Whether held-out samples are predicted if nobody has before, which may load data and Keras.
        findings: What was found in the run, if it is known; otherwise what is kept of it.
        evidence: What that was found in; a cache that cannot be written keeps none.
    """
    folder, manifest = context.folder, context.manifest
    rows = folder.history()
    state, kept, unknown = folder.state, kept_so_far(manifest, rows), list[str]()
    evidence = _known_evidence(context) if evidence is None else evidence
    is_measured = evidence is not None or findings is not None
    evidence = recorded_evidence(context) if evidence is None else evidence
    findings = run_checks(evidence) if findings is None else findings
    if not is_measured and state in ("stopped", "died"):  # of others, that is the next step
        doctor = run_command("doctor", context.path)
        unknown.append(f"Its data, layers and predictions have not been checked; {doctor} does that.")
    worth = _worth(context, rows, measure=measure)
    held_out = len(context.split.test) + len(context.split.val)
    if worth is None and state != "running":
        score = f"R2, which takes {LEAST_NUMBERS} samples," if context.task.is_numbers else "accuracy on new samples"
        none = f"No samples were held out, so its {score} is unknown."
        unknown.append(f"Its {score} has not been measured." if held_out else none)
    elif worth is not None and worth.baseline is None and state != "running":
        why = "is not known without the data" if measure else "was not counted yet"
        unknown.append(f"How often always predicting the largest class would be right {why}.")
    # without label issues, only the surest predictions have shown nothing about labels
    unjudged = "" if are_judged(context) else "label-issues"
    causes = folded(findings)
    problem = next((each for each, _ in pressing(causes)), None)
    wrong = evidence.wrong_labels.low if evidence.wrong_labels else 0
    next_step, command = _next_step(context, state, problem, is_measured=is_measured, wrong=wrong, worth=worth)
    return Verdict(
        run=context.path.name,
        state=state,
        epochs=len(rows),
        kept_epoch=kept or None,
        why="its process is gone" if state == "died" else manifest.why,
        worth=worth,
        causes=causes,
        is_measured=is_measured,
        next_step=next_step,
        command=command,
        passed=tuple(kind for kind in passed_kinds(evidence, findings) if kind != unjudged),
        unknown=tuple(unknown),
        opens=manifest.model is not None,
    )


def explained_in_words(consequences: Sequence[Finding]) -> str:
    """How many findings follow from one, and which, a sentence after a space; "" if none does."""
    titles = listed([each.title for each in consequences], NAMED)
    return f" It explains {len(consequences)} more: {titles}." if consequences else ""


def _known_evidence(context: RunContext) -> Evidence | None:
    # its state says what is damaged
    with survive(__name__, f"reading what is known of {context.path.name}", CutawayError):
        return kept_evidence(context)
    return None


LESSER = (
    *("dead-units", "low-rank", "redundant-units", "saturated-units", "bottleneck", "oscillation", "label-issues"),
    *("overfitting", "miscalibration", "class-imbalance", "simpler-model", "missed-class", "test-gap"),
    "overlapping-classes",
)
"""Kinds of findings that wrong labels come before, and a column that may hold the answer, which makes labels look
wrong; what spoils data or a whole training comes before these."""


def pressing(causes: Sequence[tuple[Finding, Attached]]) -> list[tuple[Finding, Attached]]:
    """What calls for something, the most important first: warnings, and notes that ask for a look at the columns.

    Args:
        causes: Findings that no other explains, in their order, each with what belongs to it.
    """

    def notes(kind: str) -> list[tuple[Finding, Attached]]:
        return [each for each in causes if (each[0].kind, each[0].severity, each[0].muted) == (kind, "note", "")]

    told = [each for each in causes if each[0].warns]
    place = next((number for number, (each, _) in enumerate(told) if each.kind in LESSER), len(told))
    return [*told[:place], *notes("target-leakage"), *told[place:], *notes("overlapping-classes")]


def _next_step(
    context: RunContext,
    state: str,
    problem: Finding | None,
    *,
    is_measured: bool,
    wrong: int = 0,
    worth: Worth | None = None,
) -> tuple[str, str | None]:
    """What to do, and the command for it.

    Args:
        context: The run.
        state: See `Verdict`.
        problem: See `Verdict`.
        is_measured: See `Verdict`.
        wrong: Lower bound of the number of wrong labels of held-out samples.
        worth: See `Verdict`.
    """
    if state in ("stopped", "died") and context.manifest.origin == "training":
        return "Next: go on with it:", run_command("resume", context.path)
    if state in ("stopped", "died"):
        return "Next: call fit again with a Recorder; what a fit of your own began cannot be resumed here.", None
    if state == "running":
        return "Next: wait until it has ended, or watch it:", "cutaway studio"
    if not is_measured:  # the history does not show the cause of what it shows
        return "Next: check its data, layers and predictions:", run_command("doctor", context.path)
    if (problem is None or problem.kind in LESSER) and wrong and are_judged(context):
        return "Next: go through the label issues:", run_command("label-issues", context.path)
    if problem is not None and problem.help:
        words = f"Next: {problem.help}"
        if problem.can_be_tried(trained=context.manifest.origin == "training"):
            return f"{words} To test whether that helps:", run_command("doctor", context.path) + " --try"
        return words, None
    if worth is None or worth.score == 1:
        return "Next: test it on other samples.", None
    if context.task.is_numbers:
        return "Next: look at its errors:", run_command("errors", context.path)
    return "Next: look at its mistakes:", run_command("report", context.path)


def _worth(context: RunContext, rows: list[dict[str, Any]], *, measure: bool) -> Worth | None:
    """How good the run is on test samples, or on validation samples if there are none or it goes on."""
    test, row, is_numbers = context.manifest.test or {}, context.row(rows=rows) or {}, context.task.is_numbers
    name, least = ("r2", LEAST_NUMBERS) if is_numbers else ("accuracy", 1)
    for split, known in (("test", test.get(name)), ("val", row.get(f"val_{name}"))):
        samples = len(context.split.part(split)) if split == "test" or context.knows_validation_samples else 0
        score = known if is_numbers else as_share(known)
        if samples >= least and score is not None:
            low, high = (nan, nan) if is_numbers else wilson_interval(round(score * samples), samples)
            worth = Worth(split, samples, score, low, high, errors={} if is_numbers else None)
            return worth if context.folder.state == "running" else _compared(context, worth, measure=measure)
    return None


def _compared(context: RunContext, worth: Worth, *, measure: bool) -> Worth:
    """The same with what it is compared with, and with what else was measured or may be."""
    count = class_measures if measure else kept_class_measures
    is_same = worth.split == context.split.held_out
    # without predictions and data
    with survive(__name__, f"judging the predictions of {context.path.name}", CutawayError):
        models = (known_simpler_models(context) or ()) if is_same else ()
        if worth.errors is not None:
            worth = worth.compared("the mean", 0.0, models)
            kept = cached("r2", context.folder.identity(context.epoch()), worth.split, method=1)
            found = kept.get(partial(_measure, context, worth.split)) if measure else kept.read()
            return replace(worth, **(found or {}))
        if (classes := count(context, split=worth.split)) is not None:
            return worth.with_classes(classes, models)
    return worth


def _measure(context: RunContext, split: str) -> dict[str, Any]:
    """The interval of R2 and the errors of each target, as fields of `Worth`."""
    ids, targets = context.part(split), context.task.targets
    y, predicted = context.data.y(ids), predict_numbers(context, ids)
    _, low, high = number_intervals(y, predicted, ("r2",))["r2"]
    errors = {name: number_metrics(y[:, [k]], predicted[:, [k]]) for k, name in enumerate(targets)}
    return {"low": low, "high": high, "errors": errors}


def _rough(size: float) -> str:
    """A size to three digits."""
    return number_text(float(f"{size:.3g}"))


def _worth_in_words(worth: Worth) -> str:
    others = "; ".join(f"{name}: {worth.text(score)}" for name, score in worth.others.items())
    compared = [f"For comparison: {others}"] if others else []
    return ". ".join((worth.in_words[0].upper() + worth.in_words[1:], *compared, *worth.besides)) + "."
