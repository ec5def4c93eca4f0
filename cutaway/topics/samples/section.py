"""The section on training samples: which were the hardest to learn."""

from cutaway.page import Section
from cutaway.topics.common.sections import sample_section
from cutaway.topics.common.source import ReportSource

from .options import SamplesOptions

HARDEST = 12
"""Training samples that are shown as the hardest."""

COMPUTED = 2_000_000
"""Predictions that are computed at most to find the hardest samples of a user's own fit."""


def hardest(source: ReportSource) -> Section | None:
    """The training samples that were hardest to learn.

    None if they are not known, or no predictions of them were recorded; for a user's own fit they are computed.
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
    # a Recorder records none of training samples, and an augmented training predicts changed images
    predictions = "computed" if is_fit or (augmented and few) else "recorded"
    found = sample_dynamics(
        context, SamplesOptions(split="train", predictions=predictions), on_progress=source.on_progress
    )
    (table,) = found.tables(limit=HARDEST)
    return sample_section(
        context,
        "hardest",
        "Hardest training samples",
        found.hardest(HARDEST),
        table,
        lead=" ".join((f"{table.title}.", *table.notes)),
        subtitle="labeled {Label}, predicted {Predicted}",
    )
