"""The section on what each layer knows: probes, neighbors and other measures, epoch by epoch."""

from cutaway.api.analyses import LayerHistory
from cutaway.page import Section, Table

from .rows import measures_row, percent
from .source import ReportSource

FEW = 4
"""With fewer samples per unit than this, the section says that they are few."""

CLOSE = 0.99
"""A layer knows the classes from the epoch on in which its probe reaches this share of its accuracy in the kept one."""


def knowledge(source: ReportSource) -> Section | None:
    """Every layer at several epochs, one row each; None if there are no held-out samples."""
    history = source.layer_history
    if history is None:
        return None
    names = list(dict.fromkeys(record.layer for record in history.records))
    records = sorted(history.records, key=lambda record: (names.index(record.layer), record.epoch))
    return Table(
        name="knowledge",
        title="What each layer knows",
        lead=best_layer_lead(history),
        summary="All measures, by layer and epoch",
        rows=tuple(measures_row(record) for record in records),
        caption=_caption(source, history),
    )


def best_layer_lead(history: LayerHistory) -> str:
    """Which layer of the kept epoch knows the classes best, and since which epoch."""
    kept = history.measured_epoch()
    best = max(
        (r for r in history.records if r.epoch == kept and r.probe_accuracy is not None),
        key=lambda r: r.probe_accuracy or 0.0,
        default=None,
    )
    if best is None or best.probe_accuracy is None:
        return "There are too few samples to tell which layer knows the classes."
    start = f"After epoch {kept}, a" if len(history.epochs) > 1 else "A"
    lead = (
        f"{start} linear classifier (a probe) on the activations of {best.layer} is right for "
        f"{percent(best.probe_accuracy)} of the samples. No other layer reaches a higher accuracy."
    )
    of_layer = [r for r in history.records if r.layer == best.layer and r.epoch <= kept]
    if len(of_layer) == 1:
        return lead
    behind = [r.epoch for r in of_layer if (r.probe_accuracy or 0.0) < CLOSE * best.probe_accuracy]
    since = next(r.epoch for r in of_layer if not behind or r.epoch > behind[-1])
    if since == of_layer[0].epoch:
        return f"{lead} In epoch {since}, the first one measured, it was already within 1% of that."
    return f"{lead} Of the epochs measured, it has been within 1% of that since epoch {since}."


def _caption(source: ReportSource, history: LayerHistory) -> str:
    samples, widest = history.records[0].samples, max(history.records, key=lambda r: r.units)
    caption = (
        f"Measured on {samples:,} {source.kind} samples: the probe and the k-NN classifier are fitted on one half "
        "and tested on the other."
    )
    if samples / 2 < FEW * widest.units:
        caption += (
            f" That is few for the {widest.units:,} units of {widest.layer}, whose probe might be better with more."
        )
    return caption
