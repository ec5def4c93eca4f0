"""The learning curves of the report."""

import numpy as np

from cutaway.page import Card, Cards, Figure, Picture, Section
from cutaway.topics.common.source import ReportSource
from cutaway.topics.findings.section import findings_of, said_first

from .result import History

JUDGED = ("divergence", "stalled", "learning-rate-too-low", "learning-rate-too-high", "oscillation", "overfitting")
"""Kinds of findings that judge learning curves; the worst is the verdict. A rate that is too low is underfitting."""


SHOWN_IMAGES, SHOWN_EPOCHS = 6, 5
"""Training images that are shown as the model saw them, and the first epochs of which, at most."""

PICTURE_SIDE = 84
"""Pixels of a side of these images, about: smaller images are enlarged, and of larger ones some pixels are left out."""


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
        caption="Training values are averages over the epoch, while the weights changed and any dropout was active"
        + (", and of images that were changed at random" if source.context.manifest.config.get("augment") else "")
        + "; validation values are of the weights after the epoch, on samples that the model was not trained on."
        + _smoothed(source),
    )


def augmented(source: ReportSource) -> Section | None:
    """Some training images as the model saw them in its first epochs; None where they were not changed.

    None, too, where a function of the user changed them that this process does not have.
    """
    from cutaway.plots import picture_png
    from cutaway.training import recorded_config

    context = source.context
    if not context.manifest.config.get("augment"):
        return None
    config, train = recorded_config(context.manifest.config), context.split.train
    augmentation = config.augmentation
    epochs = [row["epoch"] for row in source.rows[:SHOWN_EPOCHS]]
    if augmentation is None or not augmentation.is_known or not epochs:
        return None
    first = context.named(train.take(np.arange(min(SHOWN_IMAGES, len(train)))))
    numbers, images = np.arange(len(first)), context.data.rows(train)
    changed = {f"epoch {epoch}": augmentation.rows(images, seed=config.seed, epoch=epoch)[numbers] for epoch in epochs}
    side = max(context.data.shape[:2])
    scale, step = max(1, PICTURE_SIDE // side), -(-side // (2 * PICTURE_SIDE))
    shown = {name: context.data.shown(x) for name, x in {"as it is": images[numbers], **changed}.items()}
    cards = [
        Card(
            title=first[i],
            pictures=tuple(
                Picture(picture_png(pictures[i, ::step, ::step], scale=scale), f"{first[i]}, {name}", caption=name)
                for name, pictures in shown.items()
            ),
        )
        for i in range(len(first))
    ]
    return Cards(
        name="augmented",
        title="Images as the model saw them",
        lead=f"Training images were changed at random, differently in every epoch: {augmentation}. Validation and test "
        "samples were not.",
        cards=tuple(cards),
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
