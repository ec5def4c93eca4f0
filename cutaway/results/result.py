"""What a topic answers: a record that is shown everywhere from one declaration of its columns and panels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cutaway.errors import UsageError, printable

from .notebook import NotebookDisplay, declared_html, notes_html
from .plain import plain
from .table import Table

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure, Panel


class Result(NotebookDisplay):
    """An answer. A topic declares `line`, `table`, and if it has more `tables` and `panels`; the rest follows."""

    __slots__ = ()

    def line(self) -> str:
        """A one-line summary."""
        raise NotImplementedError

    def table(self) -> Table:
        """The table of `to_pandas`."""
        raise NotImplementedError

    def tables(self) -> tuple[Table, ...]:
        """The tables shown in a terminal, the most important first."""
        return (self.table(),)

    def notes(self) -> tuple[str, ...]:
        """Sentences that people read below all tables; the `note` of a record if it has one."""
        note = getattr(self, "note", "")
        return (f"Note: {note}.",) if note else ()

    def panels(self) -> "Sequence[Panel]":
        """The figure, side by side; none for a result that has no figure."""
        return ()

    def to_json(self) -> Any:
        """What ``--json`` answers."""
        return {"rows": self.table().records()}

    def _plain(self, *names: str) -> dict[str, Any]:
        """Some of its attributes, JSON-able."""
        return {name: plain(getattr(self, name)) for name in names}

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame; the page on results in the documentation says what each column means."""
        return self.table().to_pandas()

    def plot(self) -> "Figure":
        """Draw it as a matplotlib Figure.

        Raises:
            UsageError: This result has no figure.
        """
        from cutaway.plots import panels

        return panels(self._drawn())

    def __repr__(self) -> str:
        return printable(f"<{self.line()}>")

    def _drawn(self) -> "Sequence[Panel]":
        if not (drawn := self.panels()):
            raise UsageError(f"{type(self).__name__} has no plot", hint="use its to_pandas()")
        return drawn

    def _shown_table(self) -> str:
        return "".join(declared_html(each) for each in self.tables()) + notes_html(self.notes())


@dataclass(frozen=True, eq=False)
class Answer:
    """What a command answers about a run where its options decide what is shown, in two forms, each made on demand.

    Attributes:
        to_json: Makes what ``--json`` answers in addition to the path of the run.
        tables: Makes the tables that people read.
        sentences: What people read below all tables, in addition to the sentences of each table.
    """

    to_json: Callable[[], dict[str, Any]]
    tables: Callable[[], tuple[Table, ...]]
    sentences: tuple[str, ...] = ()

    def notes(self) -> tuple[str, ...]:
        """Sentences that people read below all tables."""
        return self.sentences
