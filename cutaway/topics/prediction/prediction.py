"""What a model says of new samples, chunk by chunk: the probabilities of the classes, and why."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.checks import check_whole
from cutaway.context import RunContext
from cutaway.errors import Hint, ModelError, UsageError, printable
from cutaway.image_shape import input_names
from cutaway.metrics import at_temperature
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Column, Table, columns_of, value
from cutaway.results.units import NAME, NUMBER, TEXT, Unit, share
from cutaway.task import Task
from cutaway.topics.common.intervals import fit_radius, interval_ends
from cutaway.topics.common.nearest import NearestSamples, nearest_of
from cutaway.words import counted, cut, number, percent

from .options import PredictionOptions
from .samples import Samples, new_samples
from .shift import LEAST, FarSamples, ShiftedColumns, model_inputs, training_distances

if TYPE_CHECKING:
    from cutaway.plots import Figure

SHOWN = 20
"""Predictions that people read as a table, unless they ask for another number."""

FEW = 5
"""Nearest training samples, and inputs that contributed most, where nobody says how many."""


def _likely(name: str, probability: float) -> str:
    return f"{printable(name, 12)} {percent(probability, 1)}"


def _contributed(name: str, contribution: float) -> str:
    return f"{printable(name, 16)} {number(contribution, 2)}"


def _near(name: str, label: str) -> str:
    return f"{name} ({printable(label, 12)})"


def _distance(distance: float, far: bool) -> str:
    return f"{number(distance, 2)}{' far' if far else ''}"


_CLASS = Unit("name and probability, 0..1", _likely, right=False)
_INPUT = Unit("name and number", _contributed, right=False)
_NEAREST = Unit("name and label", _near, right=False)
_FAR = Unit("number, and whether it is far", _distance)


@dataclass(frozen=True, eq=False)
class PredictionRows:
    """What people read of predictions, arrays ``(sample,)``; columns that were not asked for are left out."""

    sample: Sequence[str] = value("Sample", TEXT, "What the sample is called.")
    predicted: Sequence[str] = value("Predicted", NAME, "The most probable class.")
    probability: np.ndarray = value("Probability", share(1), "Its probability.")
    runner_up: tuple[Sequence[str], np.ndarray] = value(
        "Runner-up", _CLASS, "The second most probable class.", names=("next", "next_probability")
    )
    input: tuple[Sequence[str], np.ndarray] = value(
        "Input",
        _INPUT,
        "The input that contributed most to the difference of both, in logits.",
        names=("input", "contribution"),
    )
    nearest: tuple[Sequence[str], Sequence[str]] = value(
        "Nearest", _NEAREST, "The training sample nearest in the last hidden layer.", names=("nearest", "label")
    )
    distance: tuple[np.ndarray, np.ndarray] = value(
        "Distance", _FAR, "Distance to the nearest of up to 2,000 training samples.", names=("distance", "far")
    )


@dataclass(frozen=True, eq=False)
class Contributions:
    """The inputs that contributed most to the difference between the two highest logits, by absolute value.

    Attributes:
        runner_up: int64 ``(sample,)``, the class with the second highest logit.
        inputs: What each input is called, text ``(sample, n)``, the largest contribution first.
        values: float32 ``(sample, n)``, contributions: above 0 for the predicted class, below 0 for the runner-up.
    """

    runner_up: np.ndarray
    inputs: np.ndarray
    values: np.ndarray


@public
@dataclass(frozen=True, eq=False, repr=False)
class Predictions(Result):
    """What a model says of new samples, made by `Run.examine`.

    Attributes:
        names: Name of each sample: from the column of names, if the run has one; otherwise the number of its row in a
            table (from 1), its index in an array, or the name of its file.
        answers: float32, the probabilities ``(sample, class)``, or the predicted numbers ``(sample, target)``.
        task: What they are.
        intervals: Of numbers, the lower and the upper end of an interval, float32 ``(sample, target, 2)``; None if they
            were not asked for.
        nearest: The nearest training samples; None if they were not asked for.
        contributions: The inputs that contributed most; None if they were not asked for.
        distances: float32 ``(sample,)``, from each sample to the nearest of up to 2,000 training samples, as the model
            sees them; None if they were not asked for, or if there are fewer than 20 training samples.
        far: bool ``(sample,)``, whether that is farther than training samples are from one another; or None.
    """

    names: Sequence[str]
    answers: np.ndarray
    task: Task
    intervals: np.ndarray | None = None
    nearest: NearestSamples | None = None
    contributions: Contributions | None = None
    distances: np.ndarray | None = None
    far: np.ndarray | None = None

    def line(self) -> str:
        """A one-line summary."""
        far = "" if self.far is None else f", {int(self.far.sum()):,} far from the training samples"
        return f"Predictions of {counted(len(self), 'sample')}{far}"

    def __len__(self) -> int:
        return len(self.names)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes; none of numbers."""
        return self.task.class_names

    @property
    def probabilities(self) -> np.ndarray:
        """The probabilities of the classes, float32 ``(sample, class)``.

        Raises:
            UsageError: Numbers were predicted.
        """
        self.task.need_classes("a probability", "use answers")
        return self.answers

    def at_temperature(self, temperature: float) -> "Predictions":
        """The same samples with probabilities at another temperature; see `Run.predict`.

        Args:
            temperature: Above 0.
        """
        return replace(self, answers=at_temperature(self.probabilities, temperature))

    @property
    def predicted(self) -> list[str]:
        """Name of the most probable class of each sample, or the predicted numbers in words."""
        if self.task.is_numbers:
            return self.task.texts(self.answers)
        return [self.class_names[best] for best in self.probabilities.argmax(axis=1)]

    def columns(self) -> dict[str, Any]:
        """All columns by name: text and numbers ``(sample,)``.

        Returns:
            sample, predicted and, for each class, P(class); of numbers sample and each target, with "low" and "high"
            after its name for the ends of its interval. If asked for:
            runner-up, input 1, input 1 contribution,
            ...; nearest 1, nearest 1 label, nearest 1 distance, ...; distance and far.
        """
        columns: dict[str, Any] = {"sample": list(self.names)}
        if self.task.is_numbers:
            for k, name in enumerate(self.task.targets):
                columns[_free(name, columns)] = self.answers[:, k]
                if (ends := self.intervals) is not None:
                    columns |= {_free(f"{name} {end}", columns): ends[:, k, i] for i, end in enumerate(("low", "high"))}
        else:
            columns |= {"predicted": self.predicted}
            columns |= {f"P({name})": self.answers[:, number] for number, name in enumerate(self.class_names)}
        if (parts := self.contributions) is not None:
            columns["runner-up"] = self._named(parts.runner_up)
            for place in range(parts.values.shape[1]):
                columns[f"input {place + 1}"] = parts.inputs[:, place].tolist()
                columns[f"input {place + 1} contribution"] = parts.values[:, place]
        if (near := self.nearest) is not None:
            for place in range(near.labels.shape[1]):
                columns[f"nearest {place + 1}"] = near.names[:, place].tolist()
                columns[f"nearest {place + 1} label"] = self._named(near.labels[:, place])
                columns[f"nearest {place + 1} distance"] = near.distances[:, place]
        if self.distances is not None and self.far is not None:
            columns |= {"distance": self.distances, "far": self.far}
        return columns

    def records(self) -> Iterator[dict[str, Any]]:
        """A JSON-able record for each sample, with lists for the numbered columns of `columns`, and None for NaN."""
        predicted, rows = self.predicted, self.answers.tolist()
        for i, name in enumerate(self.names):
            answers = dict(zip(self.task.names, plain(rows[i]), strict=True))
            of_classes = {"predicted": predicted[i], "probabilities": answers}
            record: dict[str, Any] = {"sample": name, **({"numbers": answers} if self.task.is_numbers else of_classes)}
            if self.intervals is not None:
                record["intervals"] = dict(zip(self.task.names, plain(self.intervals[i]), strict=True))
            if (parts := self.contributions) is not None:
                record["runner_up"] = self.class_names[int(parts.runner_up[i])]
                record["contributions"] = [
                    {"input": named, "contribution": plain(each)}
                    for named, each in zip(parts.inputs[i].tolist(), parts.values[i].tolist(), strict=True)
                ]
            if (near := self.nearest) is not None:
                labels, distances = self._named(near.labels[i]), near.distances[i].tolist()
                record["nearest"] = [
                    {"sample": named, "label": label, "distance": plain(distance)}
                    for named, label, distance in zip(near.names[i].tolist(), labels, distances, strict=True)
                ]
            if self.distances is not None and self.far is not None:
                record |= {"distance": plain(self.distances[i]), "far": bool(self.far[i])}
            yield record

    def to_json(self) -> list[dict[str, Any]]:
        """What ``cutaway predict --json`` answers."""
        return list(self.records())

    def table(self) -> Table:
        """One row for each sample, with everything requested; see `columns`."""
        values = self.columns()
        return Table(tuple(Column((name,), name, TEXT, "See `Predictions.columns`.") for name in values), values)

    def tables(self, n: int = SHOWN) -> tuple[Table, ...]:
        """The table shown in a terminal, with the first entry of each list.

        Args:
            n: Maximum number of samples, which a single one may exceed.
        """
        shown = len(cut(self.names, n)[0])
        if self.task.is_numbers:
            columns = {name: values[:shown] for name, values in self.columns().items()}
            return (Table(tuple(_column(name, values) for name, values in columns.items()), columns),)
        ordered = np.argsort(-np.nan_to_num(self.probabilities[:shown], nan=-1.0), axis=1, kind="stable")[:, :2]
        highest, lower = np.take_along_axis(self.probabilities[:shown], ordered, axis=1).T
        values: dict[str, Any] = {
            "sample": self.names[:shown],
            "predicted": self._named(ordered[:, 0]),
            "probability": highest,
        }
        if self.contributions is None and self.nearest is None and self.distances is None:
            values |= {"next": self._named(ordered[:, 1]), "next_probability": lower}  # there is room
        longest = 0
        if (parts := self.contributions) is not None and (longest := parts.values.shape[1]):
            values |= {"input": parts.inputs[:shown, 0].tolist(), "contribution": parts.values[:shown, 0]}
        if (near := self.nearest) is not None and near.labels.shape[1]:
            longest = max(longest, near.labels.shape[1])
            values |= {"nearest": near.names[:shown, 0].tolist(), "label": self._named(near.labels[:shown, 0])}
        if self.distances is not None and self.far is not None:
            values |= {"distance": self.distances[:shown], "far": self.far[:shown]}
        shown_columns = tuple(each for each in columns_of(PredictionRows) if each.names[0] in values)
        notes = ("Only the first input and nearest sample are shown; use --json or -o for all.",) if longest > 1 else ()
        return (Table(shown_columns, values, notes=notes),)

    def plot(self, n: int = 24) -> "Figure":
        """Draw the probability of the predicted class of the first samples as a matplotlib Figure.

        Args:
            n: Maximum number of samples, from 1.

        Raises:
            UsageError: There are no samples, or `n` is below 1.
        """
        from cutaway.plots import Bars, bars, class_style

        shown = min(check_whole(n, name="n", least=1), len(self))
        if not shown:
            raise UsageError("there are no predictions to draw", hint="predict some samples")
        highest = self.probabilities[:shown].argmax(axis=1)
        names = [f"{name}: {self.class_names[k]}" for name, k in zip(self.names[:shown], highest.tolist(), strict=True)]
        values = self.probabilities[:shown].max(axis=1)
        colors = [class_style(k).color for k in highest.tolist()]
        title = "Probability of the predicted class"
        return bars([Bars(title, names, values, percent=True, limits=(0, 1), colors=colors)])

    def _named(self, labels: np.ndarray) -> list[str]:
        return self.task.texts(labels)


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """The name of a column for a target, which another column may have."""
    return f"{name} predicted" if name in taken else name


def _column(name: str, values: Any) -> Column:
    is_number = isinstance(values, np.ndarray) and np.issubdtype(values.dtype, np.floating)  # pyright: ignore[reportUnknownMemberType,reportUnknownArgumentType]
    return Column((name,), name, NUMBER if is_number else TEXT, "See `Predictions.columns`.")


def join(parts: Sequence[Predictions]) -> Predictions:
    """The predictions of several chunks, at least one, as one."""
    first = parts[0]
    nearest = first.nearest and NearestSamples(*_joined([p.nearest for p in parts], "names", "labels", "distances"))
    contributions = first.contributions and Contributions(
        *_joined([p.contributions for p in parts], "runner_up", "inputs", "values")
    )
    known = first.distances is not None
    distances, far = _joined(parts, "distances", "far") if known else (None, None)
    (intervals,) = _joined(parts, "intervals") if first.intervals is not None else (None,)
    return Predictions(
        names=[name for part in parts for name in part.names],
        answers=np.concatenate([part.answers for part in parts]),
        task=first.task,
        intervals=intervals,
        nearest=nearest,
        contributions=contributions,
        distances=distances,
        far=far,
    )


def _joined(records: Sequence[Any], *names: str) -> list[np.ndarray]:
    return [np.concatenate([getattr(record, name) for record in records]) for name in names]


def predict(
    context: RunContext, x: Any, *, interval: float | None = None, epoch: int | None = None, warn: bool = True
) -> np.ndarray:
    """The probability of every class for new samples, or their predicted numbers.

    Args:
        context: The run.
        x: See `cutaway.Run.predict`.
        interval: See `cutaway.Run.predict`.
        epoch: After which epoch; the kept one if None.
        warn: Warn of what no training sample had.

    Returns:
        float32 ``(sample, class)``; each row sums to 1. Of numbers ``(sample,)``, or ``(sample, target)`` of several;
        with an interval ``(sample, 3)``, or ``(sample, target, 3)``: prediction, lower and upper end.

    Raises:
        DataError, UsageError: See `predictions`.
    """
    whole = join(list(predictions(context, x, PredictionOptions(interval=interval, epoch=epoch), warn=warn)))
    found = whole.answers
    if whole.intervals is not None:
        found = np.concatenate([found[..., None], whole.intervals], axis=2)
    return found[:, 0] if context.task.is_numbers and found.shape[1] == 1 else found


def examine(
    context: RunContext,
    x: Any,
    *,
    nearest: int | None = None,
    explain: int | None = None,
    interval: float | None = None,
    epoch: int | None = None,
) -> Predictions:
    """Predict new samples with everything that `predictions` gives, as one record; see `cutaway.Run.examine`."""
    train = len(context.split.train)
    nearest = min(FEW, train) if nearest is None else nearest
    if explain is None:
        explain = 0 if context.task.is_numbers else min(FEW, math.prod(context.manifest.dataset.shape))
    options = PredictionOptions(
        nearest=nearest, explain=explain, distance=train >= LEAST, interval=interval, epoch=epoch
    )
    return join(list(predictions(context, x, options)))


def predictions(
    context: RunContext, x: Any, options: PredictionOptions = PredictionOptions(), *, warn: bool = True
) -> Iterator[Predictions]:
    """Predict new samples chunk by chunk: a file may be larger than memory.

    Args:
        context: The run.
        x: See `new_samples`.
        options: The epoch, and the outputs in addition to the probabilities; the temperature is left to the caller.
        warn: Warn of what no training sample had, of samples that are far from all of them, and of columns of a table
            that differ from the training samples' by more than chance; not of dates, rows in groups, or copies.

    Yields:
        At least one chunk.

    Raises:
        DataError: A column is missing or of another kind, an image cannot be read, a shape is another one, or the
            training samples are needed and cannot be loaded.
        UsageError: `x` cannot be fed to the model, a number is outside its range, or an interval is wanted of classes
            or has too few validation samples.
        ModelError: Inputs are wanted, and the model is not piecewise linear.
    """
    from cutaway.models import class_probabilities, forward

    if options.explain:
        context.task.need_classes("explain", "leave it out")
    epoch, wanted = options.epoch, options.distance
    radius = None if options.interval is None else fit_radius(context, options.interval, epoch=epoch)
    model, scale = context.model(epoch), context.manifest.dataset.scale
    near = nearest_of(context, options.nearest, epoch=epoch) if options.nearest else None
    parts = contributions_of(context, options.explain, epoch=epoch) if options.explain else None
    measured = training_distances(context, wanted=wanted) if warn or wanted else None
    seen, shifted = FarSamples(), ShiftedColumns.of(context, measured) if warn and measured else None

    def answer(samples: Samples) -> Predictions:
        distance = far = None
        if measured is not None:
            inputs = model_inputs(samples.x, scale)
            distance, far = measured(inputs)
            seen.add(samples.names, far)
            if shifted is not None:
                shifted.add(inputs)
        outputs = forward(model, samples.x, scale=scale)
        ends = None if radius is None else np.stack(interval_ends(context.task, outputs, radius), axis=2)
        return Predictions(
            names=samples.names,
            answers=outputs if context.task.is_numbers else class_probabilities(model, outputs),
            task=context.task,
            intervals=None if ends is None else ends.astype(np.float32),
            nearest=near(samples.x) if near else None,
            contributions=parts(samples.x) if parts else None,
            distances=distance if wanted else None,
            far=far if wanted else None,
        )

    chunks = 0
    for samples in new_samples(context, x, warn=warn):
        yield answer(samples)
        chunks += 1
    if not chunks:
        yield answer(Samples(np.empty((0, *context.manifest.dataset.shape), np.float32), []))
    if warn:
        seen.warn()
    if shifted is not None:
        shifted.warn()


def contributions_of(context: RunContext, n: int, *, epoch: int | None) -> Callable[[np.ndarray], Contributions]:
    """Find the n inputs that contributed most to the answer, for any samples.

    Args:
        context: The run.
        n: From 1 to the number of inputs.
        epoch: After which epoch; the kept one if None.

    Returns:
        A function of raw samples ``(sample, *shape)``.

    Raises:
        UsageError: n is outside its range.
        ModelError: The model is not piecewise linear.
    """
    from cutaway.interpret import input_attribution

    record = context.manifest.dataset
    names = np.array(input_names(record.feature_names, record.shape), object)
    check_whole(n, name="explain", least=1, most=len(names))
    try:
        attribute = input_attribution(context.model(epoch), scale=record.scale)
    except ModelError as error:
        raise ModelError(
            error.rule, got=error.got, hint=Hint("pass {}, or train a model with ReLUs", explain=0)
        ) from None

    def find(x: np.ndarray) -> Contributions:
        values, pairs = attribute(x)
        order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :n]
        return Contributions(pairs[:, 1].astype(np.int64), names[order], np.take_along_axis(values, order, axis=1))

    return find
