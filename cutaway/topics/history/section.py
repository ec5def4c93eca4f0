"""The learning curves of the report."""

from cutaway.errors import ConfigError
from cutaway.image_shape import smaller
from cutaway.page import Card, Cards, Image, Section
from cutaway.topics.common.sections import result_section
from cutaway.topics.common.source import ReportSource

from .changed_images import changed_images
from .result import History

SHOWN_IMAGES, SHOWN_EPOCHS = 6, 5
"""Maximum number of training images to show as the model saw them, and of first epochs to show them for."""

IMAGE_SIDE = 84
"""Pixels of a side of these images, about: smaller images are enlarged, and of larger ones some pixels are left out."""


def learning(source: ReportSource) -> Section | None:
    """Loss and accuracy by epoch; None for a model that was not trained here."""
    from cutaway.plots import learning_panels

    history = History(source.rows)
    if not history.rows:
        return None
    changed = ", and of images that were changed at random" if source.context.manifest.config.get("augment") else ""
    return result_section(
        "learning",
        "Learning curves",
        history,
        lead=_early_end(source),
        panels=learning_panels(history.rows, turned=history.turned, kept=_kept_epoch(source)),
        tables=(),  # an epoch is a point
        figure=f"Training values are averages over the epoch, while the weights changed and any dropout was active"
        f"{changed}; validation values are of the weights after the epoch, on samples that the model was not trained "
        f"on.{_smoothed(source)}",
    )


def augmented(source: ReportSource) -> Section | None:
    """Some training images as the model saw them in its first epochs; None as in `changed_images`."""
    from cutaway.plots import image_png

    name, title = "augmented", "Images as the model saw them"
    epochs = [row["epoch"] for row in source.rows[:SHOWN_EPOCHS]]
    try:
        changed = changed_images(source.context, images=SHOWN_IMAGES, epochs=epochs)
    except ConfigError as error:
        how = source.context.manifest.config["augment"]
        lead = f"Training images were changed at random: {how}. They cannot be shown: {error}."
        return Cards(name=name, title=title, lead=lead, cards=())
    if changed is None:
        return None
    side = max(source.context.data.shape[:2])
    scale = max(1, IMAGE_SIDE // side)
    shown = {when: smaller(images, 2 * IMAGE_SIDE) for when, images in changed.shown.items()}
    cards = [
        Card(
            title=sample,
            images=tuple(
                Image(image_png(images[i], scale=scale), f"{sample}, {when}", caption=when)
                for when, images in shown.items()
            ),
        )
        for i, sample in enumerate(changed.names)
    ]
    return Cards(
        name=name,
        title=title,
        lead=f"Training images were changed at random, differently in every epoch: {changed.how}. Validation and test "
        "samples were not.",
        cards=tuple(cards),
    )


def _smoothed(source: ReportSource) -> str:
    """Why losses here are larger than cross-entropies elsewhere; empty if they are the same."""
    smoothing = source.context.manifest.config.get("label_smoothing")
    if not smoothing:
        return ""
    return f" Losses are with label smoothing {smoothing:g}, and so larger than the cross-entropies of other sections."


def _kept_epoch(source: ReportSource) -> int | None:
    """The epoch whose weights are kept; None where the history does not have it."""
    kept = source.context.row()
    return None if kept is None else int(kept["epoch"])


def _early_end(source: ReportSource) -> str:
    """Whether early stopping ended the training, in a sentence; "" if it did not."""
    config, rows = source.context.manifest.config, source.rows
    epochs = config.get("epochs")
    ended_early = config.get("patience") is not None and isinstance(epochs, int) and len(rows) < epochs
    is_finished = source.context.manifest.status == "finished"
    return f"Early stopping ended the training after epoch {rows[-1]['epoch']}." if is_finished and ended_early else ""
