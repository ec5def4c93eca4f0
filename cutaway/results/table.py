"""A table that is declared once: what each column is called, how it is written, and what it means.

From its columns come `to_pandas()`, the JSON of ``--json``, the table in a terminal, in a notebook and on a page, and
the reference page of the documentation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .plain import plain
from .units import Unit

if TYPE_CHECKING:
    import pandas


POINTS = 200
"""Rows of a curve in JSON at most."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        names: Names of its values in `to_pandas()` and in JSON, several where one text shows several values.
        heading: For people.
        unit: How it is written.
        meaning: One sentence: a tooltip, and the entry on the reference page.
        explained: Whether a terminal, which has no tooltips, says below the table what it means.
    """

    names: tuple[str, ...]
    heading: str
    unit: Unit
    meaning: str
    explained: bool = False


def column(names: str, heading: str, unit: Unit, meaning: str, *, explained: bool = False) -> Column:
    """A `Column`, whose names are written with blanks between them."""
    return Column(tuple(names.split()), heading, unit, meaning, explained)


def heading_of(columns: Sequence[Column], name: str) -> str:
    """What people read above the column of a name; the name itself where there is no such column."""
    return next((each.heading for each in columns if name in each.names), name)


@dataclass(frozen=True, eq=False)
class Table:
    """Values with their columns.

    Attributes:
        columns: What is shown, from left to right.
        values: By name, a value for each row; names are in the order that programs see.
        title: What it shows; may be empty.
        notes: Sentences below it.
        turned: Whether people see a row for each column, and a column for each row, with the first text as heading.
    """

    columns: tuple[Column, ...]
    values: Mapping[str, Sequence[Any] | np.ndarray]
    title: str = ""
    notes: tuple[str, ...] = ()
    turned: bool = False

    @classmethod
    def of(
        cls,
        columns: tuple[Column, ...],
        rows: Sequence[Mapping[str, Any]],
        *,
        title: str = "",
        notes: tuple[str, ...] = (),
        turned: bool = False,
    ) -> "Table":
        """A table of rows, in each of which values are found by name; None stands for what a row does not have."""
        names = [name for each in columns for name in each.names]
        return cls(columns, {name: [row.get(name) for row in rows] for name in names}, title, notes, turned)

    def __len__(self) -> int:
        return len(self.values[self.columns[0].names[0]])

    def only(self, *headings: str) -> "Table":
        """The same with some columns only, in this order."""
        by_heading = {each.heading: each for each in self.columns}
        return replace(self, columns=tuple(by_heading[heading] for heading in headings))

    def without(self, *headings: str) -> "Table":
        """The same without some columns."""
        return replace(self, columns=tuple(each for each in self.columns if each.heading not in headings))

    def take(self, rows: Iterable[int]) -> "Table":
        """The same with some rows only, in this order."""
        places, values = list(rows), dict[str, Any]()
        for name, column in self.values.items():
            is_array = isinstance(column, np.ndarray)
            values[name] = cast(Any, column)[places] if is_array else [column[row] for row in places]
        return replace(self, values=values)

    def texts(self) -> list[dict[str, str]]:
        """What people read: for each row a text by heading."""
        rows = [
            {each.heading: each.unit.text(*(self._value(name, row) for name in each.names)) for each in self.columns}
            for row in range(len(self))
        ]
        if not self.turned:
            return rows
        first, *others = (each.heading for each in self.columns)
        return [{first: heading, **{row[first]: row[heading] for row in rows}} for heading in others]

    def meanings(self) -> dict[str, str]:
        """What each column means, by heading."""
        return {each.heading: each.meaning for each in self.columns}

    def names(self) -> list[str]:
        """The names of the values that are shown."""
        shown = {name for each in self.columns for name in each.names}
        return [name for name in self.values if name in shown]

    def _value(self, name: str, row: int) -> Any:
        value = self.values[name][row]
        return None if value is np.ma.masked else value

    def to_pandas(self) -> "pandas.DataFrame":
        """The values as a pandas DataFrame."""
        import pandas

        # of no rows, a column has no type of its own
        return pandas.DataFrame({name: self.values[name] for name in self.names()}, dtype=None if len(self) else object)

    def records(self, most: int | None = None) -> list[dict[str, Any]]:
        """The values as JSON-able rows.

        Args:
            most: How many rows at most, evenly spaced with both ends; all of them if None.
        """
        names = self.names()
        rows = range(len(self)) if most is None else evenly_spaced(range(len(self)), most)
        return [{name: plain(self.values[name][row]) for name in names} for row in rows]


def evenly_spaced(items: Sequence[Any], most: int) -> list[Any]:
    """At most N of the items, evenly spaced, the first and the last among them."""
    total = len(items)
    return list(items) if total <= most else [items[round(i * (total - 1) / (most - 1))] for i in range(most)]
