"""Which training samples an answer of a run is owed to, as the user holds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.cache import cached
from cutaway.checks import check_choice, check_whole
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import UsageError
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Column, Table, value
from cutaway.results.units import NAME, TEXT, Unit
from cutaway.topics.common.snapshots import objective_of, snapshot_rates, training_weights
from cutaway.words import counted, percent

from .reliability import reliability

if TYPE_CHECKING:
    from cutaway.plots import Figure

TARGETS = ("predicted", "label")
"""The class whose probability is explained: the one that the model predicts, or the label of the sample."""


@dataclass(frozen=True)
class InfluentialSample:
    """A training sample, and what it did for an answer.

    Attributes:
        sample: Its name, such as "train[123]".
        label: Name of its class.
        influence: How much training on it has raised the log-probability of the answer, up to a factor that all samples
            share; below 0 if it has lowered it.
    """

    sample: str = value("Training sample", TEXT, "Name of the training sample.")
    label: str = value("Label", NAME, "Its label.")
    influence: float = value(
        "Influence",
        Unit("number", "{:+.3g}".format),
        "How much training on it has raised the log-probability of the answer, up to a factor that all share.",
    )


EFFECT = Column(("effect",), "Effect", TEXT, "Whether it has raised the probability of the answer or lowered it.")
"""What a table of both kinds says of each."""


@public
@dataclass(frozen=True, eq=False, repr=False)
class Influences(Result):
    """The training samples that have raised and lowered the probability of one answer most, made by `Run.influence`.

    Attributes:
        sample: Name of the answered sample.
        target: Name of the class whose log-probability is explained.
        probability: Probability that the model gives to that class, in [0, 1].
        epoch: Number of the epoch after which the model answered.
        rates: Epoch of each snapshot that was used -> its weight: the learning rate, summed over the epochs nearest to
            it.
        samples: Number of training samples among which these were found.
        supporting: Those with the largest influence, the largest first; all are above 0.
        opposing: Those with the smallest influence, the smallest first; all are below 0.
        approximation: What is left out of how the model was trained, in words; "" if nothing is.
        reliability: How far the order can be relied on for this kind of training, in a sentence.
    """

    sample: str
    target: str
    probability: float
    epoch: int
    rates: Mapping[int, float]
    samples: int
    supporting: tuple[InfluentialSample, ...]
    opposing: tuple[InfluentialSample, ...]
    approximation: str
    reliability: str = ""

    def line(self) -> str:
        """A one-line summary."""
        most = {"supporting": self.supporting, "opposing": self.opposing}
        shown = [f"most {kind} {found[0].sample} ({found[0].label})" for kind, found in most.items() if found]
        return (
            f"Influences on {self.sample} as {self.target} ({percent(self.probability, 1)}) at epoch {self.epoch}: "
            f"{', '.join(shown) or 'none'}, of {self.samples:,} training samples"
        )

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs of the snapshots that were used."""
        return tuple(self.rates)

    def table(self) -> Table:
        """One row for each training sample."""
        table = Table.of(InfluentialSample, (*self.supporting, *self.opposing))
        effects = ["supporting"] * len(self.supporting) + ["opposing"] * len(self.opposing)
        return replace(table, columns=(EFFECT, *table.columns), values={"effect": effects, **table.values})

    def tables(self) -> tuple[Table, ...]:
        """Those that raised the probability most, and those that lowered it most."""
        answer = f"the probability of {self.target} for {self.sample} ({percent(self.probability, 1)})"
        return (
            Table.of(InfluentialSample, self.supporting, title=f"Raised {answer} most"),
            Table.of(InfluentialSample, self.opposing, title="Lowered it most"),
        )

    def notes(self) -> tuple[str, ...]:
        """What they were computed from, and how far they can be relied on."""
        snapshots = counted(len(self.rates), "snapshot")
        computed = f"Computed from the gradients of {self.samples:,} training samples in {snapshots}."
        approximate = f"Approximate: {self.approximation}." if self.approximation else ""
        return tuple(filter(None, (computed, approximate, self.reliability)))

    def to_json(self) -> dict[str, Any]:
        """Everything about them."""
        return plain(self)

    def plot(self) -> "Figure":
        """Draw the influence of each sample as a matplotlib Figure: orange raised the probability, blue lowered it.

        Raises:
            UsageError: No sample has an influence.
        """
        from cutaway.plots import Bars, bars

        found = [*self.supporting, *reversed(self.opposing)]
        if not found:
            raise UsageError("there are no influences to draw", hint="choose another answer")
        names = [f"{each.sample} ({each.label})" for each in found]
        title = f"Influence on {self.sample} as {self.target} ({percent(self.probability, 1)})"
        return bars([Bars(title, names, [each.influence for each in found], x_label="influence", signed=True)])


@dataclass(frozen=True, eq=False)
class Answers:
    """Samples whose answers are explained.

    Attributes:
        x: ``(sample, *shape)`` raw rows.
        names: What each is called.
        labels: int64 ``(sample,)``, their classes, or None if they are not known.
    """

    x: np.ndarray
    names: Sequence[str]
    labels: np.ndarray | None = None

    @classmethod
    def named(cls, context: RunContext, names: Sequence[str]) -> "Answers":
        """Samples of the data by their names.

        Raises:
            UnknownNameError: There is no such sample.
        """
        if not names:
            return cls(np.empty((0, *context.data.shape), np.float32), [])
        ids = context.samples(names)
        return cls(context.data.x(ids), ids.names(), context.data.y(ids))


def influence(
    context: RunContext,
    answers: Answers,
    n: int = 10,
    *,
    target: str = "predicted",
    epoch: int | None = None,
    epochs: Any = "auto",
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[Influences, ...]:
    """Find the training samples that influenced answers most; see `cutaway.Run.influence`."""
    number = context.epoch(epoch)
    n = check_whole(n, name="n", least=1, most=len(context.part("train")))
    if not len(answers.x):
        raise UsageError("there is no answer to measure influence on", hint='pass for example ["test[7]"]')
    rates = snapshot_rates(context, epoch=number, epochs=epochs)

    def compute() -> tuple[Influences, ...]:
        return _measure(context, answers, n, target=target, epoch=number, rates=rates, on_progress=on_progress)

    if answers.labels is None:  # new samples are not cached
        return compute()
    weights = training_weights(context, context.data.y(context.split.train))
    identity = context.folder.identity(*rates, number)
    decides = [answers.x, answers.labels, list(answers.names), n, target, rates, weights]
    return cached("influence", identity, decides, method=2).get(compute)


def _measure(
    context: RunContext,
    answers: Answers,
    n: int,
    *,
    target: str,
    epoch: int,
    rates: dict[int, float],
    on_progress: ProgressCallback,
) -> tuple[Influences, ...]:
    from cutaway.interpret import TrainingSamples, answers_at_once, influences

    ids, number = context.part("train"), epoch
    model, data = context.model(number), context.data
    objective, approximation = objective_of(context)
    probabilities, targets = _targets(context, answers, target=target, epoch=number)
    samples = TrainingSamples(data.rows(ids), data.y(ids), training_weights(context, data.y(ids)))
    found: list[Influences] = []
    step = answers_at_once(len(ids))
    for first in range(0, len(targets), step):
        part = slice(first, first + step)
        values = influences(
            model,
            answers.x[part],
            targets[part],
            samples=samples,
            objective=objective,
            scale=data.scale,
            snapshot=context.snapshot,
            rates=rates,
            on_progress=on_progress,
        )
        found += [
            Influences(
                sample=answers.names[place],
                target=context.class_names[int(targets[place])],
                probability=float(probabilities[place, targets[place]]),
                epoch=number,
                rates=rates,
                samples=len(ids),
                supporting=_most(context, ids, of_samples, n),
                opposing=_most(context, ids, of_samples, n, sign=-1),
                approximation=approximation,
                reliability=reliability(context),
            )
            for place, of_samples in enumerate(values, start=first)
        ]
    return tuple(found)


def _targets(context: RunContext, answers: Answers, *, target: str, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities (answer, class) at an epoch, and the class (answer,) whose probability is explained."""
    from cutaway.models import class_probabilities, forward

    check_choice(target, name="target", choices=TARGETS)
    if target == "label" and answers.labels is None:
        raise UsageError(
            'target="label" needs samples of the data: raw values have no label',
            hint='pass names of samples, such as "test[7]"',
        )
    model, scale = context.model(epoch), context.data.scale
    probabilities = class_probabilities(model, forward(model, answers.x, scale=scale))
    labels = probabilities.argmax(axis=1) if target == "predicted" or answers.labels is None else answers.labels
    return probabilities, labels


def _most(
    context: RunContext, ids: SampleIds, values: np.ndarray, n: int, *, sign: int = 1
) -> tuple[InfluentialSample, ...]:
    """The samples with the largest values, or the smallest for a sign of -1, that have this sign; equals in order."""
    signed = sign * values
    places = np.argpartition(-signed, n - 1)[:n] if n < len(values) else np.arange(len(values))
    places = places[signed[places] > 0]
    places = places[np.lexsort((places, -signed[places]))]
    chosen, names = ids.take(places), context.class_names
    labels = context.data.y(chosen).tolist()
    return tuple(
        InfluentialSample(name, names[int(label)], float(value))
        for name, label, value in zip(context.named(chosen).names(), labels, values[places], strict=True)
    )
