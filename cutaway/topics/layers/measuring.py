"""What the layers of a run are, and what they know through training."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.checks import check_whole
from cutaway.context import RunContext
from cutaway.errors import UnknownNameError
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.results.notebook import NotebookDisplay
from cutaway.runs import KeptResult, kept, kept_so_far, plain_records, records_of, result_name
from cutaway.topics.common.epochs import some_epochs

if TYPE_CHECKING:
    import pandas

    from cutaway.interpret import LayerMeasures, LayerRecord
    from cutaway.plots import BokehLayout, Figure, Panel

    from .similarity_matrix import Similarity

METHOD = 2
"""Part of the key of kept measures and records: other measurements give others."""

SAMPLES = 10_000
"""The most samples that a layer history measures; their activations are in memory for three snapshots at a time."""

ACTIVATION_BYTES = 2**28
"""The most bytes of activations of one snapshot; models so wide that they would need more get fewer samples."""

VALUES = 2**24
"""The most activations of one layer, 67 MB, likewise: measures take some ten times as much."""


class Layers(tuple["LayerRecord", ...], NotebookDisplay):
    """What each layer is and holds after an epoch: a tuple of `LayerRecord`, in the order of the model."""

    __slots__ = ()

    def __repr__(self) -> str:
        parameters = sum(record.parameters for record in self)
        return f"<Layers {', '.join(record.name for record in self)}: {parameters:,} parameters>"

    def to_pandas(self) -> "pandas.DataFrame":
        """One row a layer, a pandas DataFrame; columns of the kernel, its first weight, are NaN for layers without."""
        import pandas

        rows: list[dict[str, Any]] = []
        for record in self:
            kernel = record.weights[0] if record.weights else None
            fields = ("name", "kind", "output_shape", "units", "parameters", "trainable", "inactive", "inactive_share")
            row = {name: getattr(record, name) for name in fields}
            for part in ("mean", "std", "min", "max"):
                row[f"kernel_{part}"] = getattr(kernel, part) if kernel else None
            rows.append(row)
        numbers = ("inactive", "inactive_share", "kernel_mean", "kernel_std", "kernel_min", "kernel_max")
        table: Any = pandas.DataFrame(rows)
        return table.astype(dict.fromkeys(numbers, float))

    def plot(self) -> "Figure":
        """Draw the parameters of each layer, and its share of inactive units, as a matplotlib Figure."""
        from cutaway.plots import Bars, bars

        names = [f"{record.name} ({record.kind})" for record in self]
        inactive = [np.nan if record.inactive_share is None else record.inactive_share for record in self]
        return bars(
            [
                Bars("parameters", names, [record.parameters for record in self], x_label="number"),
                Bars("inactive units", names, inactive, x_label="share of the units", percent=True, limits=(0, 1)),
            ]
        )

    def _shown_figure(self) -> "Figure | None":
        return self.plot() if self else None


@public
@dataclass(frozen=True, eq=False)
class LayerHistory(NotebookDisplay):
    """What each layer knew after each epoch.

    Attributes:
        records: One for each epoch and layer, epoch by epoch, layers in the order of the model.
        split: The split whose samples were measured.
        k: Number of neighbors in the k-NN accuracy.
        kept_epoch: Number of the epoch whose weights the run keeps.
        note: Says that fewer samples were measured than wanted, because layers are very wide; otherwise empty.
    """

    records: "tuple[LayerMeasures, ...]" = field(repr=False)
    split: str
    k: int
    kept_epoch: int
    note: str = ""

    @property
    def epochs(self) -> list[int]:
        """Numbers of the epochs measured, ascending."""
        return list(dict.fromkeys(record.epoch for record in self.records))

    def __repr__(self) -> str:
        layers, epochs = ({getattr(r, name) for r in self.records} for name in ("layer", "epoch"))
        samples = self.records[0].samples if self.records else 0
        return (
            f"<LayerHistory of {len(layers)} layers after {len(epochs)} epochs, measured on {samples:,} samples of "
            f'"{self.split}"{f" ({self.note})" if self.note else ""}>'
        )

    def to_pandas(self) -> "pandas.DataFrame":
        """All measures as a pandas DataFrame, one row for each epoch and layer; NaN where one is not defined."""
        import pandas

        rows = [{key: value for key, value in asdict(r).items() if key != "cka_layers"} for r in self.records]
        texts = ("epoch", "layer", "units", "samples")
        table: Any = pandas.DataFrame(rows)
        return table.astype({key: float for key in rows[0] if key not in texts})

    def plot(self, measures: Sequence[str] = ("probe_accuracy", "effective_rank")) -> "Figure":
        """Draw what each layer knows after each epoch, as a matplotlib Figure with a panel for each measure.

        Args:
            measures: Columns of `to_pandas`, such as "knn_accuracy" or "separation".

        Raises:
            UnknownNameError: There is no such measure.
        """
        from cutaway.plots import panels

        return panels(self._panels(measures))

    def bokeh(self, measures: Sequence[str] = ("probe_accuracy", "effective_rank")) -> "BokehLayout":
        """Draw the same with Bokeh; hovering shows the numbers.

        Args:
            measures: As of `plot`.

        Raises:
            UnknownNameError: There is no such measure.
        """
        from cutaway.plots import panels_bokeh

        return panels_bokeh(self._panels(measures))

    def _panels(self, measures: Sequence[str]) -> "list[Panel]":
        from .panels import layer_panels

        return layer_panels(self.records, self.epochs, measures)

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


def layer_records(
    context: RunContext, *, epoch: int | None = None, on_progress: ProgressCallback = ignore_progress
) -> Layers:
    """Describe every layer after an epoch; see `cutaway.Run.layers`."""

    def compute() -> Layers:
        from cutaway.interpret import layer_records as describe

        data = context.data
        x = data.rows(context.split.part("all"))
        return Layers(describe(context.model(epoch), x=x, scale=data.scale, on_progress=on_progress))

    name = result_name(context.folder, "layers", epochs=[context.epoch(epoch)], decides=METHOD)
    return kept(context.folder, name, read=partial(_read_records, context), write=_written, compute=compute)


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
    k = check_whole(k, name="k", least=1)
    samples = check_whole(samples, name="samples", least=1)
    wanted = some_epochs(context, epochs)
    asked, units = min(samples, len(context.part(split))), _units(context)
    room = min(samples, _room(units))

    def compute() -> "tuple[LayerMeasures, ...]":
        from cutaway.interpret import layer_history as measure

        data, ids = context.data, context.ids(split, samples=room, seed=seed)
        return measure(
            context.model(wanted[-1]),
            context.snapshot,
            epochs=wanted,
            x=data.rows(ids),
            labels=data.y(ids),
            scale=data.scale,
            k=k,
            on_progress=on_progress,
        )

    name = result_name(context.folder, "layer-history", epochs=wanted, decides=[METHOD, split, k, seed, room])
    records = kept(
        context.folder,
        name,
        read=partial(_read_history, context, wanted),
        write=_written,
        compute=compute,
    )
    kept_epoch = kept_so_far(context.manifest, context.folder.history())
    kept_epoch = context.epoch(-1) if kept_epoch is None else kept_epoch
    measured = records[0].samples if records else 0
    return LayerHistory(records, split, k, kept_epoch=kept_epoch, note=_fewer(units, measured, asked))


def _written(records: "Iterable[LayerRecord | LayerMeasures]") -> KeptResult:
    return KeptResult(plain_records(records))


def _read_records(context: RunContext, found: KeptResult) -> Layers:
    """Kept records, if they are of the layers of the model."""
    from cutaway.interpret import LayerRecord

    records = Layers(records_of(LayerRecord, found.record))
    if {record.name: (record.kind, record.units) for record in records} != context.outline.sizes:
        raise ValueError("records of other layers")
    return records


def _read_history(context: RunContext, epochs: Sequence[int], found: KeptResult) -> "tuple[LayerMeasures, ...]":
    """Kept measures, if they are of these epochs and of the layers of the model."""
    from cutaway.interpret import LayerMeasures

    records, names = records_of(LayerMeasures, found.record), context.outline.measured
    if [(r.epoch, r.layer) for r in records] != [(epoch, name) for epoch in epochs for name in names]:
        raise ValueError("measures of other layers")
    for record in records:
        values = [value for value in vars(record).values() if isinstance(value, float)]
        if set(record.cka_layers) != set(names) - {record.layer} or not all(map(math.isfinite, values)):
            raise ValueError(f"measures of {record.layer} that are none")
    return records


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

    from .similarity_matrix import Similarity

    samples = check_whole(samples, name="samples", least=1)
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
        f"{samples:,} of {asked:,} samples, so that activations fit into memory: {widest} has {units[widest]:,} units, "
        f"all layers {sum(units.values()):,}"
    )
