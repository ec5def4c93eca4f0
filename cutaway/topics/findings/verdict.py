"""The accuracy of a run and its baseline, the main problem, and the next step: at most six lines.

The next step is chosen here for all who name one: terminal, notebook, report and studio. Nothing is trained for it; at
most its held-out samples are predicted once. What is not known is named, with the command that would measure it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from cutaway._lazy import public
from cutaway.context import RunContext
from cutaway.errors import CutawayError
from cutaway.findings import Evidence, Finding, SimplerModel, folded, passed_kinds, run_checks
from cutaway.log import survive
from cutaway.metrics import Share, share_of, wilson_interval
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Table, value
from cutaway.results.units import NAME
from cutaway.runs import kept_so_far, run_command
from cutaway.topics.classes.classes import ClassMeasures, class_measures, kept_class_measures
from cutaway.topics.common.data_words import test_losses
from cutaway.topics.common.scoring import split_in_words
from cutaway.topics.label_issues.cached import are_judged
from cutaway.words import counted, digits_of, listed, measured, number, percent

from .evidence import as_share, kept_evidence, recorded_evidence
from .simpler_models import known_simpler_models

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

NO_GAIN = "It may be no better than always predicting the largest class."
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


@dataclass(frozen=True)
class VerdictLine:
    """A line of a verdict."""

    about: str = value("About", NAME, "What the line is about: state, worth, problem, next, checked, or unknown.")
    text: str = value("Verdict", NAME, "One sentence or two.")


@dataclass(frozen=True)
class Worth:
    """How often the model of a run is right, and how often always predicting the largest class would be.

    Attributes:
        split: "test", or "val" if there are no test samples.
        samples: Number of samples.
        accuracy: Share that is predicted correctly, 0..1.
        low: Lower end of its 95% interval.
        high: Upper end.
        baseline: Share of the largest class; None if it is not known.
        largest_class: Name of that class, or None.
        rarest_class: Name of the class with the fewest samples, of two or if it is much rarer than the largest one.
        recall: Samples of that class that are predicted as it.
        area: Area under the ROC curve of two classes, with the ends of its 95% interval; None if it is not known.
        others: What it is compared with, by name: the accuracy of always predicting the largest class, and of other
            kinds of models if they were trained.
    """

    split: str
    samples: int
    accuracy: float
    low: float
    high: float
    baseline: float | None = None
    largest_class: str | None = None
    rarest_class: str | None = None
    recall: Share | None = None
    area: tuple[float, float, float] | None = None
    others: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def digits(self) -> int:
        """Digits after the point that its interval carries, in percent."""
        return digits_of(self.low, self.high)

    @property
    def interval(self) -> str:
        """Its interval in words."""
        return f"{percent(self.low, self.digits)} to {percent(self.high, self.digits)}"

    @property
    def share(self) -> str:
        """The accuracy in words, and of which samples."""
        return f"{measured(self.accuracy, self.digits)} of {self.of_samples}"

    @property
    def of_samples(self) -> str:
        """Of which samples it is the accuracy."""
        return split_in_words(self.split, self.samples)

    @property
    def besides(self) -> tuple[str, ...]:
        """What the accuracy does not show: the recall of the rarest class, and the area under the ROC curve."""
        found: list[str] = []
        if self.recall is not None:
            of = self.recall
            share = f" ({percent(of.value, digits_of(of.low, of.high))})" if of.samples >= LEAST_SHARE else ""
            found.append(f"Recall of {self.rarest_class}, the rarest class: {of.count:,} of {of.samples:,}{share}")
        if self.area is not None:
            area, low, high = self.area
            found.append(f"AUC: {number(area, 2 + digits_of(low, high))}")
        return tuple(found)

    def compared(self, classes: ClassMeasures, models: Iterable[SimplerModel]) -> "Worth":
        """The same with what is known of the classes, and of other kinds of models."""
        names, m = classes.class_names, classes.measures
        others = {f"always {names[m.largest]}": m.baseline}
        for each in models:  # of many samples, the difference to the run is measured on some
            others[each.name] = min(self.accuracy + (each.won - each.lost) / each.samples, 1.0)
        new = replace(self, baseline=m.baseline, largest_class=names[m.largest], others=others, area=classes.area)
        found = share_of(m.correct[m.rarest], m.samples[m.rarest])
        is_rare = len(names) == 2 or found.samples * UNEVEN <= m.samples.max()
        return replace(new, rarest_class=names[m.rarest], recall=found) if is_rare else new

    @property
    def gain(self) -> Literal["clear", "unclear", "none", "unknown"]:
        """Whether the model is right more often than that, by more than chance: "none" if it is right less often."""
        if self.baseline is None:
            return "unknown"
        return "clear" if self.low > self.baseline else "none" if self.high < self.baseline else "unclear"


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
        worth: How often it is right, and what that is compared with; None if no sample was held out.
        causes: Findings that no other explains, the most important first, each with those that follow from it.
        is_measured: Whether data, layers and predictions were judged, not only the history.
        next_step: What to do, as a sentence.
        command: The command for it, or None.
        passed: Kinds of findings that were looked for, with all that they need known, and not found.
        unknown: What is not known, with the command that would measure it: one sentence each.
        opens: Whether its model opens; otherwise its layers cannot be judged.
        numbers: How well numbers are predicted, in words; empty of classes, and if no sample was held out.
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
    numbers: str = ""

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
        known = self.numbers and f", {self.numbers.rstrip('.')}"
        worth = known if self.worth is None else f", {_accuracy(self.worth)}"
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
        yield "worth", self.numbers if self.worth is None else _worth_in_words(self.worth)
        said = (f"First: {each.title}.{explained_in_words(rest)}" for each, rest in pressing(self.causes))
        yield "problem", next(said, "" if self.numbers else self.no_problem)
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
        """False if the model is known to be no better than always predicting the largest class."""
        return self.worth is None or self.worth.gain in ("clear", "unknown")

    @property
    def no_problem(self) -> str:
        """The sentence for a run without a problem: that nothing needs attention only if no class is mostly missed."""
        said = [f"{each.title}. {each.text}" for each, _ in self.causes if each.kind == "missed-class"]
        worth, recall = self.worth, self.worth and self.worth.recall
        if not said and worth and recall and recall.value <= HALF and recall.samples >= LEAST_SAMPLES:
            samples = split_in_words(worth.split, recall.samples)
            said = [f"It misses {recall.samples - recall.count:,} of {samples} of {worth.rarest_class}."]
        said += [] if self.has_gain else [NO_GAIN]
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
            "worth": plain(self.worth),
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
    if context.task.is_numbers:
        return _of_numbers(context)
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
        none = "No samples were held out, so its accuracy on new samples is unknown."
        unknown.append("Its accuracy on new samples has not been measured." if held_out else none)
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


def _of_numbers(context: RunContext) -> Verdict:
    """The state of a run that predicts numbers, and its test measures; its findings are not known."""
    folder, manifest, state = context.folder, context.manifest, context.folder.state
    rows, test = folder.history(), [f"{name} {each}" for name, each in test_losses(manifest).items()]
    next_step, command = _next_step(context, state, None, is_measured=True)
    if state == "finished":
        next_step, command = "Next: look at its learning curves:", run_command("report", context.path)
    return Verdict(
        run=context.path.name,
        state=state,
        epochs=len(rows),
        kept_epoch=kept_so_far(manifest, rows) or None,
        why="its process is gone" if state == "died" else manifest.why,
        worth=None,
        causes=(),
        is_measured=False,
        next_step=next_step,
        command=command,
        passed=(),
        unknown=("Its data, layers and predictions are not checked: findings are for classes.",),
        opens=manifest.model is not None,
        numbers=f"On the test samples: {listed(test)}." if test else "",
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
    if worth is None or worth.accuracy == 1:
        return "Next: test it on other samples.", None
    return "Next: look at its mistakes:", run_command("report", context.path)


def _worth(context: RunContext, rows: list[dict[str, Any]], *, measure: bool) -> Worth | None:
    """How often the run is right on test samples, or on validation samples if there are none or it goes on."""
    test, row = context.manifest.test or {}, context.row(rows=rows) or {}
    for split, accuracy in (("test", test.get("accuracy")), ("val", row.get("val_accuracy"))):
        samples = len(context.split.part(split)) if split == "test" or context.knows_validation_samples else 0
        if samples and (accuracy := as_share(accuracy)) is not None:
            low, high = wilson_interval(round(accuracy * samples), samples)
            worth = Worth(split, samples, accuracy, low, high)
            return worth if context.folder.state == "running" else _with_classes(context, worth, measure=measure)
    return None


def _with_classes(context: RunContext, worth: Worth, *, measure: bool) -> Worth:
    """The same with what is known of the classes, if they were counted or may be."""
    count = class_measures if measure else kept_class_measures
    # without predictions and data
    with survive(__name__, f"counting the classes of {context.path.name}", CutawayError):
        if (classes := count(context, split=worth.split)) is not None:
            is_same = worth.split == context.split.held_out
            return worth.compared(classes, (known_simpler_models(context) or ()) if is_same else ())
    return worth


def _accuracy(worth: Worth) -> str:
    return f"right on {worth.interval} (95% interval; {worth.share})"


def _worth_in_words(worth: Worth) -> str:
    others = "; ".join(f"{name}: {measured(share, worth.digits)}" for name, share in worth.others.items())
    compared = [f"For comparison: {others}"] if others else []
    return ". ".join((_accuracy(worth).capitalize(), *compared, *worth.besides)) + "."
