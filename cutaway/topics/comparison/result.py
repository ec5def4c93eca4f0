"""Two runs on the same samples: what became better, what became worse, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cutaway._lazy import public
from cutaway.checks import check_choice, meant
from cutaway.data import SampleIds
from cutaway.errors import UnknownNameError, UsageError
from cutaway.metrics import PairedMeasures, confusion_counts, per_class, wilson_interval
from cutaway.results.plain import plain
from cutaway.results.table import Column, Interval, Table, value
from cutaway.results.units import COUNT, NAME, POINTS, POINTS_WITH_LIMITS, SHARE_WITH_LIMITS, TEXT, decimals, share
from cutaway.topics.common.sample_list import SampleList, of_samples
from cutaway.words import number, percent, points

from .settings import SettingDifference, different_epochs, only_settings

if TYPE_CHECKING:
    import pandas

    from cutaway.interpret import ModelSimilarity
    from cutaway.plots import Figure

Which = Literal["all", "fixed", "broken", "moved"]
WHICH = ("all", "fixed", "broken", "moved")
CHANGES = ("right in both", "fixed", "broken", "wrong in both")
"""What can become of a sample."""

SURE = 0.05
"""With a smaller p-value one of the runs is called better."""

MATCHED = {
    "identity": "The others have the same source and row in both runs.",
    "content": "The others have the same inputs in both runs.",
}
"""How samples were found in both runs."""


@dataclass(frozen=True, eq=False)
class ComparedSamples:
    """What both runs make of samples, a value for each ``(sample,)``."""

    label: Any = value("Label", NAME, "The true class.")
    predicted_a: Any = value("A", NAME, "The class that the first run predicts.")
    confidence_a: Any = value("Conf. A", share(1), "Its probability.")
    predicted_b: Any = value("B", NAME, "The class that the second run predicts.")
    confidence_b: Any = value("Conf. B", share(1), "Its probability.")
    label_probability_a: Any = value("P(label) A", share(1), "The probability that the first run gives the true class.")
    label_probability_b: Any = value(
        "P(label) B", share(1), "The probability that the second run gives the true class."
    )
    moved: Any = value("Moved", POINTS, "Change of the probability of the true class from the first run to the second.")
    change: Any = value("Change", TEXT, "Right in both, fixed, broken, or wrong in both.")


@dataclass(frozen=True)
class MatchedLayers:
    """Two hidden layers whose units were matched one to one by their activations."""

    a: str = value("Layer of A", NAME, "A layer of the first run.")
    b: str = value("Layer of B", NAME, "The layer of the second run whose units were matched with its units.")
    matched: int = value("Units", COUNT, "Units that were matched one to one by their activations.")
    mean_correlation: float | None = value("Correlation", decimals(3), "Mean correlation of matched units.")
    by_chance: float | None = value(
        "By chance", decimals(3), "The same for units that have nothing to do with each other."
    )
    constant: int = value(
        "Constant",
        COUNT,
        "Units that are constant (same output for every sample) in one of the runs.",
        explained=True,
    )


@dataclass(frozen=True)
class Measure:
    """A measure of both runs on the same samples; the ends of intervals that are not known are None.

    Attributes:
        name: Its name in JSON.
        heading: For people.
        a: That of the first run, with its 95% interval.
        b: That of the second.
        difference: b minus a.
        is_share: Whether it is a share, 0..1.
    """

    name: str
    heading: str
    a: Interval
    b: Interval
    difference: Interval
    is_share: bool = True

    def row(self, *, turned: bool = False) -> "MeasureRow":
        """The texts; the difference is a minus b if it is turned."""
        found = self.difference
        if turned:
            found = Interval(*(None if each is None else -each for each in (found.value, found.high, found.low)))
        if self.is_share:
            texts = (SHARE_WITH_LIMITS.text(*self.a), SHARE_WITH_LIMITS.text(*self.b), POINTS_WITH_LIMITS.text(*found))
        else:
            ends = "" if isnan(found.low) else f" ({found.low:+.4f} to {found.high:+.4f})"
            texts = (number(self.a.value, 4), number(self.b.value, 4), f"{found.value:+.4f}{ends}")
        return MeasureRow(self.heading, *texts)


@dataclass(frozen=True)
class MeasureRow:
    """What both runs are worth, in words."""

    measure: str = value("Measure", TEXT, "A measure on the same samples.")
    a: str = value("A", TEXT, "Of the first run; of an accuracy with its 95% interval (Wilson).")
    b: str = value("B", TEXT, "Of the second run.")
    difference: str = value("B - A", TEXT, "Their difference, of shares in points, with its 95% interval if known.")


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
class Comparison(SampleList):
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
    settings: tuple[SettingDifference, ...]
    measures: PairedMeasures
    ids: SampleIds
    class_names: tuple[str, ...]
    labels: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    label_probability: np.ndarray
    matched_by: str
    left_out: LeftOut
    layers: "ModelSimilarity | None"
    missing: dict[str, str]

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

    def answer(self, names: tuple[str, str] = ("A", "B")) -> str:
        """Which run is better, by how many points, and their 95% interval, in a sentence with these names of both."""
        m, (loss_low, loss_high) = self.measures, self.measures.loss_interval
        better, worse, sign = (*names, -100) if m.test.broken > m.test.fixed else (*names[::-1], 100)
        if not m.test.fixed + m.test.broken:
            return "Both runs are right on the same samples."
        if m.test.p_value < SURE:
            by, (low, high) = sign * m.accuracy_difference, sorted(sign * limit for limit in m.accuracy_interval)
            return f"{better} is better than {worse} by {by:.2f} points ({low:.2f} to {high:.2f})."
        difference = " to ".join(points(-limit) for limit in reversed(m.accuracy_interval))
        unclear = f"It is unclear which is right more often: {names[0]} minus {names[1]} is {difference} points."
        if loss_low > 0 or loss_high < 0:
            return f"{unclear} The probabilities of {names[0] if loss_low > 0 else names[1]} are better."
        return unclear

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
        confidence_a, confidence_b, the probabilities of these; label_probability_a, label_probability_b, of the
        true class; moved, b minus a of the last; and change, one of "right in both", "fixed", "broken", "wrong in
        both".

        Args:
            which: "all" in their order; or "fixed", "broken" or "moved", all of them, the largest change first.
            n: Maximum number of samples; all if None.

        Raises:
            UnknownNameError: `which` is not one of these.
        """
        return self.table(which, n).records()

    def _rows(self, which: Which, n: int | None) -> np.ndarray:
        check_choice(which, name="which", choices=WHICH)
        rows: np.ndarray[Any, Any] = np.arange(len(self.labels)) if which == "all" else getattr(self, which)
        return rows[:n]

    def rows(self, rows: np.ndarray | slice = slice(None)) -> ComparedSamples:
        """What both runs make of the samples, or of some of them."""
        before, after = self.label_probability[:, rows].astype(np.float64)
        (predicted_a, predicted_b), (a, b) = self.predicted[:, rows], self.confidence[:, rows].astype(np.float64)
        return ComparedSamples(
            label=self.names_of(self.labels[rows]),
            predicted_a=self.names_of(predicted_a),
            confidence_a=a,
            predicted_b=self.names_of(predicted_b),
            confidence_b=b,
            label_probability_a=before,
            label_probability_b=after,
            moved=after - before,
            change=[CHANGES[change] for change in self._changes()[rows].tolist()],
        )

    def table(self, which: Which = "all", n: int | None = None) -> Table:
        """One row for each sample; see `samples`."""
        rows = self._rows(which, n)
        return of_samples(self.ids.take(rows), Table.of(ComparedSamples, self.rows(rows)))

    def tables(self, n: int | None = 10) -> tuple[Table, ...]:
        """The tables shown in a terminal.

        Args:
            n: Maximum number of samples of each list; all if None.
        """
        lists = (
            self._list("fixed", len(self.fixed), "Wrong in A, right in B", n),
            self._list("broken", len(self.broken), "Right in A, wrong in B", n),
            self._list("moved", len(self), "Moved most", n),
        )
        moved = "Moved: change of the probability of the true class from A to B, in points."
        layers = () if self.layers is None else (_cka_table(self.layers), _units_table(self.layers))
        worth = replace(measures_table(self), notes=tuple(self._sentences()))
        return (settings_table(self), worth, *lists[:2], replace(lists[2], notes=(moved,)), *layers)

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
        test, left_out, epochs = self.measures.test, self.left_out.in_words(), different_epochs(self.epochs)
        yield (f"McNemar's test: {test.fixed:,} fixed, {test.broken:,} broken, p = {test.p_value:.3g} ({test.method}).")
        if left_out:
            yield f"Samples left out: {left_out}. {MATCHED[self.matched_by]}"
        if epochs:
            yield epochs

    def metrics(self) -> "pandas.DataFrame":
        """Measures of both runs, a pandas DataFrame: a, b and difference, each with its 95% interval.

        The interval of an accuracy is Wilson's, of the difference of two Tango's; for the difference of two mean
        losses the normal approximation is used. Others are NaN.
        """
        import pandas

        columns = [f"{name}{part}" for name in ("a", "b", "difference") for part in ("", "_low", "_high")]
        rows = {each.name: [*each.a, *each.b, *each.difference] for each in measured(self)}
        return pandas.DataFrame.from_dict(rows, orient="index", columns=columns).astype(float)

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
        import pandas

        found = self._known_layers()
        matched = {pair[0]: matching for pair, matching in found.matchings.items()}
        if layer not in matched:
            why = next((why for pair, why in found.unmatched.items() if pair[0] == layer), "")
            raise UnknownNameError(
                f'layer "{layer}" has no matched units{f" ({why})" if why else ""}; '
                f"layers that have them: {', '.join(matched) or 'none'}",
                hint=meant(layer, () if why else matched, "look at cka(), which compares every two layers"),
            )
        matching = matched[layer]
        columns = {"unit_a": np.arange(len(matching.unit)), "unit_b": matching.unit}
        return pandas.DataFrame({**columns, "correlation": matching.correlation})

    def summary(self, n: int | None = None) -> dict[str, Any]:
        """Everything as one JSON-able mapping.

        Args:
            n: Maximum number of samples of each list; all if None.
        """
        m, sides = self.measures, [dict[str, Any](run=run) for run in self.runs]
        for side, epoch in zip(sides, self.epochs, strict=True):
            side["epoch"] = epoch
        difference = dict[str, Any]()
        for each in measured(self):
            for side, found in zip((*sides, difference), (each.a, each.b, each.difference), strict=True):
                side[each.name] = plain(found.value)
                if found.low is not None:
                    side[f"{each.name}_interval"] = plain([found.low, found.high])
        return {
            "a": sides[0],
            "b": sides[1],
            "split": self.split,
            "samples": m.samples,
            "matched_by": self.matched_by,
            "left_out": dict(vars(self.left_out)),
            "difference": difference,
            "mcnemar": {**vars(m.test), "method": m.test.method},
            "settings": [dict(vars(each)) for each in self.settings],
            "fixed": self.samples("fixed", n),
            "broken": self.samples("broken", n),
            "moved": self.samples("moved", n),
            "layers": None if self.layers is None else _layers_summary(self.layers),
            "missing": dict(self.missing),
        }

    def plot(self) -> "Figure":
        """Draw the probabilities that both runs give the true classes, as a matplotlib Figure."""
        from cutaway.plots import confidence_scatter

        return confidence_scatter(self.label_probability[0], self.label_probability[1], self._changes(), runs=self.runs)

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
                "there are no layers to compare",
                got=self.missing.get("layers", "a comparison without them"),
                hint="look at the metrics and the samples",
            )
        return self.layers


def settings_table(found: Comparison) -> Table:
    """The settings that differ."""
    settings = only_settings(found.settings)
    notes = () if settings else ("All settings of both runs are the same.",)
    return Table.of(SettingDifference, settings, title="Settings that differ", notes=notes)


def measures_table(found: Comparison, *, turned: bool = False) -> Table:
    """What both are worth on the same samples; differences are a minus b if it is turned."""
    m = found.measures
    title = f"On {m.samples:,} {found.split} {'sample' if m.samples == 1 else 'samples'}, with 95% intervals"
    return Table.of(MeasureRow, [each.row(turned=turned) for each in measured(found)], title=title)


def measured(found: Comparison) -> tuple[Measure, ...]:
    """Accuracy, balanced accuracy, cross-entropy and mean confidence of both."""
    m, classes = found.measures, len(found.class_names)
    right = [Interval(correct / m.samples, *wilson_interval(correct, m.samples)) for correct in m.correct]
    balanced = [
        per_class(confusion_counts(found.labels, predicted, classes=classes)).balanced_accuracy
        for predicted in found.predicted
    ]
    confidence: list[float] = found.confidence.mean(axis=1, dtype=np.float64).tolist()
    gained, lost = Interval(m.accuracy_difference, *m.accuracy_interval), Interval(m.loss_difference, *m.loss_interval)
    return (
        Measure("accuracy", "Accuracy", right[0], right[1], gained),
        _measure("balanced_accuracy", "Balanced accuracy", balanced),
        replace(_measure("loss", "Cross-entropy", m.loss), difference=lost, is_share=False),
        _measure("confidence", "Mean confidence", confidence),
    )


def _measure(name: str, heading: str, values: Sequence[float]) -> Measure:
    """A measure of both runs without intervals."""
    a, b = values
    first, second, difference = (Interval(each, None, None) for each in (a, b, b - a))
    return Measure(name, heading, first, second, difference)


def _cka_table(layers: "ModelSimilarity") -> Table:
    """CKA of every two layers."""
    of_b = [
        Column((str(place),), name, decimals(3), "CKA of the layers, from 0 to 1.")
        for place, name in enumerate(layers.second)
    ]
    values = {"layer": layers.first} | {str(place): layers.cka[:, place] for place in range(len(layers.second))}
    first = Column(("layer",), "A \\ B", TEXT, "A layer of the first run.")
    return Table((first, *of_b), values, title=f"CKA of layers, on {layers.samples:,} samples")


def _units_table(layers: "ModelSimilarity") -> Table:
    """How well the units of layers match."""
    rows = [
        MatchedLayers(a, b, len(found.unit), found.mean, found.chance, found.constant)
        for (a, b), found in layers.matchings.items()
    ]
    unmatched = (f"Units of {a} and {b} were not matched: {why}." for (a, b), why in layers.unmatched.items())
    return Table.of(MatchedLayers, rows, title="Units matched one to one by their activations", notes=tuple(unmatched))


def _layers_summary(layers: "ModelSimilarity") -> dict[str, Any]:
    """CKA of every two layers, and matched units."""
    rows = zip(_units_table(layers).records(), layers.matchings.values(), strict=True)
    return {
        "samples": layers.samples,
        "a": list(layers.first),
        "b": list(layers.second),
        "cka": plain(layers.cka),
        "units": [{**row, "unit_b": plain(m.unit), "correlation": plain(m.correlation)} for row, m in rows],
        "unmatched": [{"a": a, "b": b, "why": why} for (a, b), why in layers.unmatched.items()],
    }
