"""The sections of the report, in order."""

from collections.abc import Callable

from cutaway.page import Section
from cutaway.topics.classes.section import classes
from cutaway.topics.common.source import ReportSource
from cutaway.topics.comparison.section import comparison
from cutaway.topics.confidence.section import confidence
from cutaway.topics.errors.section import errors
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

MISTAKES = (
    errors,
    mistakes,
    classes,
)

VIEWS: dict[str, tuple[Callable[[ReportSource], Section | None], ...]] = {
    "overview": (verdict, explore),
    "comparison": (comparison,),
    "findings": (findings,),
    "mistakes": MISTAKES,
    "confidence": (confidence,),
    "samples": (hardest, influence),
    "labels": (label_issues,),
    "columns": (columns,),
    "layers": (layers,),
    "training": (learning, augmented, short_trainings),
    "settings": (settings,),
}
"""The sections of each view. Each returns None for a run that has nothing to show there. A new section is one function
and one name in a view."""

OF_NUMBERS = ("verdict", "explore", "errors", "mistakes", "columns", "learning", "settings")
"""The sections of a run that predicts numbers."""

SECTIONS = tuple(section for sections in VIEWS.values() for section in sections)
