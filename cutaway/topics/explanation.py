"""Why the model predicts what it predicts for one sample."""

import html
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.checks import meant
from cutaway.context import RunContext
from cutaway.errors import UnknownNameError
from cutaway.results.notebook import NotebookDisplay, figure_html, joined_html
from cutaway.results.progress import ProgressOption, show_progress

if TYPE_CHECKING:
    import pandas

    from cutaway.interpret import Attribution
    from cutaway.plots import Figure

    from .influence.result import Influences


@public
@dataclass(frozen=True, eq=False)
class Explanation(NotebookDisplay):
    """One prediction, and what each unit and each input value contributed to it.

    Attributes:
        attribution: Activations, logits and contributions.
        class_names: Names of the classes.
        epoch: Number of the epoch.
        feature_names: Names of the values of the input, where they are known.
        sample: What was explained: the name of a sample, as every other answer calls it, or its raw values.
        context: The run it is of.
        asked: The name by which it was asked for, such as "test[7]" for row 7 of a split; "" for raw values.
    """

    attribution: "Attribution" = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)
    epoch: int
    feature_names: tuple[str, ...] | None = field(repr=False)
    sample: str | np.ndarray = field(repr=False)
    context: RunContext = field(repr=False)
    asked: str = field(default="", repr=False)

    def __repr__(self) -> str:
        difference = self.attribution.difference
        return f"<Explanation at epoch {self.epoch}: {self.winner} over {self.runner_up} by {difference:.3g} logits>"

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
        chance, second = (self.probabilities[k] for k in (self.attribution.winner, self.attribution.runner_up))
        return (
            f"{name} is predicted as {self.winner} ({chance:.1%}) rather than {self.runner_up} ({second:.1%}), "
            f"by {self.attribution.difference:.3g} logits, at epoch {self.epoch}"
        )

    @property
    def probabilities(self) -> np.ndarray:
        """Softmax of the logits, float64 ``(class,)``."""
        logits = self.attribution.logits.astype(np.float64)
        odds = np.exp(logits - logits.max())
        return odds / odds.sum()

    def plot(self) -> "Figure":
        """Draw it as a matplotlib Figure: the sample, its probabilities, and what spoke for the answer and against it.

        Orange is for the predicted class, blue for the runner-up. Of the layers, the last two are drawn that differ.
        """
        return self._drawn(self.sentence)

    def _drawn(self, sentence: str) -> "Figure":
        from cutaway.plots import ExplainedAnswer, explained_answer

        picture, found = self._picture(), self.attribution
        inputs = found.inputs
        if picture is not None:
            inputs = inputs.reshape(*picture.shape[:2], -1).sum(axis=-1)
        return explained_answer(
            ExplainedAnswer(
                sentence,
                picture,
                inputs if picture is not None else inputs.reshape(-1),
                self.feature_names or [f"input {k}" for k in range(inputs.size)],
                self.probabilities,
                self.class_names,
                found.winner,
                found.runner_up,
                self._telling_layers(),
            )
        )

    def _picture(self) -> np.ndarray | None:
        """The sample as a picture, or None."""
        shape = self.attribution.inputs.shape
        if len(shape) < 2:
            return None
        if isinstance(self.sample, str):
            pictures = self.context.data.pictures(self.context.sample(self.sample))
            return None if pictures is None else pictures[0]
        values = np.asarray(self.sample, np.float64).reshape(shape)
        values = values.mean(axis=-1) if len(shape) == 3 and shape[2] != 3 else values
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
        return joined_html(f"<div>{html.escape(self.sentence)}</div>", figure_html(self._drawn(""), alt=self.sentence))

    def to_pandas(self, layer: str | None = None) -> "pandas.DataFrame":
        """What spoke for the winner (above 0, first) and for the runner-up (below 0, last), a pandas DataFrame.

        Args:
            layer: Name of a layer; None for the values of the input, in the order of the flattened sample.

        Returns:
            Columns unit, contribution and activation for a layer; input and contribution for the values of the input,
            which are numbered, or named as the columns of the DataFrame that the run was trained on.

        Raises:
            UnknownNameError: There are no contributions of that layer.
        """
        import pandas

        found = self.attribution
        if layer is not None and layer not in found.contributions:
            known = ", ".join(found.contributions) or "none"
            raise UnknownNameError(
                f"layers with contributions are {known}", got=f'"{layer}"', hint=meant(layer, found.contributions)
            )
        parts = found.inputs.reshape(-1) if layer is None else found.contributions[layer]
        rows = self.feature_names if layer is None and self.feature_names else np.arange(len(parts))
        columns = {"input" if layer is None else "unit": rows, "contribution": parts}
        if layer is not None:
            columns["activation"] = found.activations[layer]
        return pandas.DataFrame(columns).sort_values("contribution", ascending=False, kind="stable", ignore_index=True)

    def columns(self) -> list[dict[str, Any]] | None:
        """What each column of a table contributed, the largest first: column, inputs (their number) and contribution.

        None where no column became several inputs, as a category does: then these are what `to_pandas` holds.
        """
        preparation = self.context.preparation
        if preparation is None or len(set(preparation.columns_of_features)) == len(preparation.columns_of_features):
            return None
        sums: dict[str, list[float]] = {}
        values = self.attribution.inputs.reshape(-1).tolist()
        for column, value in zip(preparation.columns_of_features, values, strict=True):
            sums.setdefault(column, []).append(value)
        rows = [{"column": name, "inputs": len(each), "contribution": math.fsum(each)} for name, each in sums.items()]
        return sorted(rows, key=lambda row: -row["contribution"])

    def influence(
        self, n: int = 10, *, target: str = "predicted", epochs: Any = "auto", progress: ProgressOption = False
    ) -> "Influences":
        """The training samples that have raised, and those that have lowered, the probability of this answer most.

        Args:
            n: How many of each at most.
            target: "predicted", or "label" for the probability of the sample's own class.
            epochs: As of `Run.influence`.
            progress: See `Run`.

        Raises:
            CutawayError: As `Run.influence`.
        """
        from .influence.result import Answers, influence

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
        record.feature_names,
        sample=row if ids is None else ids[0],
        context=context,
        asked=x if isinstance(x, str) else "",
    )
