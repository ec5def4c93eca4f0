"""The sections of the report, in order."""

from collections.abc import Callable

from cutaway.page import Section

from .classes import classes
from .figures import confusions, embedding, learning
from .knowledge import knowledge
from .mistakes import mistakes
from .overview import findings, layers, settings
from .source import ReportSource
from .units import units

SECTIONS: tuple[Callable[[ReportSource], Section | None], ...] = (
    findings,
    learning,
    confusions,
    classes,
    layers,
    knowledge,
    units,
    mistakes,
    embedding,
    settings,
)
"""Each returns None for a run that has nothing to show there. A new section is one function and one line here."""
