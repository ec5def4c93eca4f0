"""The section on layers: what each is and holds, and what it knows, epoch by epoch."""

from cutaway.page import Section
from cutaway.topics.common.epochs import spaced_epochs
from cutaway.topics.common.sections import result_section, result_table
from cutaway.topics.common.source import ReportSource, once

from .layers import LayerHistory, Layers, layer_history, layer_records

MEASURED = 5_000
"""Samples to measure layers on. The probe is fitted on half of them, five per unit of a layer of 512; with two
per unit the small output layer would beat layers that know more."""

EPOCHS = 6
"""Epochs after which layers are measured at most, the first, the kept one and the last among them."""


@once
def layers_of(source: ReportSource) -> Layers:
    """What each layer is and holds; nothing of a model that cannot be opened."""
    return layer_records(source.context, on_progress=source.on_progress) if source.context.opens else Layers(())


@once
def layer_history_of(source: ReportSource) -> LayerHistory | None:
    """What each layer knows of the classes after some epochs, on held-out samples; None if there are none."""
    if not len(source.ids) or not source.context.opens or source.context.task.is_numbers:
        return None
    epochs = spaced_epochs(source.context.folder.epochs, EPOCHS, kept=source.context.epoch())
    return layer_history(
        source.context, split=source.split, epochs=epochs, samples=MEASURED, on_progress=source.on_progress
    )


def layers(source: ReportSource) -> Section | None:
    """What each layer is and holds, and what it knows after some epochs; None if the model cannot be opened."""
    records, history = layers_of(source), layer_history_of(source)
    if not records:
        return None
    more: list[Section] = []
    if history is not None:
        (table,), lead = history.tables(whole=True), " ".join(history.notes())
        folded = {"title": "What each layer knows", "lead": lead, "summary": "All measures, by layer and epoch"}
        more.append(result_table("knowledge", table, **folded))
    return result_section("layers", "Layers", tables=[records.table()], more=more)
