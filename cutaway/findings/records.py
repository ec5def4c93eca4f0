"""The input of a check, its result, and its rule."""

import dataclasses
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from cutaway.data import ColumnFacts, InputFacts, LeakyInput, NearDuplicates, Repeats, Shift, TargetFacts, WholeGroups
from cutaway.errors import DataError, Hint
from cutaway.interpret import LayerHealth
from cutaway.metrics import ErrorFacts, Interval, PerClass, is_finite, paired_difference_interval, per_class
from cutaway.models import DEFAULT_RATES, Setup

from .label_issues import CountEstimate

IF_WORSE = " A note where predictions are known and no warning of them shows that the model is worse for it."
"""What the rules of kinds say that many good models have, as `registry.COSTS` decides."""

# Factors that make a learning rate far from the default of its optimizer, or still usual.
FAR_RATE, USUAL_RATE = 10.0, 3.0


@dataclass(frozen=True)
class Remedy:
    """What would help, as another training from the same seed can try it.

    Attributes:
        words: What to do, a clause in the imperative: "use a tenth of the learning rate".
        settings: Training settings to change.
        activation: Another activation function of the hidden layers, or None.
        change: What else to change, or None: in the samples "standardize", "drop-inputs" or "drop-label-issues"; of the
            model "default-weights", first weights from Keras' default initializers, or "no-regularization", no
            dropout, noise or penalties of weights; of its probabilities "temperature", fitted on validation samples
            without any training.
        layers: Layer -> the settings that it is to have, by Keras' names.
        inputs: Numbers of the inputs that "drop-inputs" leaves out.
        untried: Why no training can try it, as a clause; empty if one can.
    """

    words: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    activation: str | None = None
    change: (
        Literal[
            "standardize",
            "drop-inputs",
            "drop-label-issues",
            "default-weights",
            "no-regularization",
            "temperature",
        ]
        | None
    ) = None
    layers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    inputs: tuple[int, ...] = ()
    untried: str = ""


@dataclass(frozen=True)
class Rule:
    """What a finding of a kind means and says, when it is made, and the source of the rule.

    Attributes:
        kind: The kind of finding, such as "overfitting".
        words: The measure, the samples, and the threshold for a finding: one or two sentences, with names of constants
            of its module, or of this one, in braces.
        source: Paper or page.
        known_as: Its names in other tools.
        about: What it means for the model, and what usually helps unless `advice` says that: a few sentences.
        advice: What usually helps: the advice of every warning that has none of its own.
        title: The title of findings that have none of their own, with names of their evidence in braces.
        text: What every finding of the kind says before its own text, in the same way; empty if that is not the same.
    """

    kind: str
    words: str
    source: str
    known_as: str
    about: str = ""
    advice: str = ""
    title: str = ""
    text: str = ""

    @property
    def page(self) -> tuple[str, ...]:
        """All that there is to know about the kind, a paragraph each: what terminal, pages and notebooks show."""
        about = f"{self.about} {self.advice}".strip()
        return about, f"Rule: {self.words}", f"Source: {self.source}. Known as: {self.known_as}."


@dataclass(frozen=True)
class Finding:
    """One thing that a person should look at, or need not worry about.

    Attributes:
        kind: What is found, such as "overfitting"; `cutaway.findings.RULES` lists all.
        severity: "good", "note" or "warning".
        title: A few words without a full stop; empty if its rule has them.
        text: One or more plain sentences with the numbers, and last what to do; a check gives what its rule does not.
        evidence: The numbers themselves, ready for JSON.
        remedy: What would help and can be tried, or None.
        samples: Names of the samples that it is about, a few of them.
        units: Names of the units that it is about, such as "dense_1[12]", a few of them; its check adds those of the
            layer in its evidence.
        rule: When such a finding is made, and where that is from; its check adds it.
        advice: What to do, the end of `text`, which checks leave to `run_checks`; empty if there is nothing to do,
            and where the finding has a cause, whose advice counts.
        cause: Kind of the finding that explains this one, from `run_checks`; None if no finding does.
        leads: Whether it may come before others of its severity: False of what any model shows that has not learned.
        muted: Why it needs no attention, as a user said; empty if nobody did.
    """

    kind: str
    severity: Literal["good", "note", "warning"]
    title: str = ""
    text: str = ""
    evidence: dict[str, Any] = field(default_factory=dict[str, Any])
    remedy: Remedy | None = None
    samples: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    rule: Rule | None = field(default=None, repr=False)
    advice: str = ""
    cause: str | None = None
    leads: bool = True
    muted: str = ""

    @property
    def help(self) -> str:
        """What to do; empty if it is not known, and where all is good."""
        if self.severity == "good":
            return ""
        if self.remedy is None or (self.remedy.untried and self.advice):
            return self.advice
        return self.remedy.words + "."

    @property
    def warns(self) -> bool:
        """Whether it is a warning, and no user said that it needs no attention."""
        return self.severity == "warning" and not self.muted

    def can_be_tried(self, *, trained: bool) -> bool:
        """Whether a training can try its remedy, or without one a temperature.

        Args:
            trained: Whether cutaway trained the run and can train it again.
        """
        if not self.warns or self.remedy is None or self.remedy.untried:
            return False
        return trained or self.remedy.change == "temperature"

    def record(self) -> dict[str, Any]:
        """All of it, ready for JSON: the remedy in words, and the rule with its source."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "title": self.title,
            "text": self.text,
            "evidence": self.evidence,
            "samples": list(self.samples),
            "units": list(self.units),
            "remedy": None if self.remedy is None else self.remedy.words,
            "rule": self.rule and self.rule.words,
            "source": self.rule and self.rule.source,
            "known_as": self.rule and self.rule.known_as,
            "cause": self.cause,
            "muted": self.muted or None,
        }


@dataclass(frozen=True)
class WeightFacts:
    """The kernel of a layer in training.

    Attributes:
        first: Root mean square of its gradient at its first weights.
        updates: For each epoch, the norm of its change over the norm before.
        alike: Units with the first weights of an earlier unit; 0 if its first weights are not known.
        bias: The largest first bias; 0 if there are none, or if they are not known.
    """

    first: float
    updates: tuple[float, ...]
    alike: int = 0
    bias: float = 0.0


class Accuracies(NamedTuple):
    """How often a model is right, three times, each 0..1, or None if unknown; of numbers R2, 0 if it is below 0.

    Attributes:
        in_training: On training samples in the epoch that learned from them: the mean over its steps, with dropout,
            noise, changed images and the statistics of batches.
        in_use: On training samples after that epoch, as the model is used.
        held_out: On validation samples, as the model is used.
    """

    in_training: float | None
    in_use: float | None
    held_out: float | None

    @property
    def fall(self) -> float | None:
        """By how much the first exceeds the second; None if one is unknown."""
        return None if self.in_training is None or self.in_use is None else self.in_training - self.in_use


@dataclass(frozen=True)
class SimplerModel:
    """Another kind of model, trained on the same training samples.

    Attributes:
        name: What it is, with its article: "a linear model".
        trained: Training samples that it took.
        samples: Held-out samples.
        correct: Those that it predicts correctly.
        won: Those of them that the run's model does not predict correctly.
        lost: Those that the run's model alone predicts correctly.
        losses: Mean cross-entropy of the run's model, and of this one, on these samples, in nats; of numbers their mean
            squared error over the variance of the samples, 1 - R2. None if unknown.
        p_value: How likely at least such a difference of the losses is, paired by sample, between equal models.
        of_numbers: The 95% interval by how much its R2 is above that of the run's model; None of classes.
    """

    name: str
    trained: int
    samples: int
    correct: int = 0
    won: int = 0
    lost: int = 0
    losses: tuple[float, float] | None = None
    p_value: float = 1.0
    of_numbers: Interval | None = None

    @property
    def gain(self) -> float:
        """By how much its loss is lower than that of the run's model; 0 if unknown."""
        return 0.0 if self.losses is None else self.losses[0] - self.losses[1]

    @property
    def difference(self) -> float:
        """By how much its accuracy, or its R2, is above that of the run's model."""
        return self.gain if self.of_numbers else (self.won - self.lost) / self.samples

    @property
    def interval(self) -> Interval:
        """The 95% interval of the difference."""
        return self.of_numbers or paired_difference_interval(self.won, self.lost, self.samples)


@dataclass(frozen=True, eq=False)
class ShortTrainings:
    """What short trainings of a model showed, before its training.

    Attributes:
        rate: The learning rate of the model.
        best_rate: The one that learned the most.
        losses: By the name of a training, the losses ``(sample,)`` of samples that it did not train on, finite. "first"
            is before the first step; "given" and "best" are those with the two rates. With the best one, all inputs are
            0 in "blind", and targets are those of the row above or below in "moved", whichever is learned better. With
            random targets, equal for equal samples, "shuffled" and, with inputs of 0, "unseen" are of samples that
            equal one that was trained on, if there are any. "batch" and "free" are of one batch that was trained on, as
            the model is set and without regularization. One entry is for each learning rate.
    """

    rate: float
    best_rate: float
    losses: Mapping[str, np.ndarray]

    @property
    def means(self) -> dict[str, float]:
        """The rates, and the means of the losses."""
        means = {name: float(each.mean()) for name, each in self.losses.items()}
        return {"rate": self.rate, "best_rate": self.best_rate, **means}


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """What is known about a run; a check that needs something unknown finds nothing.

    Attributes:
        history: One row per epoch, in order, with "epoch" (from 1) and Keras' metric names; empty for a model that was
            not trained here.
        trained: Among some training samples: how many the model predicts correctly without dropout, and how many there
            are; None if unknown.
        trained_r2: R2 of targets that are numbers on some training samples; None if unknown.
        targets: What training targets that are numbers show; empty for classes.
        errors: The errors of each of these targets on validation and test samples; empty if unknown.
        model: The layers of the model in order, each with "kind", "name" and "config", as `cutaway.models.spec_of`
            describes them; empty if unknown.
        regularization: The highest dropout rate ("dropout"), the largest penalties of weights ("l1", "l2") and the
            largest standard deviation of Gaussian noise ("noise") of all layers, if there are any; None if unknown.
        frozen: Layers that are not trained although their weights were drawn at random; empty if unknown.
        setup: The loss, the layers and the targets; None if unknown.
        short_trainings: What short trainings showed before the training; None if there were none.
        confusion: int (true, predicted), counts on the test samples, or on the validation samples if there are no
            test samples, an array or a sparse one; None if unknown.
        expected: For each class, the sum of its probabilities of the samples of the confusion matrix; empty if unknown.
        class_names: Names of the classes in the order of their numbers; None to call them by number.
        dead_units: For each layer, the number of units that never fire on the data and the number of all its units;
            empty if unknown.
        kept_epoch: The epoch whose weights are kept, which confusion matrix and accuracies are of; None if unknown.
        diverged: The epoch that ended a training because a loss was NaN or infinite, and that loss, "loss" or
            "val_loss"; None if it was not, or if that is unknown.
        ended: Whether the training came to its end; not of one that goes on, was stopped, or failed.
        recorded: Whether the history is of a user's own fit, whose split and order of samples are not known here.
        ready_made: Whether nothing is known of the training, not even which samples it took.
        test_accuracy: 0..1; None if unknown.
        val_accuracy: 0..1, of the same weights as the test accuracy; None if unknown.
        test_samples: Number of test samples; None if unknown.
        val_samples: Number of validation samples, from 1; None if unknown.
        config: Training settings by name; empty if unknown.
        train_samples: Number of training samples; None if unknown.
        layers: Hidden layers by name, in order; empty if unknown.
        weights: Kernels by the name of their layer, in order; empty if unknown.
        default_weights: Whether first weights are drawn by Keras' default initializers; None if unknown.
        class_change: In words, how augmentation turns images into some of other classes; None if it does not, or if
            unknown.
        inputs: The inputs of training samples as the model sees them; None if unknown.
        input_names: Names of the inputs; None if they are not known.
        input_columns: For each input, the column of a table that it is made from; None if there are no columns.
        images: Whether samples are images.
        class_counts: Samples of each class, by split; empty if unknown.
        class_weights: For each class what its training samples weigh together in the loss, at least 0; empty if all
            samples weigh 1, or if unknown.
        last_class: The class of the last training rows, if these are sorted by class in their file; None if they are
            not, or if unknown.
        leaky_inputs: Columns of a table that tell the class alone, the best one first; if there are none, the column
            that tells it best. Of other data the same of inputs, but the best one may be missed if none is a leak.
        repeated: Names of validation and test samples that are training samples as well; empty if unknown.
        repeats: What is known of these samples; None if there are none, or if unknown.
        seen: Correct predictions and number of these samples, and of all other validation and test samples; None if
            unknown.
        shift: How well a classifier tells test samples from training samples; None if unknown.
        columns: What is noteworthy of columns, also of those that are left out; empty if unknown.
        groups: What a quick model is worth on whole groups of samples that are divided between training and held-out
            samples; empty if unknown.
        near: Validation and test samples with a near copy among the training samples; None if there are no more than by
            chance, or if unknown.
        simpler_models: What other models are worth on the test samples, or on validation samples if there are none;
            empty if unknown.
        calibration: Expected calibration error and mean confidence minus accuracy on the same samples as the confusion
            matrix, each as a share, and the standard error of the second; None if unknown.
        wrong_labels: Bounds of the number of wrong labels among validation and test samples; None if unknown.
        judged: Number of these samples.
        sure: Among the 10% of these samples the model is surest about: how many it gets wrong, and how many there are;
            None if unknown.
        more_data: What a learning curve of the run says of more training samples; empty if none was measured.
        examples: Names of the samples or units that a finding would be about, a few of them: by the kind of finding,
            after a slash the class, the layer or the direction; empty if they are unknown.
    """

    history: Sequence[Mapping[str, Any]] = ()
    trained: tuple[int, int] | None = None
    trained_r2: float | None = None
    targets: tuple[TargetFacts, ...] = ()
    errors: tuple[ErrorFacts, ...] = ()
    model: Sequence[Mapping[str, Any]] = ()
    regularization: Mapping[str, float] | None = None
    frozen: Sequence[str] = ()
    setup: Setup | None = None
    short_trainings: ShortTrainings | None = None
    confusion: Any = None
    expected: Sequence[float] = ()
    class_names: Sequence[str] | None = None
    dead_units: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    kept_epoch: int | None = None
    diverged: tuple[int, str] | None = None
    ended: bool = True
    recorded: bool = False
    ready_made: bool = False
    test_accuracy: float | None = None
    val_accuracy: float | None = None
    test_samples: int | None = None
    val_samples: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    train_samples: int | None = None
    layers: Mapping[str, LayerHealth] = field(default_factory=dict)
    weights: Mapping[str, WeightFacts] = field(default_factory=dict)
    default_weights: bool | None = None
    class_change: str | None = None
    inputs: InputFacts | None = None
    input_names: Sequence[str] | None = None
    input_columns: Sequence[str] | None = None
    images: bool = False
    class_counts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    class_weights: Sequence[float] = ()
    last_class: int | None = None
    leaky_inputs: tuple[LeakyInput, ...] = ()
    repeated: Sequence[str] = ()
    repeats: Repeats | None = None
    seen: tuple[tuple[int, int], tuple[int, int]] | None = None
    shift: Shift | None = None
    columns: tuple[ColumnFacts, ...] = ()
    groups: tuple[WholeGroups, ...] = ()
    near: NearDuplicates | None = None
    simpler_models: tuple[SimplerModel, ...] = ()
    calibration: tuple[float, float, float] | None = None
    wrong_labels: CountEstimate | None = None
    judged: int = 0
    sure: tuple[int, int] | None = None
    more_data: str = ""
    examples: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def held_out(self) -> str:
        """The samples of confusion matrix and calibration: "test", or "validation" if there are no test samples."""
        return "validation" if self.test_samples == 0 else "test"

    @property
    def classes(self) -> int:
        """Number of classes; 0 if unknown."""
        return len(self.class_names or ())

    @property
    def loss_of_nothing(self) -> float:
        """The loss of knowing nothing, near which training begins.

        Of classes it is the cross-entropy of equal probabilities, of numbers the loss of always predicting the mean: a
        squared error is ``1 - R2`` times as large, and other losses about so.
        """
        known = [row for row in self.history if is_finite(row.get("loss")) and is_finite(row.get("r2"))]
        if known and known[0]["r2"] < 1:
            return known[0]["loss"] / (1 - known[0]["r2"])
        return math.log(self.classes or 2)

    @property
    def epoch_steps(self) -> int | None:
        """Steps of an epoch; None if unknown."""
        batch, samples = self.config.get("batch_size"), self.train_samples
        return -(-samples // batch) if batch and samples else None

    @property
    def accuracies(self) -> Accuracies:
        """The three accuracies, of the kept epoch, or of the last one if that is unknown."""
        last = self.history[-1] if self.history else {}
        kept = next((row for row in self.history if row["epoch"] == self.kept_epoch), last)
        correct, samples = self.trained or (0, 0)
        if self.targets:
            scores: tuple[Any, ...] = kept.get("r2"), self.trained_r2, kept.get("val_r2")
            return Accuracies(*(max(float(each), 0.0) if is_finite(each) else None for each in scores))
        held_out = kept.get("val_accuracy") if self.val_accuracy is None else self.val_accuracy
        found: tuple[Any, ...] = kept.get("accuracy"), correct / samples if samples else None, held_out
        return Accuracies(*(each if is_finite(each) and 0 <= each <= 1 else None for each in found))

    @cached_property
    def measured(self) -> PerClass | None:
        """The measures of the classes; None where the confusion matrix is not known.

        Raises:
            DataError: The confusion matrix holds other things than counts.
        """
        return None if self.confusion is None else per_class(self.confusion)

    @cached_property
    def names(self) -> list[str]:
        """Names of the classes of the confusion matrix in order; their numbers where no names are known.

        Raises:
            DataError: There is not one name for each class.
        """
        classes = self.classes if self.measured is None else len(self.measured.samples)
        names = list(self.class_names or map(str, range(classes)))
        if len(names) != classes:
            raise DataError(
                f"a confusion matrix of {classes} classes needs {classes} names",
                got=f"{len(names)}",
                hint="pass one name for each row, in the order of the class numbers",
            )
        return names

    @property
    def usual_rate(self) -> float | None:
        """Keras' default learning rate of the optimizer; None if it is unknown, or that of the training."""
        is_known = self.config.get("learning_rate") is not None
        return DEFAULT_RATES.get(self.config.get("optimizer", "")) if is_known else None

    @property
    def default_rate(self) -> Remedy | None:
        """Keras' default learning rate, if the training's is at least ten times as large or as small."""
        default = self.usual_rate
        if default is None or default / FAR_RATE < self.config["learning_rate"] < default * FAR_RATE:
            return None
        return Remedy(f"use Keras' default learning rate of {default:g}", {"learning_rate": default})

    @property
    def has_usual_rate(self) -> bool:
        """Whether the learning rate is at least a third of Keras' default of its optimizer."""
        return self.usual_rate is not None and self.config["learning_rate"] >= self.usual_rate / USUAL_RATE

    @property
    def other_weights(self) -> Remedy | None:
        """Other first weights, unless they are Keras' defaults already."""
        return None if self.default_weights else DEFAULT_WEIGHTS

    def named(self, *about: str) -> tuple[str, ...]:
        """Names in `examples` of a kind of finding and its subject, such as a layer."""
        return tuple(self.examples.get("/".join(about), ()))

    def of_columns(self, fact: str) -> list[tuple[str, Any]]:
        """The names of the columns with a fact of `ColumnFacts`, each with it."""
        return [(each.name, found) for each in self.columns if (found := getattr(each, fact)) is not None]

    def input_name(self, place: int) -> str:
        """What an input is called; a column without a name by its number from 1."""
        return f"column {place + 1}" if self.input_names is None else self.input_names[place]


Judge = Callable[[Evidence], Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """A function of the evidence, and a rule for each kind of finding that it makes.

    Attributes:
        judge: The function.
        rules: The rules.
    """

    judge: Judge
    rules: tuple[Rule, ...]

    def __call__(self, evidence: Evidence) -> tuple[Finding, ...]:
        """What it finds, with the rules, their words, and units."""
        rules = {rule.kind: rule for rule in self.rules}
        return tuple(_complete(each, rules[each.kind], evidence) for each in self.judge(evidence))


def _complete(finding: Finding, rule: Rule, evidence: Evidence) -> Finding:
    facts, text = finding.evidence, f"{rule.text.format(**finding.evidence)} {finding.text}".strip()
    if evidence.targets and "class" in text:  # strata stand for classes where columns and groups are judged
        text += f' Classes are parts of the range of "{evidence.targets[0].name}" here.'
    return dataclasses.replace(
        finding,
        rule=rule,
        title=finding.title or rule.title.format(**facts),
        text=text,
        advice=finding.advice or (rule.advice if finding.severity == "warning" else ""),
        # of a finding without a layer, examples are not asked for: measuring them may take long
        units=evidence.named(finding.kind, facts["layer"]) if "layer" in facts else finding.units,
    )


def check(*rules: Rule) -> Callable[[Judge], Check]:
    """Make a check of a function, by the rules of what it finds; their words name constants of its module in braces."""

    def make(judge: Judge) -> Check:
        known = globals() | vars(sys.modules[judge.__module__])
        return Check(judge, tuple(dataclasses.replace(each, words=each.words.format(**known)) for each in rules))

    return make


BALANCED = Remedy(Hint("use {}", class_weight="balanced"), {"class_weight": "balanced"})
DEFAULT_WEIGHTS = Remedy("draw first weights by Keras' default initializers", change="default-weights")
RELU = Remedy("use relu in the hidden layers", activation="relu")


def class_in_words(name: str) -> str:
    """A class in a sentence: "class 4" and "class shirt", and "class_1" as it is."""
    return name if name.lower().startswith("class") else f"class {name}"
