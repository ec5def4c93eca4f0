"""What the layers of a run are, and what they know through training, as the user holds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cutaway._lazy import public
from cutaway.checks import meant
from cutaway.errors import UnknownNameError
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Table, column
from cutaway.results.units import COUNT, COUNT_SHARE, NAME, TEXT, Unit, decimals, share
from cutaway.words import UNDEFINED

if TYPE_CHECKING:
    from cutaway.interpret import LayerMeasures, LayerRecord
    from cutaway.plots import Figure

    from .similarity_matrix import Similarity

PARTS = ("mean", "std", "min", "max")
"""What is said of the entries of a weight."""


def _shape(sides: Sequence[int]) -> str:
    return " x ".join(map(str, sides))


SHAPE = Unit("shape", _shape)

LAYERS = (
    column("name", "Layer", TEXT, "Name of the layer."),
    column("kind", "Kind", TEXT, "Keras' name of its class."),
    column("output_shape", "Output", SHAPE, "Shape of its output for one sample."),
    column("units", "Units", COUNT, "Entries of its output for one sample."),
    column("parameters", "Params", COUNT, "Entries of all its weights."),
    column("trainable", "Trainable", COUNT, "How many of these are trained."),
    column("dead dead_share", "Dead", COUNT_SHARE, "Dead units: 0 for every sample."),
    column("kernel_mean", "W mean", decimals(4), "Mean of the entries of its kernel, the first of its weights."),
    column("kernel_std", "W std", decimals(4), "Standard deviation of these entries."),
    column("kernel_min", "W min", decimals(4), "The smallest of them."),
    column("kernel_max", "W max", decimals(4), "The largest of them."),
)
"""What each layer is and holds."""

WEIGHTS = (
    column("name", "Weight", TEXT, "Keras' name of the weight."),
    column("shape", "Shape", SHAPE, "Its shape."),
    *(column(part, part.capitalize(), decimals(5), f"The {part} of its entries.") for part in PARTS),
)
"""The weights of one layer."""

SETTINGS = (
    column("setting", "Setting", TEXT, "Keras' name of the setting."),
    column("value", "Value", TEXT, "Its value."),
)
"""The configuration of one layer."""

PLACE = (
    column("layer", "Layer", NAME, "Name of the layer."),
    column("epoch", "Epoch", COUNT, "Number of the epoch; 0 is the model as initialized."),
)
KNOWLEDGE = (
    column(
        "probe_accuracy",
        "Probe accuracy",
        share(),
        "Share of samples that a linear classifier predicts correctly.",
        explained=True,
    ),
    column(
        "knn_accuracy",
        "k-NN accuracy",
        share(),
        "Share that a vote of the nearest samples predicts correctly.",
        explained=True,
    ),
    column(
        "separation",
        "Separation",
        decimals(3),
        "Variance between the classes over the variance within them.",
        explained=True,
    ),
    column(
        "effective_rank",
        "Effective rank",
        decimals(1),
        "How many dimensions the activations fill.",
        explained=True,
    ),
    column(
        "cka_previous",
        "CKA before",
        decimals(3),
        "Similarity to the same layer one epoch earlier, 0 to 1.",
        explained=True,
    ),
    column(
        "cka_last",
        "CKA last",
        decimals(3),
        "Similarity to the same layer after the last epoch, 0 to 1.",
        explained=True,
    ),
)
GEOMETRY = (
    column(
        "class_variability",
        "Variability",
        decimals(3),
        "Spread of a class relative to the class means (NC1); 0 is a point.",
        explained=True,
    ),
    column(
        "class_angles",
        "Angles",
        decimals(3),
        "Distance of the class means from a regular simplex (NC2).",
        explained=True,
    ),
    column(
        "intrinsic_dimension",
        "Dimension",
        decimals(1),
        "Dimensions in which the activations vary near a sample (TwoNN).",
        explained=True,
    ),
)
ACTIVITY = (
    column("mean", "Mean", decimals(3), "Mean activation, over samples and units."),
    column("std", "Std", decimals(3), "Standard deviation of the activations."),
    column("sparsity", "Zeros", share(1), "Share of activations that are exactly 0."),
    column("constant", "Constant", share(1), "Share of constant units: same output for every measured sample."),
    column("saturated", "Saturated", share(1), "Share of units that are near an end of their range for most samples."),
    column("weight_norm", "Weight norm", decimals(5), "Root mean square of its trainable weights."),
    column("update_norm", "Update norm", decimals(5), "Root mean square of their change since the epoch before."),
)
MEASURES = (
    *PLACE,
    column("units", "Units", COUNT, "Entries of its output for one sample."),
    column("samples", "Samples", COUNT, "Samples that were measured."),
    *KNOWLEDGE,
    *GEOMETRY,
    *ACTIVITY,
)
"""What each layer knows after each epoch, and its activations and weights."""


def _setting(value: Any) -> str:
    """A setting of a layer in a few words; an initializer or its like as Keras would write it: "L2(l2=0.01)"."""
    if not isinstance(value, Mapping) or "class_name" not in value:
        return UNDEFINED if value is None else str(cast("object", value))
    saved = cast("Mapping[str, Any]", value)
    config = saved.get("config")
    entries: Mapping[str, Any] = cast("Mapping[str, Any]", config) if isinstance(config, Mapping) else {}
    details = ", ".join(f"{key}={entry}" for key, entry in entries.items() if entry is not None)
    return f"{saved['class_name']}({details})" if details else str(saved["class_name"])


class Layers(Result, tuple["LayerRecord", ...]):
    """What each layer is and holds after an epoch: a tuple of `LayerRecord`, in the order of the model."""

    __slots__ = ()

    def line(self) -> str:
        """A one-line summary."""
        parameters = sum(record.parameters for record in self)
        return f"Layers {', '.join(record.name for record in self)}: {parameters:,} parameters"

    def table(self) -> Table:
        """One row for each layer; NaN where its units do not fire, or where it has no weights."""
        fields = ("name", "kind", "output_shape", "units", "parameters", "trainable")
        values: dict[str, Any] = {name: [getattr(record, name) for record in self] for name in fields}
        for name in ("dead", "dead_share"):
            values[name] = np.array([getattr(record, name) for record in self], float)
        kernels = [record.weights[0] if record.weights else None for record in self]
        for part in PARTS:
            values[f"kernel_{part}"] = np.array([kernel and getattr(kernel, part) for kernel in kernels], float)
        return Table(LAYERS, values)

    def tables(self, title: str = "") -> tuple[Table, ...]:
        """The tables shown in a terminal; of a single layer also its weights and its configuration."""
        shown = replace(self.table().without("Units", "Trainable"), title=title)
        if len(self) != 1:
            return (shown,)
        layer = self[0]
        weights = {name: [getattr(weight, name) for weight in layer.weights] for name in ("name", "shape", *PARTS)}
        settings = {"setting": list(layer.config), "value": list(map(_setting, layer.config.values()))}
        return (shown, Table(WEIGHTS, weights), Table(SETTINGS, settings))

    def of(self, name: str) -> "Layers":
        """One layer.

        Raises:
            UnknownNameError: There is no such layer.
        """
        names = [record.name for record in self]
        if name not in names:
            rule = f"layers of this run are {', '.join(names)}"
            raise UnknownNameError(rule, got=f'"{name}"', hint=meant(name, names))
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

    records: "tuple[LayerMeasures, ...]" = field(repr=False)
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
        for name in (each.name for each in fields(LayerMeasures)):
            column = [getattr(record, name) for record in self.records]
            is_measure = name not in ("epoch", "layer", "units", "samples", "cka_layers")
            values[name] = np.array(column, float) if is_measure else column
        return Table(MEASURES, values)

    def by_layer(self) -> Table:
        """The same, with all epochs of a layer together."""
        names = list(dict.fromkeys(record.layer for record in self.records))
        places = range(len(self.records))
        return self.table().take(sorted(places, key=lambda place: names.index(self.records[place].layer)))

    def of(self, layer: str | None) -> "LayerHistory":
        """The same for one layer only; for all layers if None.

        Raises:
            UnknownNameError: There is no such layer.
        """
        names = list(dict.fromkeys(record.layer for record in self.records))
        if layer is not None and layer not in names:
            rule, hint = f"measured layers of this run are {', '.join(names)}", meant(layer, names)
            raise UnknownNameError(rule, got=f'"{layer}"', hint=hint)
        return replace(self, records=tuple(record for record in self.records if layer in (None, record.layer)))

    def tables(self) -> tuple[Table, ...]:
        """The tables shown in a terminal: for several layers what they know, for one layer all measures."""
        if not self.records:
            return ()
        whole = self.by_layer()
        title = f"What each layer knows, measured on {self.records[0].samples:,} samples of the {self.split} split"
        notes = (f"Measured on {self.note}.",) if self.note else ()
        more = "One layer's activations, weights and shape: --layer NAME, in Python .of(name)."
        if len({record.layer for record in self.records}) > 1:
            return (replace(whole, columns=(*PLACE, *KNOWLEDGE), title=title, notes=(*notes, more)),)
        knowledge = replace(whole, columns=(*PLACE, *KNOWLEDGE), title=title, notes=notes)
        activity = replace(whole, columns=(*PLACE, *ACTIVITY), title="Activations and weights")
        geometry = replace(whole, columns=(*PLACE, *GEOMETRY), title="Shape of the activations")
        return (knowledge, geometry, activity)

    def notes(self) -> tuple[str, ...]:
        """What each layer knows and since which epoch, in sentences."""
        from .sentences import in_sentences

        return in_sentences(
            self.records, split=self.split, kept_epoch=self.kept_epoch, input_probe_accuracy=self.input_probe_accuracy
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

        from .panels import layer_panels

        return panels(layer_panels(self.records, self.epochs, measures))

    def cka(self, epoch: int | None = None) -> "Similarity":
        """Linear CKA between layers after an epoch, a pandas DataFrame (layer, layer); 1 on its diagonal.

        Args:
            epoch: Its number; the kept one if None, or the only one measured; -1 is the last one measured.

        Raises:
            UnknownNameError: That epoch was not measured.
        """
        import pandas

        from .similarity_matrix import Similarity

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
                f"epochs of this history are {known}", got=f"{epoch}{kept}", hint="choose one of these"
            )
        return epoch
