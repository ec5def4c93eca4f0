"""The sections of the report, in order."""

from collections.abc import Callable

from cutaway.page import Section
from cutaway.topics.classes.section import classes
from cutaway.topics.common.source import ReportSource
from cutaway.topics.comparison.section import comparison
from cutaway.topics.confidence.section import confidence
from cutaway.topics.findings.section import findings, verdict
from cutaway.topics.history.section import augmented, learning
from cutaway.topics.history.short_trainings import short_trainings
from cutaway.topics.importance.section import columns
from cutaway.topics.influence.section import influence
from cutaway.topics.label_issues.section import label_issues
from cutaway.topics.layers.section import layers
from cutaway.topics.mistakes.section import mistakes
from cutaway.topics.samples.section import hardest

from .explorer import explore
from .settings import settings

SECTIONS: tuple[Callable[[ReportSource], Section | None], ...] = (
    verdict,
    comparison,
    explore,
    findings,
    mistakes,
    columns,
    classes,
    confidence,
    label_issues,
    layers,
    influence,
    hardest,
    learning,
    augmented,
    short_trainings,
    settings,
)
"""Each returns None for a run that has nothing to show there. A new section is one function and one line here."""
