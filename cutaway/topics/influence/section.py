"""The section on influence: which training samples led to the mistakes."""

from cutaway.data import SampleIds, join_ids
from cutaway.metrics import worst_mistakes
from cutaway.page import Card, Cards, Section
from cutaway.topics.common.sample_rows import small_table
from cutaway.topics.common.shown import shown_samples
from cutaway.topics.common.source import ReportSource

from .result import Answers, Influences
from .result import influence as influences

EXPLAINED = 8
"""Mistakes whose training samples are looked for: the influence on 100 answers takes 2.4 s on MNIST, on 1 1.7 s."""

SUPPORTING = 5
"""Training samples on the card of a mistake."""


def influence(source: ReportSource) -> Section | None:
    """The training samples that support the most confident mistakes; None without mistakes or snapshots."""
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
        f"For {len(cards)} of the most confident mistakes, first the sample, then the training samples that raised the "
        "probability of this wrong answer most while the model learned. A wrong label among them may be the cause. "
        f"This is an estimate from the gradients in {len(found[0].rates)} snapshots (TracIn with the second moments of "
        f"the inputs). {found[0].reliability}"
    )
    return Cards(name="influence", title="What led to the mistakes", lead=lead, cards=cards, size="medium")


def _influence_card(source: ReportSource, found: Influences, ids: SampleIds, label: str) -> Card:
    context = source.context
    supporting = context.samples([each.sample for each in found.supporting])
    shown = [*shown_samples(context, ids), *shown_samples(context, supporting)]
    pictures = tuple(picture for _, each, _ in shown for picture in each)
    rows = () if pictures else small_table(context, join_ids([ids, supporting]))
    values = "" if pictures or rows else shown[0][2]
    by_label: dict[str, list[str]] = {}
    for each in found.supporting:
        by_label.setdefault(each.label, []).append(each.sample)
    text = tuple(f"labeled {name}: {', '.join(samples)}" for name, samples in by_label.items())
    subtitle = f"{label} → {found.target}"
    return Card(title=shown[0][0], pictures=pictures, values=values, rows=rows, subtitle=subtitle, text=text)
