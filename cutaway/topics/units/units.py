"""What each unit of a layer responds to, and what the model loses without it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.cache import cached
from cutaway.checks import check_choice, check_whole
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import UnknownNameError
from cutaway.metrics import LISTED
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.results.notebook import ROWS
from cutaway.results.plain import plain
from cutaway.results.result import Answer, Result
from cutaway.results.table import Table, value
from cutaway.results.units import COUNT, LOST, MEASURED, NAME, decimals
from cutaway.results.units import Unit as Written
from cutaway.topics.common.sample_list import NAME_OF_SAMPLE
from cutaway.words import UNDEFINED, number, percent, shown

from .options import SORTS, UnitsOptions

if TYPE_CHECKING:
    import pandas

    from cutaway.interpret import Ablation, UnitMeasures
    from cutaway.plots import Figure

    Measured = tuple[UnitMeasures, Ablation, np.ndarray]


def _or_constant(firing: float, constant: bool) -> str:
    return "constant" if constant else percent(firing, 1)


def _named(name: str | int | None, value: float | None) -> str:
    return UNDEFINED if name is None else f"{name} ({number(value, 2)})"


_FIRING = Written("share of the samples, 0..1, and whether the unit is constant", _or_constant)
_SIMILAR = Written("number of a unit, and a correlation", _named)


@dataclass(frozen=True, eq=False)
class UnitRows:
    """What each unit is for, arrays ``(unit,)``."""

    unit: np.ndarray = value("Unit", COUNT, "Number of the unit, from 0.")
    mean: np.ndarray = value("Mean", decimals(3), "Mean activation.", shown=False)
    firing: tuple[np.ndarray, np.ndarray] = value(
        "Fires",
        _FIRING,
        "Share of samples above 0; constant: the same output for all data.",
        names=("firing", "constant"),
        explained=True,
    )
    preferred_class: list[str | None] = value(
        "Class", NAME, "The class with the highest mean activation.", explained=True
    )
    selectivity: np.ndarray = value("Select.", decimals(3), "0: all classes alike; 1: one class only.", explained=True)
    similar: tuple[list[int | None], np.ndarray] = value(
        "Similar",
        _SIMILAR,
        "The most similar unit, and the correlation with it.",
        names=("similar", "similarity"),
        explained=True,
    )
    ablation_cost: tuple[np.ndarray, np.ndarray, np.ndarray] = value(
        "Cost",
        MEASURED,
        "Rise of the loss without the unit, ± standard error; ~0: not measurable.",
        names=("ablation_cost", "ablation_cost_error", "measurable"),
        explained=True,
    )
    accuracy_cost: np.ndarray = value(
        "Acc.", LOST, "Change of the accuracy without it, in percentage points.", explained=True
    )
    most_affected: list[str | None] = value(
        "Affects", NAME, "The class that loses most accuracy without it.", explained=True
    )
    most_affected_cost: np.ndarray = value(
        "Its acc.",
        LOST,
        "Change of that class's accuracy, in points.",
        explained=True,
    )


@dataclass(frozen=True)
class TopSample:
    """A sample with the highest activations of a unit."""

    sample: str = value("Sample", NAME_OF_SAMPLE, "Name of the sample.")
    activation: float = value("Activation", decimals(3), "Activation of the unit for the sample.")


@public
@dataclass(frozen=True, eq=False, repr=False)
class Units(Result):
    """Summaries of all units of a hidden layer.

    Attributes:
        layer: Name of the layer.
        epoch: Number of the epoch.
        split: The split whose samples were measured.
        class_names: Names of the classes.
        ids: Identity of each sample measured.
        measures: Activations: means, selectivity, top activating samples, most similar unit.
        ablation: Loss and accuracy without each unit.
        constant: bool ``(unit,)``, the same output for every sample of the whole dataset, training samples included.
        images: float32 ``(unit, *shape of a sample)``, incoming weights; None for deeper layers, and if samples are
            not images.
        context: The run it is of, for the images of top activating samples; None if it is not known.
    """

    layer: str
    epoch: int
    split: str
    class_names: tuple[str, ...]
    ids: SampleIds
    measures: "UnitMeasures"
    ablation: "Ablation"
    constant: np.ndarray
    images: np.ndarray | None
    context: RunContext | None = None

    def line(self) -> str:
        """A one-line summary."""
        constant = int(self.constant.sum())
        return f"Units of {self.layer}, epoch {self.epoch}: {len(self)} units, {constant} constant"

    def __len__(self) -> int:
        return len(self.constant)

    def __getitem__(self, unit: int) -> "Unit":
        """One unit: what it looks for, and what makes it fire.

        Raises:
            UnknownNameError: There is no such unit.
        """
        summary = self.summary(unit)
        top = self.measures.top_samples[unit]
        ids = self.ids.take(top[top >= 0])
        return Unit(
            layer=self.layer,
            number=unit,
            summary=summary,
            class_mean=self.measures.class_mean[unit],
            class_names=self.class_names,
            weights=None if self.images is None else _gray(self.images[unit]),
            images=None if self.context is None else self.context.data.images(ids),
        )

    def __iter__(self) -> "Iterator[Unit]":
        return (self[unit] for unit in range(len(self)))

    def plot(self, n: int = 24, *, sort: str = "ablation_cost") -> "Figure":
        """Draw units as a matplotlib Figure: their incoming weights as images, or their ablation costs as bars.

        Args:
            n: How many at most, from 1.
            sort: What to sort by, one of `SORTS`.

        Raises:
            UnknownNameError: Units cannot be sorted by that.
            UsageError: `n` is below 1.
        """
        from cutaway.plots import Bars, bars, weight_grid

        shown = self.order(sort)[: check_whole(n, name="n", least=1)]
        title = f"{self.layer}, epoch {self.epoch}: {len(shown)} of {len(self)} units by {sort.replace('_', ' ')}"
        cost, error = self.ablation.cost[shown], np.nan_to_num(self.ablation.cost_error[shown])
        if self.images is not None:
            titles = [f"{unit}: {value:.3g}" for unit, value in zip(shown, cost.tolist(), strict=True)]
            return weight_grid(np.stack([_gray(self.images[unit]) for unit in shown]), titles, title=title)
        names = [f"unit {unit}" for unit in shown]
        return bars([Bars(title, names, cost, cost - 2 * error, cost + 2 * error, x_label="ablation cost, nats")])

    def order(self, sort: str = "unit") -> list[int]:
        """Numbers of the units, sorted by one of `SORTS`: the largest first, then by number; undefined values last.

        By "ablation_cost", units without which the loss measurably rises come first, then those whose cost is not
        measurable, then those without which the loss measurably falls; within each group, the largest cost first.

        Raises:
            UnknownNameError: ``sort`` is not one of these.
        """
        check_choice(sort, name="sort", choices=SORTS)
        if sort == "unit":
            return list(range(len(self)))
        if sort == "ablation_cost":
            cost = self.ablation.cost
            return np.lexsort((-cost, -np.where(self.ablation.measurable, np.sign(cost), 0))).tolist()
        values = getattr(self.measures, sort)
        return np.argsort(-np.where(np.isnan(values), -np.inf, values), kind="stable").tolist()

    def summary(self, unit: int) -> dict[str, Any]:
        """Everything about a unit, JSON-able: None for undefined values.

        Returns:
            unit, mean, firing, constant, preferred_class, selectivity, similar (unit), similarity, ablation_cost (how
            much the mean cross-entropy loss rises without it, in nats), ablation_cost_error (its standard error),
            measurable (whether the cost is more than two standard errors away from 0), accuracy_cost (accuracy lost
            without it), most_affected (the class that loses most accuracy; None if none does), most_affected_cost
            (accuracy lost within it), class_mean (by class; above 100 classes, the 100 highest), top_activating
            (list of sample and activation, strongest first).

        Raises:
            UnknownNameError: There is no such unit.
        """
        if not 0 <= unit < len(self):
            rule = f'"{self.layer}" has the units 0 to {len(self) - 1}'
            raise UnknownNameError(rule, got=shown(unit), hint="choose one of these")
        return self._summaries([unit])[0]

    def _summaries(self, units: list[int]) -> list[dict[str, Any]]:
        rows = self._table().take(units).records()
        return [
            {**row, "class_mean": self._class_means(unit), "top_activating": self._top(unit)}
            for unit, row in zip(units, rows, strict=True)
        ]

    def _top(self, unit: int) -> list[dict[str, Any]]:
        samples = zip(self.measures.top_samples[unit], self.measures.top_activations[unit], strict=True)
        return [{"sample": self.ids[int(place)], "activation": float(value)} for place, value in samples if place >= 0]

    def _class_means(self, unit: int) -> dict[str, float | None]:
        means = self.measures.class_mean[unit]
        highest = np.argsort(-means, kind="stable")[:LISTED] if len(means) > LISTED else np.arange(len(means))
        return {self.class_names[i]: plain(means[i]) for i in highest.tolist()}

    def summaries(self, sort: str = "unit") -> list[dict[str, Any]]:
        """Summaries of all units, sorted as by `order`."""
        return self._summaries(self.order(sort))

    def _table(self) -> Table:
        """All units by number."""
        m, ablation, names = self.measures, self.ablation, self.class_names
        losses = ablation.class_accuracy_cost
        worst = losses.argmax(axis=1)
        lost = np.maximum(losses[np.arange(len(self)), worst], 0.0)
        preferred = zip(m.preferred_class.tolist(), m.top_samples[:, 0], strict=True)
        rows = UnitRows(
            unit=np.arange(len(self)),
            mean=m.mean,
            firing=(m.firing, self.constant),
            preferred_class=[names[k] if top >= 0 else None for k, top in preferred],
            selectivity=m.selectivity,
            similar=([unit if unit >= 0 else None for unit in m.similar.tolist()], m.similarity),
            ablation_cost=(ablation.cost, ablation.cost_error, ablation.measurable),
            accuracy_cost=ablation.accuracy_cost,
            most_affected=[names[k] if cost else None for k, cost in zip(worst.tolist(), lost, strict=True)],
            most_affected_cost=lost,
        )
        return Table.of(UnitRows, rows)

    def table(self, sort: str = "unit") -> Table:
        """One row for each unit, sorted as by `order`, without class means and top activating samples."""
        return self._table().take(self.order(sort))

    def tables(self, sort: str = "ablation_cost", limit: int = ROWS) -> tuple[Table, ...]:
        """The table shown in a terminal.

        Args:
            sort: What to sort by, one of `SORTS`.
            limit: Maximum number of units; 0 for all.
        """
        shown = self.order(sort)[: limit or None]
        measurable, constant = int(self.ablation.measurable.sum()), int(self.constant.sum())
        has, are = "has" if measurable == 1 else "have", "is" if constant == 1 else "are"
        notes = (
            f"With all units the accuracy is {percent(self.ablation.accuracy)} on {self.split}.",
            f"{measurable} of {len(self)} units {has} a measurable cost; {constant} {are} constant on all data.",
        )
        by = sort.replace("_", " ")
        title = f"{self.layer} after epoch {self.epoch}: {len(shown)} of {len(self)} units, by {by}"
        return (replace(self._table().take(shown), title=title, notes=notes),)

    def to_pandas(self, sort: str = "unit") -> "pandas.DataFrame":
        """A pandas DataFrame, one row for each unit, without class means and top activating samples."""
        return self.table(sort).to_pandas()

    def to_json(self, sort: str = "unit") -> dict[str, Any]:
        """What ``cutaway units --json`` answers about the run: all units, sorted."""
        measured = {"accuracy": self.ablation.accuracy, "units": self.summaries(sort)}
        return self._plain("layer", "epoch", "split") | measured


@dataclass(frozen=True, eq=False, repr=False)
class Unit(Result):
    """A unit of a hidden layer, made by ``units[number]``.

    Attributes:
        layer: Name of the layer.
        number: Its number, from 0.
        summary: Everything about it, as `Units.summary` returns it.
        class_mean: float64 ``(class,)``, its mean activation within each class; NaN for one without samples.
        class_names: Names of the classes.
        weights: float32 ``(row, column)``, its incoming weights; None of deeper layers and if samples are no
            images.
        images: float32 ``(sample, row, column[, 3])`` in 0..1, its top activating samples; None if samples are no
            images.
    """

    layer: str
    number: int
    summary: dict[str, Any]
    class_mean: np.ndarray
    class_names: tuple[str, ...]
    weights: np.ndarray | None
    images: np.ndarray | None

    def line(self) -> str:
        """A one-line summary."""
        return f"Unit {self.sentence}"

    @property
    def sentence(self) -> str:
        """What it is, in a few words."""
        s = self.summary
        name = f"{self.number} of {self.layer}"
        if s["constant"]:
            return f"{name}: constant on the whole dataset"
        preferred = "" if s["preferred_class"] is None else f", prefers {s['preferred_class']}"
        fires = f"fires for {percent(s['firing'], 1)} of the samples"
        return f"{name}: {fires}{preferred}, ablation cost {s['ablation_cost']:.3g}"

    def table(self) -> Table:
        """Its top activating samples, the strongest first."""
        return Table.of(TopSample, [TopSample(**each) for each in self.summary["top_activating"]])

    def plot(self) -> "Figure":
        """Draw its weights, its mean activation in each class, and its top activating samples, a matplotlib Figure."""
        return self._figure(f"unit {self.sentence}")

    def _figure(self, sentence: str) -> "Figure":
        from cutaway.plots import DrawnUnit, drawn_unit

        top = self.summary["top_activating"]
        return drawn_unit(
            DrawnUnit(
                sentence,
                self.weights,
                self.class_mean,
                self.class_names,
                self.images,
                np.array([each["activation"] for each in top], float),
                [each["sample"] for each in top],
            )
        )

    def _shown_figure(self) -> "Figure":
        return self._figure("")

    def _shown_table(self) -> str:
        return ""


def compute(context: RunContext, options: UnitsOptions, *, on_progress: ProgressCallback = ignore_progress) -> Answer:
    """Answer ``cutaway units``.

    Raises:
        CutawayError: See `units`.
    """
    found = units(context, options, on_progress=on_progress)
    tables = partial(found.tables, options.sort, options.limit)
    return Answer(partial(found.to_json, options.sort), tables)


def _gray(image: np.ndarray) -> np.ndarray:
    """Weights as (row, column): the mean over the colors of an image."""
    return image.mean(axis=-1) if image.ndim == 3 else image


def units(context: RunContext, options: UnitsOptions, *, on_progress: ProgressCallback = ignore_progress) -> Units:
    """Summarize all units of a hidden layer; see `cutaway.Run.units`.

    Args:
        context: The run.
        options: The options. Constant units are found on all samples.
        on_progress: Called after every batch, in samples.

    Raises:
        UnknownNameError: There is no such layer, split or epoch.
        UsageError: The layer is the output, or the split is empty.
        DataError: An activation is not a finite number.
    """
    context.task.need_classes("a measure of units")
    number, name = context.epoch(options.epoch), context.layer(options.layer, epoch=options.epoch)
    ids = context.named(context.ids(options.split, samples=options.samples))

    def compute() -> "Measured":
        from cutaway.interpret import ablate, constant_units, unit_measures

        model, data = context.model(number), context.data
        inputs: dict[str, Any] = {"scale": data.scale, "on_progress": on_progress}
        labeled: dict[str, Any] = {**inputs, "x": data.rows(ids), "labels": data.y(ids), "classes": data.classes}
        everything = data.rows(context.split.part("all"))
        measures, ablation = unit_measures(model, name, **labeled), ablate(model, name, **labeled)
        return measures, ablation, constant_units(model, name, x=everything, **inputs)

    identity = context.folder.identity(number)
    kept = cached("units", identity, name, ids.source_index, ids.index, method=1)
    measures, ablation, constant = kept.get(compute)
    return Units(
        layer=name,
        epoch=number,
        split=options.split,
        class_names=context.class_names,
        ids=ids,
        measures=measures,
        ablation=ablation,
        constant=constant,
        images=_incoming_images(context, name, epoch=number) if context.data.image is not None else None,
        context=context,
    )


def _incoming_images(context: RunContext, layer: str, *, epoch: int) -> np.ndarray | None:
    """The incoming weights of each unit, in the shape of a sample; None where the layer does not read the input."""
    if not context.outline.reads_input(layer):
        return None
    shape, units = context.data.shape, context.outline.units[layer]
    kernel = context.folder.snapshot(epoch).get(f"{layer}/kernel")
    if kernel is None or kernel.shape != (math.prod(shape), units):
        return None
    return kernel.T.reshape(units, *shape)
