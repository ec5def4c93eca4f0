"""From a run to its layers through training."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cutaway.data import SampleIds, stratified_sample
from cutaway.errors import UnknownNameError, UsageError
from cutaway.progress import ProgressCallback, ignore_progress

if TYPE_CHECKING:
    import keras
    import pandas

    from cutaway.interpret import LayerRecord
    from cutaway.interpret.history import LayerMeasures

    from .run import Run

SAMPLES = 10_000
"""Samples that a layer history measures at most; their activations are held for three snapshots at a time."""

HELD = 2**30
"""Bytes of activations of one snapshot at most; where layers are so wide that they would be more, samples are fewer."""


class Layers(tuple["LayerRecord", ...]):
    """What each layer is and holds after an epoch: a tuple of `LayerRecord`, in the order of the model."""

    __slots__ = ()

    def to_pandas(self) -> "pandas.DataFrame":
        """One row a layer, a pandas DataFrame; columns of the kernel, its first weight, are NaN for layers without."""
        import pandas

        rows = []
        for record in self:
            kernel = record.weights[0] if record.weights else None
            fields = ("name", "kind", "output_shape", "units", "parameters", "trainable", "inactive", "inactive_share")
            row = {name: getattr(record, name) for name in fields}
            for part in ("mean", "std", "min", "max"):
                row[f"kernel_{part}"] = getattr(kernel, part) if kernel else None
            rows.append(row)
        numbers = ("inactive", "inactive_share", "kernel_mean", "kernel_std", "kernel_min", "kernel_max")
        return pandas.DataFrame(rows).astype(dict.fromkeys(numbers, float))


@dataclass(frozen=True, eq=False)
class LayerHistory:
    """What each layer was like after each epoch.

    Attributes:
        records: One for each epoch and layer, epoch by epoch, layers in the order of the model.
        split: Whose samples were measured.
        k: Neighbors that voted.
    """

    records: "tuple[LayerMeasures, ...]" = field(repr=False)
    split: str
    k: int

    def to_pandas(self) -> "pandas.DataFrame":
        """All measures as a pandas DataFrame, one row for each epoch and layer; NaN where one is not defined."""
        import pandas

        rows = [{key: value for key, value in asdict(r).items() if key != "cka_layers"} for r in self.records]
        texts = ("epoch", "layer", "units", "samples")
        return pandas.DataFrame(rows).astype({key: float for key in rows[0] if key not in texts})

    def cka(self, epoch: int = -1) -> "pandas.DataFrame":
        """Linear CKA between layers after an epoch, a pandas DataFrame (layer, layer); 1 on its diagonal.

        Raises:
            UnknownNameError: The history has no such epoch.
        """
        import pandas

        epochs = list(dict.fromkeys(record.epoch for record in self.records))
        epoch = epochs[-1] if epoch == -1 else epoch
        if epoch not in epochs:
            known = ", ".join(map(str, epochs))
            raise UnknownNameError(f"epochs of this history are {known}", got=str(epoch), hint="name one of these")
        found = {r.layer: {**r.cka_layers, r.layer: 1.0} for r in self.records if r.epoch == epoch}
        names = list(found)
        return pandas.DataFrame([[found[a][b] for b in names] for a in names], index=names, columns=names, dtype=float)


def layer_history(
    run: "Run",
    *,
    split: str = "test",
    epochs: Sequence[int] | None = None,
    samples: int = SAMPLES,
    k: int = 15,
    seed: int = 0,
    on_progress: ProgressCallback = ignore_progress,
) -> LayerHistory:
    """Measure every layer of a run after every epoch; what `Run.layer_history` calls.

    Args:
        run: The run.
        split: "train", "val", "test" or "all".
        epochs: Numbers of epochs with a snapshot; all of them if None.
        samples: Samples at most, fewer where layers are very wide; each class gives its share of them.
        k: Neighbors that vote, from 1.
        seed: Decides which samples are drawn.
        on_progress: Told after every layer.

    Raises:
        UnknownNameError: There is no such split or epoch.
        UsageError: ``samples`` or ``k`` is below 1, or the split or ``epochs`` is empty.
    """
    from cutaway.interpret.history import layer_history as measure
    from cutaway.interpret.history import measured_layers

    _check_whole(k=k, samples=samples)
    wanted = _epochs_of(run, epochs)
    model = run.model(epoch=wanted[-1])
    ids = stratified_subset(run, split, samples=min(samples, _room(model, measured_layers(model))), seed=seed)
    records = measure(
        model,
        run.folder.snapshot,
        epochs=wanted,
        x=run.data.rows(ids),
        labels=run.data.y(ids),
        scale=run.data.scale,
        k=k,
        on_progress=on_progress,
    )
    return LayerHistory(records, split=split, k=k)


def similarity(
    run: "Run",
    layer: str | None = None,
    *,
    split: str = "test",
    epochs: Sequence[int] | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
    on_progress: ProgressCallback = ignore_progress,
) -> "pandas.DataFrame":
    """Compare a layer with itself between every two epochs; what `Run.similarity` calls.

    Args:
        run: The run.
        layer: Name of the layer; the last hidden one if None.
        split: "train", "val", "test" or "all".
        epochs: Numbers of epochs with a snapshot; all of them if None.
        samples: Samples at most, fewer where layers are very wide; each class gives its share of them.
        seed: Decides which samples are drawn.
        on_progress: Told as epochs are compared.

    Returns:
        Linear CKA, a pandas DataFrame (epoch, epoch); NaN where it is not defined.

    Raises:
        UnknownNameError: There is no such layer, split or epoch.
        UsageError: ``samples`` is below 1, or the split or ``epochs`` is empty.
    """
    import pandas

    from cutaway.interpret import default_layer
    from cutaway.interpret.activations import find_layer
    from cutaway.interpret.comparison import compare_epochs

    _check_whole(samples=samples)
    wanted = _epochs_of(run, epochs)
    model = run.model(epoch=wanted[-1])
    layer = layer or default_layer(model)
    find_layer(model, layer)
    ids = stratified_subset(run, split, samples=min(samples, _room(model, [layer])), seed=seed)
    found = compare_epochs(
        model,
        run.folder.snapshot,
        layer,
        epochs=wanted,
        x=run.data.rows(ids),
        scale=run.data.scale,
        on_progress=on_progress,
    )
    return pandas.DataFrame(found, index=wanted, columns=wanted)


def _room(model: "keras.Model", layers: Sequence[str]) -> int:
    """Samples whose activations in some layers fit into `HELD`; at least 100."""
    units = sum(math.prod(model.get_layer(name).output.shape[1:]) for name in layers)
    return max(100, HELD // max(4 * units, 1))


def _check_whole(**settings: int) -> None:
    for name, value in settings.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise UsageError(f"{name} is a whole number, at least 1", got=repr(value), hint=f"leave {name} out")


def _epochs_of(run: "Run", epochs: Sequence[int] | None) -> list[int]:
    """Numbers of epochs with a snapshot, ascending, at least one."""
    wanted = sorted({run.folder.resolve_epoch(e) for e in (run.folder.epochs if epochs is None else epochs)})
    if not wanted:
        raise UsageError("layers are measured after at least one epoch", got="none", hint="leave epochs out for all")
    return wanted


def evenly_spaced(items: Sequence[Any], most: int) -> list[Any]:
    """At most so many of the items, at even distances, the first and the last among them."""
    total = len(items)
    return list(items) if total <= most else [items[round(i * (total - 1) / (most - 1))] for i in range(most)]


def stratified_subset(run: "Run", split: str, *, samples: int | None, seed: int = 0) -> SampleIds:
    """Samples of a split, at least one; at most so many, in equal shares from the classes.

    Raises:
        UnknownNameError: There is no such split.
        UsageError: ``samples`` is below 1, or the split is empty.
    """
    if samples is not None:
        _check_whole(samples=samples)
    ids = run.split.part(split)
    if not len(ids):
        raise UsageError("measuring needs at least one sample", got=f'an empty split "{split}"', hint="try all")
    return (
        ids
        if samples is None or len(ids) <= samples
        else ids.take(stratified_sample(run.data.y(ids), samples, seed=seed))
    )
