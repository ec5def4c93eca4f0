"""The sections of the report, in order."""

from collections.abc import Callable

from cutaway.page import Section

from .classes import classes
from .comparison import comparison
from .confidence import confidence
from .explorer import explore
from .figures import confusions, learning
from .knowledge import knowledge
from .overview import findings, layers, settings
from .samples import hardest, influence, mistakes, suspects
from .source import ReportSource

SECTIONS: tuple[Callable[[ReportSource], Section | None], ...] = (
    explore,
    comparison,
    findings,
    learning,
    confusions,
    classes,
    confidence,
    layers,
    knowledge,
    mistakes,
    suspects,
    influence,
    hardest,
    settings,
)
"""Each returns None for a run that has nothing to show there. A new section is one function and one line here."""
