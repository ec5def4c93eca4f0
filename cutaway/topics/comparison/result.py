"""Two runs on the same samples: what became better, what became worse, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cutaway._lazy import public
from cutaway.checks import meant
from cutaway.data import SampleIds
from cutaway.errors import UnknownNameError, UsageError
from cutaway.metrics import PairedMeasures
from cutaway.results.result import Result
from cutaway.results.table import Table
from cutaway.results.units import percent
from cutaway.topics.common.sample_list import of_samples

from .settings import SettingDifference, epochs_in_words
from .tables import (
    SAMPLES,
    difference_summary,
    layer_tables,
    layers_summary,
    measures_table,
    metrics_summary,
    metrics_table,
    settings_table,
    units_table,
)

if TYPE_CHECKING:
    import pandas

    from cutaway.interpret import ModelSimilarity
    from cutaway.plots import Figure

Which = Literal["all", "fixed", "broken", "moved"]
WHICH = ("all", "fixed", "broken", "moved")
CHANGES = ("right in both", "fixed", "broken", "wrong in both")
"""What can become of a sample."""

MATCHED = {
    "identity": "The others have the same source and row in both runs.",
    "content": "The others have the same inputs in both runs.",
}
"""How samples were found in both runs."""

NAMES = (
    "label",
    *(f"{name}_{run}" for name in ("predicted", "confidence", "label_probability") for run in "ab"),
    "moved",
    "change",
)
"""The names of `SAMPLES` in the order that programs see."""


@dataclass(frozen=True)
class LeftOut:
    """How many samples were not compared.

    Attributes:
        trained_on: One of the runs was trained on them.
        labeled_differently: The data of the runs label them differently.
        unshared: They are held out by one of the runs only.
    """

    trained_on: int = 0
    labeled_differently: int = 0
    unshared: int = 0

    def __bool__(self) -> bool:
        return self.trained_on + self.labeled_differently + self.unshared > 0

    def in_words(self) -> str:
        """How many, and why; empty if there are none."""
        words = (
            (self.trained_on, "one of the runs was trained on"),
            (self.labeled_differently, "the runs label differently"),
            (self.unshared, "only one of the runs holds out"),
        )
        return ", ".join(f"{count:,} that {why}" for count, why in words if count)


@public
@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Result):
    """Two runs on the same samples, made by `compare`. Differences are the second run, b, minus the first, a.

    Attributes:
        runs: Names of both run folders.
        epochs: Numbers of the epochs.
        split: The split whose samples were predicted.
        settings: Settings that differ, including the epochs of both.
        measures: Accuracy and cross-entropy of both, their differences with 95% intervals, and McNemar's test.
        ids: Identity of each sample, as the first run knows it.
        class_names: Names of the classes of both runs.
        labels: int64 ``(sample,)``, true classes.
        predicted: int64 ``(run, sample)``, predicted classes.
        confidence: float32 ``(run, sample)``, their probabilities.
        label_probability: float32 ``(run, sample)``, the probabilities of the true classes.
        matched_by: How samples were found in both runs: "identity" (source and row) or "content".
        left_out: How many samples were not compared.
        layers: CKA of every two layers, and matched units; None if not known.
        missing: What is not known -> why.
    """

    runs: tuple[str, str]
    epochs: tuple[int, int]
    split: str
    settings: tuple[SettingDifference, ...] = field(repr=False)
    measures: PairedMeasures = field(repr=False)
    ids: SampleIds = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)
    labels: np.ndarray = field(repr=False)
    predicted: np.ndarray = field(repr=False)
    confidence: np.ndarray = field(repr=False)
    label_probability: np.ndarray = field(repr=False)
    matched_by: str = field(repr=False)
    left_out: LeftOut = field(repr=False)
    layers: "ModelSimilarity | None" = field(repr=False)
    missing: dict[str, str] = field(repr=False)

    def line(self) -> str:
        """A one-line summary."""
        m = self.measures
        low, high = (100 * limit for limit in m.accuracy_interval)
        return (
            f"Comparison of {self.runs[0]} and {self.runs[1]} on {m.samples:,} {self.split} samples: accuracy "
            f"{percent(m.correct[0] / m.samples)} and {percent(m.correct[1] / m.samples)}, difference "
            f"{100 * m.accuracy_difference:+.2f} points ({low:+.2f} to {high:+.2f}), {m.test.fixed} fixed, "
            f"{m.test.broken} broken, p = {m.test.p_value:.2g}"
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def correct(self) -> np.ndarray:
        """Bool ``(run, sample)``: whether a sample is predicted correctly."""
        return self.predicted == self.labels

    @property
    def fixed(self) -> np.ndarray:
        """int64: positions of samples that only the second run predicts correctly, the largest change first."""
        return self._ordered(~self.correct[0] & self.correct[1])

    @property
    def broken(self) -> np.ndarray:
        """int64: positions of samples that only the first run predicts correctly, the largest change first."""
        return self._ordered(self.correct[0] & ~self.correct[1])

    @property
    def moved(self) -> np.ndarray:
        """int64 ``(sample,)``: all positions, those whose true class's probability changed most first."""
        return self._ordered(np.ones(len(self.labels), bool))

    def samples(self, which: Which = "all", n: int | None = None) -> list[dict[str, Any]]:
        """One mapping per sample, JSON-able.

        Its keys: sample; file, for images in a folder, or row, for a table in a file; label; predicted_a, predicted_b;
        confidence_a, confidence_b, the probabilities of these; label_probability_a, label_probability_b, those of the
        true class; moved, b minus a of the last; and change, one of "right in both", "fixed", "broken", "wrong in
        both".

        Args:
            which: "all" in their order; or "fixed", "broken" or "moved", all of them, the largest change first.
            n: Maximum number of samples; all if None.

        Raises:
            UnknownNameError: `which` is not one of these.
        """
        rows = self._rows(which, n)
        changes = self._changes()[rows].tolist()
        named = zip(rows.tolist(), self.ids.take(rows).records(), changes, strict=True)
        return [{**called, **self._sample(row), "change": CHANGES[change]} for row, called, change in named]

    def _rows(self, which: Which, n: int | None) -> np.ndarray:
        if which not in WHICH:
            hint = meant(which, WHICH, 'pass for example "fixed"')
            raise UnknownNameError(f"samples are {', '.join(WHICH)}", got=repr(which), hint=hint)
        rows: np.ndarray[Any, Any] = np.arange(len(self.labels)) if which == "all" else getattr(self, which)
        return rows[:n]

    def table(self, which: Which = "all", n: int | None = None) -> Table:
        """One row for each sample; see `samples`."""
        rows, ids = self.samples(which, n), self.ids.take(self._rows(which, n))
        return of_samples(ids, Table(SAMPLES, {name: [row[name] for row in rows] for name in NAMES}))

    def tables(self, n: int | None = 10) -> tuple[Table, ...]:
        """The tables shown in a terminal.

        Args:
            n: Maximum number of samples of each list; all if None.
        """
        measured = measures_table(self.measures, split=self.split, notes=tuple(self._sentences()))
        lists = (
            self._list("fixed", len(self.fixed), "Wrong in A, right in B", n),
            self._list("broken", len(self.broken), "Right in A, wrong in B", n),
            self._list("moved", len(self), "Moved most", n),
        )
        moved = "Moved: change of the probability of the true class from A to B, in points."
        layers = () if self.layers is None else layer_tables(self.layers)
        return (settings_table(self.settings), measured, *lists[:2], replace(lists[2], notes=(moved,)), *layers)

    def notes(self) -> tuple[str, ...]:
        """Why layers were not compared, if they were not."""
        return () if self.layers is not None else (f"Layers were not compared: {self.missing['layers']}",)

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway compare --json`` answers."""
        return self.summary()

    def to_pandas(self, which: Which = "all") -> "pandas.DataFrame":
        """A pandas DataFrame, one row per sample; see `samples`.

        Raises:
            UnknownNameError: `which` is not "all", "fixed", "broken" or "moved".
        """
        return self.table(which).to_pandas()

    def _list(self, which: Which, total: int, words: str, n: int | None) -> Table:
        table = self.table(which, n)
        title = f"{words}: {len(table):,} of {total:,} samples"
        return replace(table.without("P(label) A", "P(label) B", "Change"), title=title)

    def _sentences(self) -> Iterator[str]:
        test, left_out, epochs = self.measures.test, self.left_out.in_words(), epochs_in_words(self.epochs)
        yield (f"McNemar's test: {test.fixed:,} fixed, {test.broken:,} broken, p = {test.p_value:.3g} ({test.method}).")
        if left_out:
            yield f"Samples left out: {left_out}. {MATCHED[self.matched_by]}"
        if epochs:
            yield epochs

    def metrics(self) -> "pandas.DataFrame":
        """Accuracy and cross-entropy, a pandas DataFrame: a, b and difference, each with its 95% interval.

        The interval of an accuracy is Wilson's, that of the difference of two is Tango's, and that of the difference of
        two mean losses is by the normal approximation. The mean losses themselves have none.
        """
        return metrics_table(self.measures)

    def cka(self) -> "pandas.DataFrame":
        """Linear CKA, a pandas DataFrame (layer of the first run, layer of the second) in [0, 1].

        NaN where a layer is constant or has diverged.

        Raises:
            UsageError: It is not known; the reason is named.
        """
        import pandas

        found = self._known_layers()
        return pandas.DataFrame(found.cka, index=list(found.first), columns=list(found.second))

    def units(self, layer: str) -> "pandas.DataFrame":
        """The units of a hidden layer of the first run, matched one to one: unit_a, unit_b, correlation.

        Args:
            layer: Name of the layer in the first run.

        Raises:
            UnknownNameError: Its units were not matched; the reason is named.
            UsageError: Nothing is known about the layers; the reason is named.
        """
        return units_table(self._known_layers(), layer)

    def summary(self, n: int | None = None) -> dict[str, Any]:
        """Everything as one JSON-able mapping.

        Args:
            n: Maximum number of samples of each list; all if None.
        """
        m = self.measures
        a, b = ({"run": self.runs[i], "epoch": self.epochs[i], **metrics_summary(m, i)} for i in range(2))
        return {
            "a": a,
            "b": b,
            "split": self.split,
            "samples": m.samples,
            "matched_by": self.matched_by,
            "left_out": dict(vars(self.left_out)),
            "difference": difference_summary(m),
            "mcnemar": {**vars(m.test), "method": m.test.method},
            "settings": [dict(vars(each)) for each in self.settings],
            "fixed": self.samples("fixed", n),
            "broken": self.samples("broken", n),
            "moved": self.samples("moved", n),
            "layers": None if self.layers is None else layers_summary(self.layers),
            "missing": dict(self.missing),
        }

    def plot(self) -> "Figure":
        """Draw the probabilities that both runs give the true classes, as a matplotlib Figure."""
        from cutaway.plots import confidence_scatter

        return confidence_scatter(self.label_probability[0], self.label_probability[1], self._changes(), runs=self.runs)

    def _sample(self, row: int) -> dict[str, Any]:
        before, after = map(float, self.label_probability[:, row])
        return {
            "label": self.class_names[self.labels[row]],
            "predicted_a": self.class_names[self.predicted[0, row]],
            "predicted_b": self.class_names[self.predicted[1, row]],
            "confidence_a": float(self.confidence[0, row]),
            "confidence_b": float(self.confidence[1, row]),
            "label_probability_a": before,
            "label_probability_b": after,
            "moved": after - before,
        }

    def _changes(self) -> np.ndarray:
        """What became of each sample, int64 ``(sample,)``, an index into `CHANGES`."""
        a, b = self.correct
        return np.where(a & b, 0, np.where(~a & b, 1, np.where(a & ~b, 2, 3)))

    def _ordered(self, chosen: np.ndarray) -> np.ndarray:
        rows = np.flatnonzero(chosen)
        before, after = self.label_probability[:, rows].astype(np.float64)
        return rows[np.argsort(-np.abs(after - before), kind="stable")]

    def _known_layers(self) -> "ModelSimilarity":
        if self.layers is None:
            raise UsageError(
                "layers are compared where both models open",
                got=self.missing.get("layers", "a comparison without them"),
                hint="look at the metrics and the samples",
            )
        return self.layers
