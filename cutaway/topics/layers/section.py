"""The section on what each layer knows: probes, neighbors and other measures, epoch by epoch."""

from cutaway.page import Section, Table
from cutaway.topics.common.epochs import spaced_epochs
from cutaway.topics.common.source import ReportSource, once

from .measuring import layer_history, layer_records
from .result import LayerHistory, Layers

FEW = 4
"""With fewer samples per unit than this, the section says that they are few."""

MEASURED = 5_000
"""Samples on which layers are measured. The probe is fitted on half of them, five per unit of a layer of 512; with two
per unit the small output layer would beat layers that know more."""

EPOCHS = 6
"""Epochs after which layers are measured at most, the first, the kept one and the last among them."""


@once
def layers_of(source: ReportSource) -> Layers:
    """What each layer is and holds; nothing of a model that cannot be opened."""
    return layer_records(source.context, on_progress=source.on_progress) if source.context.opens else Layers(())


@once
def layer_history_of(source: ReportSource) -> LayerHistory | None:
    """What each layer knows after some epochs, on held-out samples; None where there are none."""
    if not len(source.ids) or not source.context.opens:
        return None
    epochs = spaced_epochs(source.context.folder.epochs, EPOCHS, kept=source.context.epoch())
    return layer_history(
        source.context, split=source.split, epochs=epochs, samples=MEASURED, on_progress=source.on_progress
    )


def knowledge(source: ReportSource) -> Section | None:
    """Every layer at several epochs, one row each; None if there are no held-out samples."""
    history = layer_history_of(source)
    if history is None:
        return None
    table = history.by_layer().without("Units", "Samples")
    return Table(
        name="knowledge",
        title="What each layer knows",
        lead=" ".join(history.notes()),
        summary="All measures, by layer and epoch",
        rows=tuple(table.texts()),
        meanings=table.meanings(),
        caption=_caption(history),
    )


def _caption(history: LayerHistory) -> str:
    samples, widest = history.records[0].samples, max(history.records, key=lambda r: r.units)
    caption = "The k-NN classifier is fitted and tested on the same halves of the samples as the probe."
    if samples / 2 < FEW * widest.units:
        caption += (
            f" That is few for the {widest.units:,} units of {widest.layer}, whose probe might be better with more."
        )
    return caption


def layers(source: ReportSource) -> Section | None:
    """What each layer is and holds, one row per layer."""
    records = layers_of(source)
    if not records:
        return None
    table = records.table().without("Units")
    samples = len(source.context.split.part("all"))
    return Table(
        name="layers",
        title="Layers",
        rows=tuple(table.texts()),
        meanings=table.meanings(),
        caption=f"A dead unit never fires: its output is 0 for each of the {samples:,} samples of the whole "
        "dataset. A constant unit gives the same output for every sample; a dead one is constant at 0.",
    )
