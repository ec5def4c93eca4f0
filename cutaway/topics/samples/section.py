"""The section on training samples: which were the hardest to learn."""

from typing import TYPE_CHECKING

from cutaway.metrics import NEVER
from cutaway.page import Card, Cards, Section, Table
from cutaway.topics.common.sample_rows import sample_rows
from cutaway.topics.common.shown import shown_samples
from cutaway.topics.common.source import ReportSource

if TYPE_CHECKING:
    from .dynamics import SampleDynamics

HARDEST = 12
"""Training samples that are shown as the hardest."""

COMPUTED = 2_000_000
"""Predictions that are computed at most to find the hardest samples of a user's own fit."""


def hardest(source: ReportSource) -> Section | None:
    """The training samples that were hardest to learn.

    None where they are not known, or no predictions of them were recorded; those of a user's own fit are computed.
    """
    from .dynamics import sample_dynamics

    context = source.context
    is_fit, epochs = context.manifest.origin != "training", len(context.folder.epochs) - 1
    if not context.knows_training_samples or (not is_fit and len(context.folder.predicted_epochs) < 2):
        return None
    if is_fit and (not context.opens or epochs < 2 or epochs * len(context.split.train) > COMPUTED):
        return None
    augmented = bool(context.manifest.config.get("augment"))
    few = context.opens and epochs * len(context.split.train) <= COMPUTED
    # a Recorder records none of training samples, and those of an augmented training are of changed images
    predictions = "computed" if is_fit or (augmented and few) else "recorded"
    found = sample_dynamics(context, split="train", predictions=predictions, on_progress=source.on_progress)
    never = int(found.measures.never_learned.sum())
    lead = (
        f"Of {len(found):,} training samples, by their predictions in {len(found.epochs)} epochs: "
        f"{found.difficulties(2)}; {never:,} "
        "were never predicted as labeled. Below are those with the smallest area under the margin: the logarithm of "
        "the probability of the label less that of the best other class, in the mean of these epochs; below 0, another "
        "class was ahead. Wrong labels are often among them, and so are unusual samples."
    )
    if augmented and predictions == "recorded":
        lead += (
            " The predictions are those of images that were changed at random: what was forgotten may be one of these "
            "images, and not the sample."
        )
    title, worst = "Hardest training samples", found.hardest(HARDEST)
    said = _said(worst)
    if (shown := sample_rows(context, worst.ids, said, label="Label")) is not None:
        return Table(
            name="hardest",
            title=title,
            lead=lead,
            caption=shown.words,
            rows=shown.rows,
            marked=shown.marked,
            below=shown.nearest,
            sortable=True,
        )
    return Cards(name="hardest", title=title, lead=lead, cards=_hard_cards(source, worst, said), size="small")


def _said(worst: "SampleDynamics") -> dict[str, list[str]]:
    """What is said of each of the hardest samples, by heading."""
    m, names = worst.measures, worst.class_names
    learned = m.first_learned.tolist()
    return {
        "Label": [names[number] for number in worst.labels.tolist()],
        "Predicted": [names[number] for number in m.predicted.tolist()],
        "First learned": ["never" if epoch == NEVER else f"epoch {epoch}" for epoch in learned],
        "Area under the margin": [f"{area:.2f}" for area in m.area_under_margin.tolist()],
    }


def _hard_cards(source: ReportSource, worst: "SampleDynamics", said: dict[str, list[str]]) -> tuple[Card, ...]:
    cards: list[Card] = []
    for i, (title, images, values) in enumerate(shown_samples(source.context, worst.ids)):
        label, predicted, learned, area = (texts[i] for texts in said.values())
        text = (
            f"{learned} learned" if learned == "never" else f"first learned in {learned}",
            f"area under the margin {area}",
        )
        subtitle = f"labeled {label}, predicted {predicted}"
        cards.append(Card(title=title, images=images, values=values, subtitle=subtitle, text=text))
    return tuple(cards)
