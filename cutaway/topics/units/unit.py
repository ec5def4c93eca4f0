"""One unit of a layer as the user holds it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.results.result import Result
from cutaway.results.table import Table, column
from cutaway.results.units import decimals
from cutaway.topics.common.sample_list import IDENTITY
from cutaway.words import percent

if TYPE_CHECKING:
    from cutaway.plots import Figure


COLUMNS = (IDENTITY[0], column("activation", "Activation", decimals(3), "Activation of the unit for the sample."))
"""The samples for which a unit is highest."""


@dataclass(frozen=True, eq=False, repr=False)
class Unit(Result):
    """A unit of a hidden layer, made by ``units[number]``.

    Attributes:
        layer: Name of the layer.
        number: Its number, from 0.
        summary: Everything about it, as `Units.summary` returns it.
        class_mean: float64 ``(class,)``, its mean activation within each class; NaN for one without samples.
        class_names: Names of the classes.
        weights: float32 ``(row, column)``, its incoming weights; None of deeper layers and where samples are no
            images.
        images: float32 ``(sample, row, column[, 3])`` in 0..1, its top activating samples; None where samples are no
            images.
    """

    layer: str
    number: int
    summary: dict[str, Any] = field(repr=False)
    class_mean: np.ndarray = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)
    weights: np.ndarray | None = field(repr=False)
    images: np.ndarray | None = field(repr=False)

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
        return Table.of(COLUMNS, self.summary["top_activating"])

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
