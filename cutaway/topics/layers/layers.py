"""What the layers of a run are, what they know through training, and the answers to these questions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.cache import cached
from cutaway.checks import check_choice, check_each
from cutaway.context import RunContext
from cutaway.data import Dataset, SampleIds
from cutaway.errors import UnknownNameError
from cutaway.metrics import share_of
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.results.plain import plain
from cutaway.results.result import Answer, Result
from cutaway.results.table import Table, columns_of, value
from cutaway.results.units import COUNT, COUNT_SHARE, NAME, TEXT, Unit, decimals, share
from cutaway.runs import kept_so_far, run_command
from cutaway.topics.common.data_words import layer_setting
from cutaway.topics.common.epochs import some_epochs
from cutaway.topics.common.scoring import split_in_words
from cutaway.words import UNDEFINED, evenly_spaced, listed, percent

from .options import SAMPLES, LayersOptions

if TYPE_CHECKING:
    from cutaway.interpret import LayerMeasures, LayerRecord
    from cutaway.plots import Figure, Panel

    from .similarity import Similarity

ACTIVATION_BYTES = 2**28
"""The most bytes of activations of one snapshot; models so wide that they would need more get fewer samples."""

VALUES = 2**24
"""The most activations of one layer, 67 MB, likewise: measures take some ten times as much."""

INPUTS = 2**25
"""The most values of inputs, or of outputs of their probe: of 10,000 samples 3,355 each, about two seconds of work."""

CLOSE = 0.01
"""An accuracy is close to the kept epoch's if it is lower by at most this, or by no more than chance explains."""

FEW = 4
"""With fewer samples per unit than this to fit a probe on, a note says that they are few."""

NAMED = 8
"""Layers that are named at most, evenly spaced."""

MEASURES = {
    "probe_accuracy": ("Accuracy of a linear probe", "accuracy"),
    "knn_accuracy": ("Accuracy of the nearest neighbors", "accuracy"),
    "separation": ("Separation of the classes", "variance between / within classes"),
    "effective_rank": ("Effective rank of the activations", "directions"),
    "class_variability": ("Variability within the classes", "NC1"),
    "class_angles": ("Angles between the class means", "NC2"),
    "intrinsic_dimension": ("Intrinsic dimension", "dimensions"),
    "sparsity": ("Activations that are 0", "share"),
    "constant": ("Constant units", "share of the units"),
    "saturated": ("Saturated units", "share of the units"),
    "weight_norm": ("Size of the weights", "root mean square"),
    "update_norm": ("Change of the weights", "root mean square"),
    "mean": ("Mean activation", "activation"),
    "std": ("Standard deviation of the activations", "activation"),
    "cka_previous": ("Similarity to the epoch before", "linear CKA"),
    "cka_last": ("Similarity to the last epoch", "linear CKA"),
}
"""Measure that is drawn -> the title of its panel, and what its y axis is."""


def _shape(sides: Sequence[int]) -> str:
    return " x ".join(map(str, sides))


SHAPE = Unit("shape", _shape)


@dataclass(frozen=True)
class LayerRow:
    """What a layer is and holds."""

    name: str = value("Layer", TEXT, "Name of the layer.")
    kind: str = value("Kind", TEXT, "Keras' name of its class.")
    output_shape: tuple[int, ...] = value("Output", SHAPE, "Shape of its output for one sample.")
    units: int = value("Units", COUNT, "Entries of its output for one sample.", shown=False)
    parameters: int = value("Params", COUNT, "Entries of all its weights.")
    trainable: int = value("Trainable", COUNT, "How many of these are trained.")
    dead: tuple[float, float] = value("Dead", COUNT_SHARE, "Dead units: 0 for every sample of the whole dataset.")
    kernel_mean: float = value("W mean", decimals(4), "Mean of the entries of its kernel, the first of its weights.")
    kernel_std: float = value("W std", decimals(4), "Standard deviation of these entries.")
    kernel_min: float = value("W min", decimals(4), "The smallest of them.")
    kernel_max: float = value("W max", decimals(4), "The largest of them.")

    @classmethod
    def of(cls, record: "LayerRecord") -> "LayerRow":
        """The row of a layer: NaN if its units do not fire, or if it has no weights."""
        nan, kernel = math.nan, record.weights[0] if record.weights else None
        dead = (nan, nan) if record.dead is None else (float(record.dead), record.dead / record.units)
        entries = (kernel.mean, kernel.std, kernel.min, kernel.max) if kernel else (nan, nan, nan, nan)
        what = (record.name, record.kind, record.output_shape, record.units, record.parameters, record.trainable)
        return cls(*what, dead, *entries)


@dataclass(frozen=True)
class WeightRow:
    """A weight of a layer."""

    name: str = value("Weight", TEXT, "Keras' name of the weight.")
    shape: tuple[int, ...] = value("Shape", SHAPE, "Its shape.")
    mean: float = value("Mean", decimals(5), "The mean of its entries.")
    std: float = value("Std", decimals(5), "The std of its entries.")
    min: float = value("Min", decimals(5), "The min of its entries.")
    max: float = value("Max", decimals(5), "The max of its entries.")


@dataclass(frozen=True)
class Setting:
    """An entry of the configuration of a layer."""

    setting: str = value("Setting", TEXT, "Keras' name of the setting.")
    text: str = value("Value", TEXT, "Its value.", names=("value",))


@dataclass(frozen=True)
class _Place:
    layer: str = value("Layer", NAME, "Name of the layer.")
    epoch: int = value("Epoch", COUNT, "Number of the epoch; 0 is the model as initialized.")


@dataclass(frozen=True)
class Knowledge(_Place):
    """What a layer knows after an epoch: columns of a `LayerMeasures`."""

    probe_accuracy: float | None = value(
        "Probe accuracy", share(), "Share of samples that a linear classifier predicts correctly.", explained=True
    )
    knn_accuracy: float | None = value(
        "k-NN accuracy", share(), "Share that a vote of the nearest samples predicts correctly.", explained=True
    )
    separation: float | None = value(
        "Separation", decimals(3), "Variance between the classes over the variance within them.", explained=True
    )
    effective_rank: float | None = value(
        "Effective rank", decimals(1), "How many dimensions the activations fill.", explained=True
    )
    cka_previous: float | None = value(
        "CKA before", decimals(3), "Similarity to the same layer one epoch earlier, 0 to 1.", explained=True
    )
    cka_last: float | None = value(
        "CKA last", decimals(3), "Similarity to the same layer after the last epoch, 0 to 1.", explained=True
    )


@dataclass(frozen=True)
class Geometry(_Place):
    """The shape of the activations of a layer after an epoch: columns of a `LayerMeasures`."""

    class_variability: float | None = value(
        "Variability", decimals(3), "Spread of a class relative to the class means (NC1); 0 is a point.", explained=True
    )
    class_angles: float | None = value(
        "Angles", decimals(3), "Distance of the class means from a regular simplex (NC2).", explained=True
    )
    intrinsic_dimension: float | None = value(
        "Dimension",
        decimals(1),
        "Number of dimensions that the activations vary in near a sample (TwoNN).",
        explained=True,
    )


@dataclass(frozen=True)
class Activity(_Place):
    """The activations and weights of a layer after an epoch: columns of a `LayerMeasures`."""

    mean: float | None = value("Mean", decimals(3), "Mean activation, over samples and units.")
    std: float | None = value("Std", decimals(3), "Standard deviation of the activations.")
    sparsity: float | None = value("Zeros", share(1), "Share of activations that are exactly 0.")
    constant: float | None = value(
        "Constant", share(1), "Share of constant units: same output for every measured sample."
    )
    saturated: float | None = value(
        "Saturated", share(1), "Share of units that are near an end of their range for most samples."
    )
    weight_norm: float | None = value("Weight norm", decimals(5), "Root mean square of its trainable weights.")
    update_norm: float | None = value(
        "Update norm", decimals(5), "Root mean square of their change since the epoch before."
    )


@dataclass(frozen=True)
class Measured(Activity, Geometry, Knowledge):
    """All columns of a `LayerMeasures`."""

    units: int = value("Units", COUNT, "Entries of its output for one sample.", shown=False)
    samples: int = value("Samples", COUNT, "Samples that were measured.", shown=False)


def _setting(value: Any) -> str:
    """A setting of a layer in a few words."""
    found = layer_setting(value)
    return UNDEFINED if found is None else str(found)


class Layers(Result, tuple["LayerRecord", ...]):
    """What each layer is and holds after an epoch: a tuple of `LayerRecord`, in the order of the model."""

    __slots__ = ()

    def line(self) -> str:
        """A one-line summary."""
        parameters = sum(record.parameters for record in self)
        return f"Layers {', '.join(record.name for record in self)}: {parameters:,} parameters"

    def table(self) -> Table:
        """One row for each layer; NaN where its units do not fire, or if it has no weights."""
        return Table.of(LayerRow, [LayerRow.of(record) for record in self])

    def tables(self, title: str = "") -> tuple[Table, ...]:
        """The tables shown in a terminal; of a single layer also its weights and its configuration."""
        shown = replace(self.table().without("Trainable"), title=title)
        if len(self) != 1:
            return (shown,)
        settings = [Setting(name, _setting(each)) for name, each in self[0].config.items()]
        return (shown, Table.of(WeightRow, self[0].weights), Table.of(Setting, settings))

    def of(self, name: str) -> "Layers":
        """One layer.

        Raises:
            UnknownNameError: There is no such layer.
        """
        names = [record.name for record in self]
        check_choice(name, name="layer", choices=names)
        return Layers([self[names.index(name)]])

    def to_json(self) -> list[dict[str, Any]]:
        """Everything about each layer."""
        return plain(self)

    def plot(self) -> "Figure":
        """Draw the parameters of each layer, and its share of dead units, as a matplotlib Figure."""
        from cutaway.plots import Bars, bars

        names = [f"{record.name} ({record.kind})" for record in self]
        dead = [np.nan if record.dead_share is None else record.dead_share for record in self]
        return bars(
            [
                Bars("parameters", names, [record.parameters for record in self], x_label="number"),
                Bars("dead units", names, dead, x_label="share of the units", percent=True, limits=(0, 1)),
            ]
        )

    def _shown_figure(self) -> "Figure | None":
        return self.plot() if self else None


@public
@dataclass(frozen=True, eq=False, repr=False)
class LayerHistory(Result):
    """What each layer knew after each epoch.

    Attributes:
        records: One for each epoch and layer, epoch by epoch, layers in the order of the model.
        split: The split whose samples were measured.
        k: Number of neighbors in the k-NN accuracy.
        kept_epoch: Number of the epoch whose weights the run keeps.
        note: Says if fewer samples were measured than wanted because layers are very wide; otherwise empty.
        input_probe_accuracy: Accuracy of the same probe on the inputs, which no layer has changed; None if it was not
            measured.
    """

    records: "tuple[LayerMeasures, ...]"
    split: str
    k: int
    kept_epoch: int
    note: str = ""
    input_probe_accuracy: float | None = None

    @property
    def epochs(self) -> list[int]:
        """Numbers of the epochs measured, ascending."""
        return list(dict.fromkeys(record.epoch for record in self.records))

    def line(self) -> str:
        """A one-line summary."""
        layers, epochs = ({getattr(r, name) for r in self.records} for name in ("layer", "epoch"))
        samples = self.records[0].samples if self.records else 0
        return (
            f"LayerHistory of {len(layers)} layers after {len(epochs)} epochs, measured on {samples:,} samples of "
            f'"{self.split}"{f" ({self.note})" if self.note else ""}'
        )

    def table(self) -> Table:
        """All measures, one row for each epoch and layer; NaN if one is not defined."""
        from cutaway.interpret import LayerMeasures

        values: dict[str, Any] = {}
        for each in fields(LayerMeasures):
            held = [getattr(record, each.name) for record in self.records]
            values[each.name] = np.array(held, float) if each.default is None else held
        return Table(columns_of(Measured), values)

    def _by_layer(self) -> "list[LayerMeasures]":
        """The records, with all epochs of a layer together."""
        names = list(dict.fromkeys(record.layer for record in self.records))
        return sorted(self.records, key=lambda record: names.index(record.layer))

    def of(self, layer: str | None) -> "LayerHistory":
        """The same for one layer only; for all layers if None.

        Raises:
            UnknownNameError: There is no such layer.
        """
        names = list(dict.fromkeys(record.layer for record in self.records))
        if layer is not None:
            check_choice(layer, name="layer", choices=names)
        return replace(self, records=tuple(record for record in self.records if layer in (None, record.layer)))

    def tables(self, *, whole: bool = False) -> tuple[Table, ...]:
        """The tables shown in a terminal: for several layers what they know, for one layer all measures.

        Args:
            whole: Whether there is one table of all measures instead.
        """
        if not self.records:
            return ()
        rows = self._by_layer()
        title = f"What each layer knows, measured on {self.records[0].samples:,} samples of the {self.split} split"
        notes = (f"Measured on {self.note}.",) if self.note else ()
        if whole:
            return (Table.of(Measured, rows, title=title, notes=notes),)
        if several := rows[0].layer != rows[-1].layer:
            notes += ("One layer's activations, weights and shape: --layer NAME, in Python .of(name).",)
        knowledge = Table.of(Knowledge, rows, title=title, notes=notes)
        if several:
            return (knowledge,)
        geometry = Table.of(Geometry, rows, title="Shape of the activations")
        return (knowledge, geometry, Table.of(Activity, rows, title="Activations and weights"))

    def notes(self) -> tuple[str, ...]:
        """How well a probe predicts the classes from the inputs and from each layer, since when, and how exactly."""
        epochs = self.epochs
        kept = self.kept_epoch if self.kept_epoch in epochs else max(epochs, default=0)
        known = [r for r in self.records if r.epoch == kept and r.probe_accuracy is not None]
        if not known:
            return ("There are too few samples to tell which layer knows the classes.",)
        named = evenly_spaced(known, NAMED)
        shares = [(each.layer, each.probe_accuracy or 0.0) for each in named]
        if self.input_probe_accuracy is not None:
            shares.insert(0, ("the raw inputs", self.input_probe_accuracy))
        start = f"After epoch {kept}, a" if len(epochs) > 1 else "A"
        (source, accuracy), *others = shares
        told = [f"{percent(accuracy, 1)} of the samples correctly from {source}"]
        told += [f"{percent(accuracy, 1)} from {source}" for source, accuracy in others]
        some = f" ({len(named)} of {len(known)} layers are named.)" if len(named) < len(known) else ""
        samples, widest = named[0].samples, max(known, key=lambda record: record.units)
        chance = _by_chance([accuracy for _, accuracy in shares], samples // 2)
        few = f" That is few for the {widest.units:,} units of {widest.layer}, whose probe might be better with more."
        return (
            f"{start} linear classifier (a probe) predicts {listed(told)}.{some}",
            *_since(self.records, named, kept, within=max(CLOSE, chance)),
            f"Measured on {split_in_words(self.split, samples)} after {_epochs(epochs)}. The probe and the k-NN "
            "classifier are fitted on one half of them and tested on the other: a difference of less than "
            f"{100 * chance:.1f} points may be chance.{few if samples / 2 < FEW * widest.units else ''}",
        )

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway layers --history --json`` answers about the run."""
        about = {"split": self.split, "k": self.k, "note": self.note or None, "layers": plain(self.records)}
        return {**about, "input_probe_accuracy": self.input_probe_accuracy}

    def plot(self, measures: Sequence[str] = ("probe_accuracy", "effective_rank")) -> "Figure":
        """Draw what each layer knows after each epoch, as a matplotlib Figure with a panel for each measure.

        Args:
            measures: Columns of `to_pandas`, such as "knn_accuracy" or "separation".

        Raises:
            UnknownNameError: There is no such measure.
        """
        from cutaway.plots import panels

        return panels(self._panels(measures))

    def _panels(self, measures: Sequence[str]) -> "list[Panel]":
        """A panel for each measure, with a curve for each layer."""
        from cutaway.plots import Panel, Series

        wanted = check_each(measures, name="measures", check=partial(check_choice, choices=MEASURES), least=1)
        layers = list(dict.fromkeys(record.layer for record in self.records))
        epochs, known = np.array(self.epochs), {(r.layer, r.epoch): r for r in self.records}
        drawn: list[Panel] = []
        for name in wanted:
            series = [
                Series(
                    layer,
                    epochs,
                    np.array([getattr(known.get((layer, epoch)), name, None) for epoch in self.epochs], float),
                    color=place,
                    points=True,
                )
                for place, layer in enumerate(layers)
            ]
            title, y = MEASURES[name]
            is_share = name.endswith("accuracy") or y.startswith("share")
            drawn.append(Panel(title, "epoch", y, series, y_percent=is_share))
        return drawn

    def cka(self, epoch: int | None = None) -> "Similarity":
        """Linear CKA between layers after an epoch, a pandas DataFrame (layer, layer); 1 on its diagonal.

        Args:
            epoch: Its number; the kept one if None, or the only one measured; -1 is the last one measured.

        Raises:
            UnknownNameError: That epoch was not measured.
        """
        import pandas

        from .similarity import Similarity

        wanted = self.measured_epoch(epoch)
        found = {r.layer: {**r.cka_layers, r.layer: 1.0} for r in self.records if r.epoch == wanted}
        names = list(found)
        table = pandas.DataFrame([[found[a][b] for b in names] for a in names], names, names, dtype=float)
        return Similarity.of(table, title=f"Linear CKA of the layers after epoch {wanted}", entries="layer")

    def measured_epoch(self, epoch: int | None = None) -> int:
        """The number of an epoch that was measured, as `cka` takes it.

        Raises:
            UnknownNameError: That epoch was not measured.
        """
        epochs = self.epochs
        if epoch is None and len(epochs) > 1:
            epoch = self.kept_epoch
        if epoch is None or epoch == -1:
            return epochs[-1]
        if epoch not in epochs:
            known, kept = ", ".join(map(str, epochs)), ", the kept one" if epoch == self.kept_epoch else ""
            raise UnknownNameError(
                f"epoch {epoch}{kept} was not measured; this history has {known}", hint="choose one of these"
            )
        return epoch


def _since(
    records: "Sequence[LayerMeasures]", named: "Sequence[LayerMeasures]", kept: int, *, within: float
) -> list[str]:
    """Since which epoch each layer has been about as good as in the kept one; nothing if that is the only one."""
    by_layer = {each.layer: [r for r in records if r.layer == each.layer and r.epoch <= kept] for each in named}
    if records[0].epoch == kept:
        return []
    since = {each.layer: _first_close(by_layer[each.layer], (each.probe_accuracy or 0.0) - within) for each in named}
    (first, start), *others = since.items()
    told = [f"{first} has been within {100 * within:.1f} points of that accuracy since epoch {start}"]
    told += [f"{layer} since epoch {epoch}" for layer, epoch in others]
    untrained = " Epoch 0 is the model as initialized." if 0 in since.values() else ""
    return [f"Of the epochs measured, {listed(told)}.{untrained}"]


def _first_close(records: "Sequence[LayerMeasures]", least: float) -> int:
    """The epoch since when a layer has not fallen below an accuracy."""
    behind = [r.epoch for r in records if (r.probe_accuracy or 0.0) < least]
    return next(r.epoch for r in records if not behind or r.epoch > behind[-1])


def _by_chance(accuracies: Sequence[float], samples: int) -> float:
    """Largest half-width of a 95% interval for the difference of two equal accuracies.

    It is the 95% interval of two independent ones (Newcombe 1998). They are of the same samples, which brings them
    nearer, so this is rather too much.
    """
    shares = [share_of(round(accuracy * samples), samples) for accuracy in accuracies]
    return max(math.hypot(share.value - share.low, share.high - share.value) for share in shares)


def _epochs(epochs: Sequence[int]) -> str:
    if len(epochs) == 1:
        return f"epoch {epochs[0]}"
    if len(epochs) > NAMED and len(epochs) <= epochs[-1] - epochs[0]:
        return f"{len(epochs)} epochs from {epochs[0]} to {epochs[-1]}"
    is_range = len(epochs) > 2 and epochs[-1] - epochs[0] == len(epochs) - 1
    return f"epochs {epochs[0]} to {epochs[-1]}" if is_range else f"epochs {listed([str(each) for each in epochs])}"


def compute(context: RunContext, options: LayersOptions, *, on_progress: ProgressCallback) -> Answer:
    """Answer ``cutaway layers``.

    Raises:
        CutawayError: See `layer_records`, `layer_history` and `similarity`.
    """
    name = options.layer
    if not options.history:
        number = context.epoch(options.epoch)
        records = layer_records(context, epoch=number, on_progress=on_progress)
        shown = records if name is None else records.of(name)
        tables = partial(shown.tables, f"Layers after epoch {number}")
        next_step = f"Next: what each layer knows after every epoch:  {run_command('layers', context.path)} --history"
        has_more = name is None and len(context.split.test)
        document = {"epoch": number, "layers": shown.to_json()}
        return Answer(lambda: document, tables, (next_step,) if has_more else ())
    history = layer_history(context, on_progress=on_progress).of(name)
    if name is None or len(history.epochs) == 1:
        return Answer(history.to_json, history.tables, history.notes())
    epochs = similarity(context, name, on_progress=on_progress)
    return Answer(
        lambda: {**history.to_json(), "between_epochs": epochs.record()},
        lambda: (*history.tables(), *epochs.tables()),
        history.notes(),
    )


def layer_records(
    context: RunContext, *, epoch: int | None = None, on_progress: ProgressCallback = ignore_progress
) -> Layers:
    """Describe every layer after an epoch; see `cutaway.Run.layers`."""

    def compute() -> Layers:
        from cutaway.interpret import layer_records as describe

        data = context.data
        x = data.rows(context.split.part("all"))
        return Layers(describe(context.model(epoch), x=x, scale=data.scale, on_progress=on_progress))

    return cached("layers", context.folder.identity(context.epoch(epoch)), method=4).get(compute)


def layer_history(
    context: RunContext,
    *,
    split: str = "test",
    epochs: Sequence[int] | int | None = None,
    samples: int = SAMPLES,
    k: int = 15,
    seed: int = 0,
    on_progress: ProgressCallback = ignore_progress,
) -> LayerHistory:
    """Measure every layer of a run after every epoch; see `cutaway.Run.layer_history`.

    Raises:
        UnknownNameError: There is no such split or epoch.
        UsageError: ``samples`` or ``k`` is below 1, or the split or ``epochs`` is empty.
    """
    context.task.need_classes("a probe of layers")
    asked = LayersOptions(samples=samples, k=k)
    wanted = some_epochs(context, epochs)
    units = _units(context)
    room = min(asked.samples, _room(units))

    def compute() -> "tuple[tuple[LayerMeasures, ...], float | None]":
        from cutaway.interpret import layer_history as measure

        data, ids = context.data, context.ids(split, samples=room, seed=seed)
        records = measure(
            context.model(wanted[-1]),
            context.snapshot,
            epochs=wanted,
            x=data.rows(ids),
            labels=data.y(ids),
            scale=data.scale,
            k=asked.k,
            on_progress=on_progress,
        )
        return records, _input_probe_accuracy(data, ids)

    decides = [split, asked.k, seed, room]
    records, inputs = cached("layer-history", context.folder.identity(*wanted), decides, method=4).get(compute)
    kept_epoch = kept_so_far(context.manifest, context.folder.history())
    kept_epoch = context.epoch(-1) if kept_epoch is None else kept_epoch
    measured = records[0].samples if records else 0
    note = _fewer(units, measured, min(asked.samples, len(context.part(split))))
    return LayerHistory(records, split, asked.k, kept_epoch=kept_epoch, note=note, input_probe_accuracy=inputs)


def _input_probe_accuracy(data: Dataset, ids: SampleIds) -> float | None:
    """Accuracy of the probe of a layer on the inputs themselves; None if those are more than `INPUTS` values."""
    from cutaway.interpret import probe_accuracy

    if len(ids) * max(data.features, data.classes) > INPUTS:  # a probe has an output for each class
        return None
    x = data.inputs(ids)
    if data.image is None:  # the penalty is the same for all inputs, and would keep one of a small scale from counting
        spread = x.std(axis=0, dtype=np.float64)
        varies = spread > 1e-6 * np.abs(x).max(axis=0)  # rounding errors of a constant are no spread
        x = (x / np.where(varies, spread, 1.0)).astype(np.float32)
    return probe_accuracy(x, data.y(ids))


def similarity(
    context: RunContext,
    layer: str | None = None,
    *,
    split: str = "test",
    epochs: Sequence[int] | int | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
    on_progress: ProgressCallback = ignore_progress,
) -> "Similarity":
    """Compare a layer with itself between every two epochs; see `cutaway.Run.similarity`.

    Raises:
        UnknownNameError: There is no such layer, split or epoch.
        UsageError: ``samples`` is below 1, or the split or ``epochs`` is empty.
    """
    import pandas

    from cutaway.interpret import compare_epochs

    from .similarity import Similarity

    samples = LayersOptions(samples=samples).samples
    wanted, data = some_epochs(context, epochs), context.data
    model, name = context.model(wanted[-1]), context.layer(layer, epoch=wanted[-1])
    ids = context.ids(split, samples=min(samples, sample_room(context, [name])), seed=seed)
    found = compare_epochs(
        model,
        context.snapshot,
        name,
        epochs=wanted,
        x=data.rows(ids),
        scale=data.scale,
        on_progress=on_progress,
    )
    table = pandas.DataFrame(found, index=wanted, columns=wanted)
    return Similarity.of(table, title=f"Linear CKA of {name} between epochs", entries="epoch")


def sample_room(context: RunContext, layers: Sequence[str] | None = None) -> int:
    """Most samples whose activations fit into `ACTIVATION_BYTES`, and of each layer into `VALUES`; at least 100.

    Args:
        context: The run.
        layers: Names of the layers; all that compute something if None.
    """
    return _room(_units(context, layers))


def _room(units: dict[str, int]) -> int:
    return max(100, min(ACTIVATION_BYTES // (4 * sum(units.values())), VALUES // max(units.values())))


def _units(context: RunContext, layers: Sequence[str] | None = None) -> dict[str, int]:
    names = context.outline.measured if layers is None else layers
    return {name: max(context.outline.units[name], 1) for name in names} or {"": 1}


def _fewer(units: dict[str, int], samples: int, asked: int) -> str:
    """Why fewer samples were measured than asked for; empty if as many were."""
    if samples >= asked:
        return ""
    widest = max(units, key=lambda name: units[name])
    return (
        f"{samples:,} of {asked:,} samples, so activations fit into memory: {widest} has {units[widest]:,} units, "
        f"all layers {sum(units.values()):,}"
    )
