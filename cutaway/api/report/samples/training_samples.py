"""Sections on training samples: which were the hardest to learn, and which led to the mistakes."""

from typing import TYPE_CHECKING

import numpy as np

from cutaway.api.report.rows import percent
from cutaway.api.report.source import ReportSource
from cutaway.data import SampleIds
from cutaway.metrics import DIFFICULTIES, NEVER, worst_mistakes
from cutaway.page import Card, Cards, Section

from .wrong_samples import shown_samples

if TYPE_CHECKING:
    from cutaway.api.analyses import Influences, SampleDynamics

HARDEST = 12
"""Training samples that are shown as the hardest."""

EXPLAINED = 8
"""Mistakes whose training samples are looked for: the influence on 100 answers takes 2.4 s on MNIST, on 1 1.7 s."""

COMPUTED = 2_000_000
"""Predictions that are computed at most to find the hardest samples of a user's own fit."""

SUPPORTING = 5
"""Training samples on the card of a mistake."""


def hardest(source: ReportSource) -> Section | None:
    """The training samples that were hardest to learn.

    None where they are not known, or no predictions of them were recorded; those of a user's own fit are computed.
    """
    from cutaway.api.analyses import sample_dynamics

    context = source.context
    is_fit, epochs = context.manifest.origin != "training", len(context.folder.epochs) - 1
    if not context.knows_training_samples or (not is_fit and len(context.folder.predicted_epochs) < 2):
        return None
    if is_fit and (not context.opens or epochs < 2 or epochs * len(context.split.train) > COMPUTED):
        return None
    predictions = "computed" if is_fit else "recorded"  # a Recorder records none of training samples
    found = sample_dynamics(context, split="train", predictions=predictions, on_progress=source.on_progress)
    counts = np.bincount(found.measures.difficulty, minlength=len(DIFFICULTIES)) / max(len(found), 1)
    shares = ", ".join(f"{percent(float(share))} {name}" for share, name in zip(counts, DIFFICULTIES, strict=True))
    never = int(found.measures.never_learned.sum())
    lead = (
        f"Of {len(found):,} training samples, by their predictions in {len(found.epochs)} epochs: {shares}; {never:,} "
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


def influence(source: ReportSource) -> Section | None:
    """The training samples that support the most confident mistakes; None without mistakes or snapshots."""
    from cutaway.api.analyses import Answers
    from cutaway.api.analyses import influence as influences

    context = source.context
    if not context.knows_training_samples or not context.opens or not len(source.ids):
        return None
    worst = worst_mistakes(source.predicted, source.labels)
    if not len(worst.position):
        return None
    ids = context.named(source.ids).take(worst.position[:EXPLAINED])
    answers = Answers.named(context, ids.names())
    found = influences(context, answers, SUPPORTING, on_progress=source.on_progress)
    cards = tuple(
        _influence_card(source, mistake, ids.take(slice(i, i + 1)), context.class_names[int(worst.label[i])])
        for i, mistake in enumerate(found)
        if mistake.supporting  # none where the model is so sure that no training sample has a gradient
    )
    if not cards:
        return None
    lead = (
        f"For {len(cards)} of the most confident mistakes, first the sample, then the training samples that have "
        "raised the probability of this wrong answer most (TracIn, over "
        f"{len(found[0].rates)} snapshots). A wrong label among them may be the cause."
    )
    return Cards(name="influence", title="What led to the mistakes", lead=lead, cards=cards, size="medium")


def _influence_card(source: ReportSource, found: "Influences", ids: SampleIds, label: str) -> Card:
    context = source.context
    supporting = context.samples([each.sample for each in found.supporting])
    shown = [*shown_samples(context, ids), *shown_samples(context, supporting)]
    pictures = tuple(picture for _, each, _ in shown for picture in each)
    values = "" if pictures else shown[0][2]
    by_label: dict[str, list[str]] = {}
    for each in found.supporting:
        by_label.setdefault(each.label, []).append(each.sample)
    text = tuple(f"labeled {name}: {', '.join(samples)}" for name, samples in by_label.items())
    return Card(title=shown[0][0], pictures=pictures, values=values, subtitle=f"{label} → {found.target}", text=text)
