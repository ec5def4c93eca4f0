"""Why the model predicts what it predicts for one sample."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.checks import meant
from cutaway.context import RunContext
from cutaway.data import Table as DataTable
from cutaway.errors import UnknownNameError, printable
from cutaway.image_shape import input_names
from cutaway.results.notebook import ROWS, figure_html, joined_html
from cutaway.results.plain import plain
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.results.result import Result
from cutaway.results.table import Column, Table, value
from cutaway.results.units import COUNT, GENERAL, NAME, TEXT, decimals
from cutaway.words import number, percent

if TYPE_CHECKING:
    import pandas

    from cutaway.interpret import Attribution
    from cutaway.plots import Figure
    from cutaway.topics.influence.result import Influences


_CONTRIBUTION = ("Contribution", decimals(4), "What it adds to the difference of the two largest logits.")


@dataclass(frozen=True, eq=False)
class InputRows:
    """What each value of the input contributed, arrays ``(value,)``."""

    input: Any = value("Input", TEXT, "Name of a column, or where a value is; rows and columns are counted from 1.")
    contribution: np.ndarray = value(*_CONTRIBUTION)


@dataclass(frozen=True, eq=False)
class UnitRows:
    """What each unit of a layer contributed, arrays ``(unit,)``."""

    unit: np.ndarray = value("Unit", COUNT, "Number of the unit, from 0.")
    contribution: np.ndarray = value(*_CONTRIBUTION)
    activation: np.ndarray = value("Activation", decimals(4), "Its activation for the sample.")


@dataclass(frozen=True)
class ColumnSum:
    """What a column of a table contributed, where a category became several inputs."""

    column: str = value("Column", NAME, "Name of the column of the table.")
    inputs: int = value("Inputs", COUNT, "How many inputs the column became.")
    contribution: float = value(*_CONTRIBUTION)


VALUE = Column(("value",), "Value", GENERAL, "What it is in the data.")
CELL = Column(("value",), "Value", NAME, "What it is in the table.")
"""What people see of each input as well."""


@public
@dataclass(frozen=True, eq=False, repr=False)
class Explanation(Result):
    """One prediction, and what each unit and each input value contributed to it.

    Attributes:
        attribution: Activations, logits and contributions.
        class_names: Names of the classes.
        epoch: Number of the epoch.
        sample: What was explained: the name of a sample, as in every other answer, or its raw values.
        context: The run it is of.
        asked: The name that the user gave, such as "test[7]" for row 7 of a split; "" for raw values.
    """

    attribution: "Attribution"
    class_names: tuple[str, ...]
    epoch: int
    sample: str | np.ndarray
    context: RunContext
    asked: str = ""

    def line(self) -> str:
        """A one-line summary."""
        difference = self.attribution.difference
        return f"Explanation at epoch {self.epoch}: {self.winner} over {self.runner_up} by {difference:.3g} logits"

    @property
    def winner(self) -> str:
        """Name of the class with the highest logit."""
        return self.class_names[self.attribution.winner]

    @property
    def runner_up(self) -> str:
        """Name of the class with the second highest logit."""
        return self.class_names[self.attribution.runner_up]

    @property
    def sentence(self) -> str:
        """The answer in words."""
        name = self.sample if isinstance(self.sample, str) else "the sample"
        if self.asked not in name:
            name = f"{name}, which is {self.asked},"
        probabilities = self.probabilities
        chance, second = (percent(probabilities[k], 1) for k in (self.attribution.winner, self.attribution.runner_up))
        return (
            f"{name} is predicted as {self.winner} ({chance}) rather than {self.runner_up} ({second}), "
            f"by {self.attribution.difference:.3g} logits, at epoch {self.epoch}"
        )

    @property
    def probabilities(self) -> np.ndarray:
        """Softmax of the logits, float64 ``(class,)``."""
        logits = self.attribution.logits.astype(np.float64)
        odds = np.exp(logits - logits.max())
        return odds / odds.sum()

    def plot(self) -> "Figure":
        """Draw it as a matplotlib Figure: the sample, its probabilities, and the evidence for and against it.

        Orange is for the predicted class, blue for the runner-up. Draws the last two layers that differ.
        """
        return self._figure(self.sentence)

    def _figure(self, sentence: str) -> "Figure":
        from cutaway.plots import ExplainedAnswer, explained_answer

        image, found = self._image(), self.attribution
        inputs = found.inputs
        if image is not None:
            inputs = inputs.reshape(*image.shape[:2], -1).sum(axis=-1)
        return explained_answer(
            ExplainedAnswer(
                sentence,
                image,
                inputs if image is not None else inputs.reshape(-1),
                [] if image is not None else self._input_names,
                self.probabilities,
                self.class_names,
                found.winner,
                found.runner_up,
                self._telling_layers(),
            )
        )

    def _image(self) -> np.ndarray | None:
        """The sample as an image, or None."""
        image = self.context.manifest.dataset.image
        if image is None:
            return None
        if isinstance(self.sample, str):
            images = self.context.data.images(self.context.sample(self.sample))
            return None if images is None else images[0]
        shape = (image.rows, image.columns, *(() if image.is_gray else (image.channels,)))
        values = np.asarray(self.sample, np.float64).reshape(shape)
        low, high = min(0.0, float(values.min())), float(values.max())
        return (values - low) / ((high - low) or 1.0)

    def _telling_layers(self) -> dict[str, np.ndarray]:
        """Contributions of the last two layers whose contributions differ: Dropout passes on those before it."""
        kept: dict[str, np.ndarray] = {}
        for layer, values in self.attribution.contributions.items():
            last = list(kept.values())[-1:]
            if not last or last[0].shape != values.shape or not np.allclose(last[0], values):
                kept[layer] = values
        return dict(list(kept.items())[-2:])

    def _repr_html_(self) -> str:
        return joined_html(f"<div>{html.escape(self.sentence)}</div>", figure_html(self._figure(""), alt=self.sentence))

    def table(self, layer: str | None = None) -> Table:
        """The evidence for the winner (above 0, first) and for the runner-up (below 0, last).

        Args:
            layer: Name of a layer; None for the values of the input, in the order of the flattened sample.

        Raises:
            UnknownNameError: There are no contributions of that layer.
        """
        found = self.attribution
        if layer is not None and layer not in found.contributions:
            known = ", ".join(found.contributions) or "none"
            raise UnknownNameError(
                f'layer "{layer}" has no contributions; layers that have them: {known}',
                hint=meant(layer, found.contributions),
            )
        parts = found.inputs.reshape(-1) if layer is None else found.contributions[layer]
        order = np.argsort(-parts, kind="stable").tolist()
        if layer is not None:
            units = UnitRows(np.arange(len(parts)), parts, found.activations[layer])
            return Table.of(UnitRows, units).take(order)
        return Table.of(InputRows, InputRows(self._input_names, parts)).take(order)

    @property
    def _input_names(self) -> Sequence[str]:
        record = self.context.manifest.dataset
        return input_names(record.feature_names, record.shape)

    def tables(self, layer: str | None = None, limit: int = ROWS, *, label: str = "") -> tuple[Table, ...]:
        """The table shown in a terminal: the largest contributions, above or below 0.

        Args:
            layer: See `table`; for the input, contributions are added up by column where one became several inputs.
            limit: How many rows at most; 0 for all.
            label: The label of the sample, for the title.
        """
        sums = [] if layer is not None else self._sums()
        table = Table.of(ColumnSum, sums) if sums else self.table(layer)
        parts = np.asarray(table.values["contribution"], np.float64)
        order = np.argsort(-np.abs(parts), kind="stable")
        shown, rest = order[: limit or None], order[limit or len(order) :]
        difference = self.attribution.difference
        name = self.sample if isinstance(self.sample, str) else "the sample"
        notes = [f"{self.sentence}."]
        if label and label not in (self.winner, self.runner_up):
            chance = percent(self.probabilities[self.class_names.index(label)], 1)
            notes.append(f"Its label, {label}, has a probability of {chance}.")
        if len(rest) == 1:
            notes.append(f"The other one adds {number(parts[rest].sum(), 4)}.")
        elif len(rest):
            notes.append(f"The {len(rest):,} others add up to {number(parts[rest].sum(), 4)}.")
        offset = number(self.attribution.offsets.get(layer or "", float("nan")), 4)
        notes.append(
            f"Total {number(parts.sum(), 4)}, plus {offset} from the biases, gives the difference "
            f"{number(difference, 4)}."
        )
        notes.append(
            "A contribution is what it adds to the difference of the two logits, which softmax turns into "
            f"probabilities: above 0 it supports {printable(self.winner)}, below 0 {printable(self.runner_up)}."
        )
        title = (
            f"{name}{f' (label {label})' if label else ''}: predicted {self.winner}, ahead of {self.runner_up} by "
            f"{number(difference, 3)} logits, epoch {self.epoch}{f', units of {layer}' if layer else ''}"
        )
        table = table.take(shown.tolist())
        table = table if layer is not None else self._with_values(table)
        return (replace(table, title=title, notes=tuple(notes)),)

    def _with_values(self, table: Table) -> Table:
        """A table of inputs, or of the columns that they were made from, with their values."""
        first, *others = table.columns
        names, added, values = table.values[first.names[0]], list[Column](), dict[str, Any](table.values)
        if self.context.preparation is None:
            x = self.context.data.x(self.context.sample(self.sample)) if isinstance(self.sample, str) else self.sample
            by_name: dict[Any, Any] = dict(zip(self._input_names, np.ravel(x).tolist(), strict=True))
            values["value"] = [by_name[name] for name in names]
            added.append(VALUE)
        elif isinstance(self.sample, str) and isinstance(self.context.loaded, DataTable):
            (row,) = self.context.loaded.rows_of(self.context.sample(self.sample))
            preparation = self.context.preparation
            columns = dict(zip(preparation.features, preparation.columns_of_features, strict=True))
            cells = [row[columns.get(str(name), str(name))] for name in names]
            values["value"] = [None if cell == "" else cell for cell in cells]
            added.append(CELL)
        return replace(table, columns=(first, *added, *others), values=values)

    def to_pandas(self, layer: str | None = None) -> "pandas.DataFrame":
        """The evidence for the winner (above 0, first) and for the runner-up (below 0, last), a pandas DataFrame.

        Args:
            layer: Name of a layer; None for the values of the input, in the order of the flattened sample.

        Returns:
            Columns unit, contribution and activation for a layer; input and contribution for the values of the input,
            which are named like the columns of the DataFrame that the run was trained on, or else "column 1", or for
            images "row 1, column 1".

        Raises:
            UnknownNameError: There are no contributions of that layer.
        """
        return self.table(layer).to_pandas()

    def to_json(self, layer: str | None = None) -> dict[str, Any]:
        """All contributions of the input or of a layer, the largest first; contributions of the input also by column.

        Args:
            layer: See `table`.

        Raises:
            UnknownNameError: There are no contributions of that layer.
        """
        columns = None if layer is not None else self.columns()
        return {
            "epoch": self.epoch,
            "predicted": self.winner,
            "runner_up": self.runner_up,
            "difference": self.attribution.difference,
            "offset": plain(self.attribution.offsets.get(layer or "", float("nan"))),
            "layer": layer,
            "contributions": self.table(layer).records(),
            **({} if columns is None else {"columns": columns}),
        }

    def columns(self) -> list[dict[str, Any]] | None:
        """What each column of a table contributed, the largest first: column, inputs (their number) and contribution.

        None if no column became several inputs, as a category does: `to_pandas` then holds the columns.
        """
        return Table.of(ColumnSum, self._sums()).records() or None

    def _sums(self) -> list[ColumnSum]:
        preparation = self.context.preparation
        if preparation is None or len(set(preparation.columns_of_features)) == len(preparation.columns_of_features):
            return []
        sums: dict[str, list[float]] = {}
        values = self.attribution.inputs.reshape(-1).tolist()
        for name, each in zip(preparation.columns_of_features, values, strict=True):
            sums.setdefault(name, []).append(each)
        rows = [ColumnSum(name, len(each), math.fsum(each)) for name, each in sums.items()]
        return sorted(rows, key=lambda row: -row.contribution)

    def influence(
        self, n: int = 10, *, target: str = "predicted", epochs: Any = "auto", progress: ProgressOption = False
    ) -> "Influences":
        """The training samples that raised, and those that lowered, the probability of this answer most.

        Args:
            n: Maximum number of samples of each.
            target: "predicted", or "label" for the probability of the sample's own class.
            epochs: See `Run.influence`.
            progress: See `Run`.

        Raises:
            CutawayError: See `Run.influence`.
        """
        from cutaway.topics.influence.result import Answers, influence

        values = Answers.named(self.context, [self.sample]) if isinstance(self.sample, str) else None
        answers = values or Answers(np.asarray(self.sample)[None], ["the sample"])
        with show_progress(progress) as on_progress:
            return influence(
                self.context, answers, n, target=target, epoch=self.epoch, epochs=epochs, on_progress=on_progress
            )[0]


def explain(context: RunContext, x: np.ndarray | str, *, epoch: int | None = None) -> Explanation:
    """Explain one prediction of a run; see `cutaway.Run.explain`.

    Args:
        context: The run.
        x: A sample's name, such as "test[7]", or its raw values in the shape and range that the data have.
        epoch: Number of the epoch; the kept one if None.

    Raises:
        UnknownNameError: There is no such sample or epoch.
        DataError: The sample does not fit the data.
        ModelError: The model is not piecewise linear.
    """
    from cutaway.interpret import attribute

    ids = context.samples([x]) if isinstance(x, str) else None
    row = np.asarray(x) if ids is None else context.data.x(ids)[0]
    record = context.manifest.dataset  # a new row needs no data
    found = attribute(context.model(epoch), row, scale=record.scale)
    return Explanation(
        found,
        context.class_names,
        context.epoch(epoch),
        sample=row if ids is None else ids[0],
        context=context,
        asked=x if isinstance(x, str) else "",
    )
