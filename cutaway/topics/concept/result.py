"""What selected samples have in common in each layer, as the user holds it."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cutaway._lazy import public
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Table, column
from cutaway.results.units import NAME, TEXT, decimals, share

if TYPE_CHECKING:
    from cutaway.plots import Figure

SURE = 0.05
"""An effect is named where random selections have as unusual a one in any layer and class no more often than this."""

LISTED = 12
"""Rows that people read at most of those that are more than chance, the strongest."""

LAYERS = (
    column("layer", "Layer", NAME, "Name of the layer."),
    column(
        "accuracy",
        "Told apart",
        share(1),
        "Share of unseen samples that a linear classifier tells from others.",
        explained=True,
    ),
    column("random", "Random", share(1), "What 2.5% of the random selections exceed.", explained=True),
    column(
        "gap",
        "Distance",
        decimals(3),
        "Between the means of the selection and of others, along the direction.",
        explained=True,
    ),
    column("p", "p", decimals(3), "How often a random selection is told apart as well in any layer.", explained=True),
)
"""How well the selection is told apart in each layer."""

EFFECTS = (
    column("layer", "Layer", NAME, "Name of the layer."),
    column("label", "Class", TEXT, "The class whose logit is meant."),
    column(
        "change",
        "Change",
        decimals(2),
        "Of the logit, for a move as far as the selection lies from others.",
        explained=True,
    ),
    column(
        "share",
        "Rises",
        share(0),
        "Share of the samples of the class whose logit rises along the direction.",
        explained=True,
    ),
    column("random_low", "Random low", decimals(3), "2.5% of random selections have a lower change.", explained=True),
    column(
        "random_high", "Random high", decimals(3), "2.5% of random selections have a higher change.", explained=True
    ),
    column("p", "p", decimals(3), "How often a random selection has as unusual a change in any row.", explained=True),
)
"""What moving along the direction does to each class."""

INPUTS = (
    column("name", "Input", TEXT, "Name of the input: a column of the table, or a value of one."),
    column(
        "difference",
        "Difference",
        decimals(2),
        "Mean of the selection less that of the others, in standard deviations.",
        explained=True,
    ),
    column(
        "random_low", "Random low", decimals(3), "2.5% of random selections have a lower difference.", explained=True
    ),
    column(
        "random_high", "Random high", decimals(3), "2.5% of random selections have a higher difference.", explained=True
    ),
    column(
        "p", "p", decimals(3), "How often a random selection has as unusual a difference in any input.", explained=True
    ),
)
"""In which inputs the selection differs from the others."""


@dataclass(frozen=True)
class ConceptLayer:
    """How well a selection is told apart from others in one layer.

    Attributes:
        layer: Its name.
        accuracy: Share of both that a linear classifier tells apart without having seen the sample, in [0, 1].
        random: What 2.5% of random selections exceed.
        gap: Distance between the means of both along the direction.
        p: How often a random selection is told apart as well in any layer, in (0, 1].
    """

    layer: str
    accuracy: float
    random: float
    gap: float
    p: float


@dataclass(frozen=True)
class ConceptEffect:
    """What moving along the direction does to one class, to first order.

    Attributes:
        layer: Name of the layer.
        label: Name of the class.
        change: Change of its logit when a sample of the class is moved as far as the selection lies from others.
        share: Share of its samples whose logit rises, in [0, 1].
        random_low: 2.5% of random selections have a lower change.
        random_high: 2.5% of them have a higher one.
        p: How often a random selection has as unusual a change in any layer and class, in (0, 1].
    """

    layer: str
    label: str
    change: float
    share: float
    random_low: float
    random_high: float
    p: float


@dataclass(frozen=True)
class ConceptInput:
    """How far the mean of one input in a selection is from that in the others.

    Attributes:
        name: Its name.
        difference: Mean of the selection less that of the others, in standard deviations of the input.
        random_low: 2.5% of random selections have a lower difference.
        random_high: 2.5% of them have a higher one.
        p: How often a random selection has as unusual a difference in any input, in (0, 1].
    """

    name: str
    difference: float
    random_low: float
    random_high: float
    p: float


@public
@dataclass(frozen=True, eq=False, repr=False)
class Concept(Result):
    """What selected samples have in common in each layer, and what that does to the classes, made by `Run.concept`.

    Attributes:
        layers: How well they are told apart from others, for each layer.
        effects: What moving along their direction does, for each layer and class.
        samples: How many were selected.
        split: The split with which they are compared.
        epoch: Number of the epoch.
        repeats: How many random selections they are compared with.
        within_class: Whether these have the same classes.
        inputs: The inputs in which the selection differs from the others, the largest difference first; empty for
            images, for inputs without names, and for more than 2,000 inputs.
    """

    layers: tuple[ConceptLayer, ...] = field(repr=False)
    effects: tuple[ConceptEffect, ...] = field(repr=False)
    samples: int
    split: str
    epoch: int
    repeats: int
    within_class: bool
    inputs: tuple[ConceptInput, ...] = field(default=(), repr=False)

    def line(self) -> str:
        """A one-line summary."""
        like = "random selections of the same classes" if self.within_class else "random selections"
        told = [each for each in self.layers if each.p <= SURE]
        head = f"Concept of {self.samples:,} samples after epoch {self.epoch}"
        differing = " and ".join(f'"{each.name}" ({each.difference:+.2f} SD)' for each in self._differing()[:2])
        if not told:
            return f"{head}: " + (
                f"no layer tells them apart better than {like}; they differ most in {differing}"
                if differing
                else f"they have no more in common than {like}"
            )
        clearest = max(told, key=lambda each: each.accuracy)
        sure = [each for each in self.effects if each.p <= SURE]
        # of the clearest layer, or else of any
        strongest = sorted(sure, key=lambda each: (each.layer != clearest.layer, -abs(each.change)))[:2]
        effects = " and ".join(f"{each.label} by {each.change:+.2f} in {each.layer}" for each in strongest)
        return (
            f"{head}: clearest in {clearest.layer}, where {clearest.accuracy:.0%} are told apart ({like}: up to "
            f"{clearest.random:.0%}); "
            + (f"changes the logit of {effects}" if effects else "no clear effect on a class")
            + (f"; they differ most in {differing}" if differing else "")
        )

    def _differing(self) -> list[ConceptInput]:
        """The inputs in which the selection differs by more than chance, the largest difference first."""
        return [each for each in self.inputs if each.p <= SURE]

    def table(self) -> Table:
        """One row for each layer and class."""
        return Table.of(EFFECTS, [vars(each) for each in self.effects])

    def tables(self, title: str = "") -> tuple[Table, ...]:
        """The tables shown in a terminal: the layers, the effects, and inputs that differ by more than chance."""
        like = " of the same classes" if self.within_class else ""
        note = f"Compared with {self.repeats} random selections{like}, drawn from the {self.split} split."
        return (
            Table.of(
                LAYERS,
                [vars(each) for each in self.layers],
                title=title or "How well each layer tells the selection apart",
                notes=(note,),
            ),
            replace(self.table(), title="What moving along the direction does"),
            *self._inputs_table(),
        )

    def notes(self) -> tuple[str, ...]:
        """A note if no input differs by more than chance."""
        none = "In no input does the selection differ from the others by more than random selections do."
        return (none,) if self.inputs and not self._differing() else ()

    def _inputs_table(self) -> tuple[Table, ...]:
        if not (differing := self._differing()):
            return ()
        shown = [vars(each) for each in differing[:LISTED]]
        title = "Inputs in which the selection differs from the others by more than chance"
        note = f"The {LISTED} largest of {len(differing)} differences that are more than chance."
        return (Table.of(INPUTS, shown, title=title, notes=(note,) if len(differing) > LISTED else ()),)

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway concept --json`` answers."""
        return plain(
            {name: getattr(self, name) for name in ("samples", "split", "epoch", "repeats", "within_class")}
            | {"layers": self.layers, "effects": self.effects, "inputs": self.inputs}
        )

    def plot(self) -> "Figure":
        """Draw the change for each class, a panel for each layer, as a matplotlib Figure, with the range of chance."""
        from cutaway.plots import Bars, bars

        contents: list[Bars] = []
        for layer in self.layers:
            rows = [each for each in self.effects if each.layer == layer.layer]
            contents.append(
                Bars(
                    f"{layer.layer}: {layer.accuracy:.0%} told apart",
                    [f"{each.label}{' *' if each.p <= SURE else ''}" for each in rows],
                    [each.change for each in rows],
                    low=[each.random_low for each in rows],
                    high=[each.random_high for each in rows],
                    x_label="change of the logit",
                    signed=True,
                )
            )
        return bars(contents, title="Effect of the concept on each class (lines: random selections; * more than these)")

    def _shown_figure(self) -> "Figure":
        return self.plot()
