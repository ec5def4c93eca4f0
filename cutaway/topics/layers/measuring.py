"""Measuring layers: what each is and holds, what it knows through training, and how similar it is to itself."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.cache import cached
from cutaway.checks import check_whole
from cutaway.context import RunContext
from cutaway.data import Dataset, SampleIds
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.results.result import Answer
from cutaway.runs import kept_so_far, run_command
from cutaway.topics.common.epochs import some_epochs

from .options import LayersOptions
from .result import LayerHistory, Layers

if TYPE_CHECKING:
    from cutaway.interpret import LayerMeasures

    from .similarity_matrix import Similarity

SAMPLES = 10_000
"""Maximum number of samples that a layer history measures; activations of three snapshots are in memory at once."""

ACTIVATION_BYTES = 2**28
"""The most bytes of activations of one snapshot; models so wide that they would need more get fewer samples."""

VALUES = 2**24
"""The most activations of one layer, 67 MB, likewise: measures take some ten times as much."""

INPUTS = 2**25
"""The most values of inputs, or of outputs of their probe: of 10,000 samples 3,355 each, about two seconds of work."""


def compute(context: RunContext, options: LayersOptions, *, on_progress: ProgressCallback) -> Answer:
    """Answer ``cutaway layers``.

    Raises:
        CutawayError: See `layer_records`, `layer_history` and `similarity`.
    """
    run, name = str(context.path), options.layer
    if not options.history:
        number, records = (
            context.epoch(options.epoch),
            layer_records(context, epoch=options.epoch, on_progress=on_progress),
        )
        shown = records if name is None else records.of(name)
        tables = partial(shown.tables, f"Layers after epoch {number}")
        has_more = name is None and len(context.split.test)
        next_step = (
            f"Next: what each layer knows after every epoch:  {run_command('layers', context.path)} --history",
        )
        document = {"epoch": number, "layers": shown.to_json()}
        return Answer(run, lambda: document, tables, next_step if has_more else ())
    history = layer_history(context, on_progress=on_progress).of(name)
    if name is None or len(history.epochs) == 1:
        return Answer(run, history.to_json, history.tables, history.notes())
    epochs = similarity(context, name, on_progress=on_progress)
    document = partial(_with_similarity, history, epochs)
    return Answer(run, document, lambda: (*history.tables(), *epochs.tables()), history.notes())


def _with_similarity(history: LayerHistory, epochs: "Similarity") -> dict[str, Any]:
    return {**history.to_json(), "between_epochs": epochs.record()}


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
    k = check_whole(k, name="k", least=1)
    samples = check_whole(samples, name="samples", least=1)
    wanted = some_epochs(context, epochs)
    asked, units = min(samples, len(context.part(split))), _units(context)
    room = min(samples, _room(units))

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
            k=k,
            on_progress=on_progress,
        )
        return records, _input_probe_accuracy(data, ids)

    decides = [split, k, seed, room]
    records, inputs = cached("layer-history", context.folder.identity(*wanted), decides, method=4).get(compute)
    kept_epoch = kept_so_far(context.manifest, context.folder.history())
    kept_epoch = context.epoch(-1) if kept_epoch is None else kept_epoch
    measured = records[0].samples if records else 0
    note = _fewer(units, measured, asked)
    return LayerHistory(records, split, k, kept_epoch=kept_epoch, note=note, input_probe_accuracy=inputs)


def _input_probe_accuracy(data: Dataset, ids: SampleIds) -> float | None:
    """Accuracy of the probe of a layer on the inputs themselves; None where that are more than `INPUTS` values."""
    from cutaway.interpret import probe_accuracy

    if len(ids) * max(data.features, data.classes) > INPUTS:  # a probe has an output for each class
        return None
    x = data.inputs(ids)
    if data.image is None:  # the penalty is the same for all inputs, and would keep one of a small scale from counting
        spread = x.std(axis=0, dtype=np.float64)
        varies = spread > 1e-6 * np.abs(x).max(axis=0)  # what rounding leaves of a constant is no spread
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
