"""The section on influence: which training samples led to the mistakes."""

from collections.abc import Sequence

from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.metrics import worst_mistakes
from cutaway.page import Card, Cards, Section
from cutaway.topics.common.sample_rows import SMALL, sample_rows
from cutaway.topics.common.sections import shown_samples
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
    # none where the model is so sure that no training sample has a gradient
    known = [i for i, mistake in enumerate(found) if mistake.supporting]
    supporting = [context.samples([each.sample for each in found[i].supporting]) for i in known]
    mistakes = ids.take(known)
    labels = [context.class_names[int(worst.label[i])] for i in known]
    tables = sample_rows(context, mistakes, {"Label": labels}, label="Label", columns=SMALL, nearest=supporting)
    cards = tuple(
        _influence_card(
            context,
            found[i],
            labels[k],
            () if tables is not None else (mistakes.take([k]), supporting[k]),
            () if tables is None else tables.with_nearest(k),
        )
        for k, i in enumerate(known)
    )
    if not cards:
        return None
    lead = (
        f"For {len(cards)} of the most confident mistakes, first the sample, then the training samples that raised the "
        "probability of this wrong answer most while the model learned. A wrong label among them may be the cause."
    )
    return Cards(
        name="influence",
        title="What led to the mistakes",
        lead=lead,
        caption=" ".join(found[0].notes()),
        cards=cards,
        size="medium" if tables is None else "large",
    )


def _influence_card(
    context: RunContext,
    found: Influences,
    label: str,
    shown: Sequence[SampleIds],
    rows: tuple[tuple[str, ...], ...],
) -> Card:
    """A mistake and the training samples that support it.

    Args:
        context: The run.
        found: Who they are.
        label: Name of the class of the mistake.
        shown: The mistake, and the training samples; empty if they are rows of a table.
        rows: Both as a small table; empty if they are not.
    """
    samples = [each for ids in shown for each in shown_samples(context, ids)]
    images = tuple(image for _, each, _ in samples for image in each)
    by_label: dict[str, list[str]] = {}
    for each in found.supporting:
        by_label.setdefault(each.label, []).append(each.sample)
    text = () if rows else tuple(f"labeled {name}: {', '.join(each)}" for name, each in by_label.items())
    return Card(
        title=found.sample,
        images=images,
        values="" if rows or images else samples[0][2],
        rows=rows,
        subtitle=f"{label} → {found.target}",
        text=text,
    )
