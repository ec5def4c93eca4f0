"""The section on training samples: which were the hardest to learn."""

from typing import TYPE_CHECKING

from cutaway.metrics import NEVER
from cutaway.page import Card, Cards, Section
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
    predictions = "computed" if is_fit else "recorded"  # a Recorder records none of training samples
    found = sample_dynamics(context, split="train", predictions=predictions, on_progress=source.on_progress)
    never = int(found.measures.never_learned.sum())
    lead = (
        f"Of {len(found):,} training samples, by their predictions in {len(found.epochs)} epochs: "
        f"{found.difficulties(2)}; {never:,} "
        "were never predicted as labeled. Below are those with the smallest area under the margin: wrong labels are "
        "often among them, and so are unusual samples."
    )
    return Cards(
        name="hardest", title="Hardest training samples", lead=lead, cards=_hard_cards(source, found), size="small"
    )


def _hard_cards(source: ReportSource, found: "SampleDynamics") -> tuple[Card, ...]:
    worst = found.hardest(HARDEST)
    m, names = worst.measures, worst.class_names
    cards: list[Card] = []
    for i, (title, pictures, values) in enumerate(shown_samples(source.context, worst.ids)):
        epoch = int(m.first_learned[i])
        learned = "never learned" if epoch == NEVER else f"first learned in epoch {epoch}"
        text = (learned, f"area under the margin {m.area_under_margin[i]:.2f}")
        subtitle = f"labeled {names[int(worst.labels[i])]}, predicted {names[int(m.predicted[i])]}"
        cards.append(Card(title=title, pictures=pictures, values=values, subtitle=subtitle, text=text))
    return tuple(cards)
