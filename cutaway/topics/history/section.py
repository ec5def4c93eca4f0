"""The learning curves of the report."""

from cutaway.page import Figure, Section
from cutaway.topics.common.source import ReportSource
from cutaway.topics.findings.section import findings_of, said_first

from .result import History

JUDGED = ("divergence", "stalled", "learning-rate-too-low", "learning-rate-too-high", "oscillation", "overfitting")
"""Kinds of findings that judge learning curves; the worst is the verdict. A rate that is too low is underfitting."""


def learning(source: ReportSource) -> Section | None:
    """Loss and accuracy by epoch; None for a model that was not trained here."""
    from cutaway.plots import learning_panels, panels_bokeh

    history = History(source.rows)
    if not history.rows:
        return None
    return Figure(
        name="learning",
        title="Learning curves",
        lead=_verdict(source),
        figure=panels_bokeh(learning_panels(history.rows, turned=history.turned, kept=_kept_epoch(source))),
        caption="Training values are averages over the epoch, while the weights changed and any dropout was active; "
        "validation values are of the weights after the epoch, on samples that the model was not trained on."
        + _smoothed(source),
    )


def _smoothed(source: ReportSource) -> str:
    """Why losses here are larger than cross-entropies elsewhere; empty where they are the same."""
    smoothing = source.context.manifest.config.get("label_smoothing")
    if not smoothing:
        return ""
    return f" Losses are with label smoothing {smoothing:g}, and so larger than the cross-entropies of other sections."


def _kept_epoch(source: ReportSource) -> int | None:
    """The epoch whose weights are kept; None where the history does not have it."""
    kept = source.context.row()
    return None if kept is None else int(kept["epoch"])


def _verdict(source: ReportSource) -> str:
    """What the findings say of the curves, in a sentence or two, and whether early stopping ended them."""
    found = next((each for each in findings_of(source) if each.kind in JUDGED), None)
    said = [] if found is None else [f"{found.title}.", said_first(source, found)]
    config, rows = source.context.manifest.config, source.rows
    epochs = config.get("epochs")
    ended_early = config.get("patience") is not None and isinstance(epochs, int) and len(rows) < epochs
    is_finished = source.context.manifest.status == "finished"
    if is_finished and ended_early:
        said.append(f"Early stopping ended the training after epoch {rows[-1]['epoch']}.")
    return " ".join(said)
