"""A table that is declared once: what each column is called, how it is written, and what it means.

The fields of a dataclass are its columns, each declared by `value`. From them come `to_pandas()`, the JSON of
``--json``, the table in a terminal, in a notebook and on a page, and the reference page of the documentation.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from cutaway.words import evenly_spaced

from .plain import plain
from .units import Unit, interval

if TYPE_CHECKING:
    import pandas


POINTS = 200
"""Maximum number of rows of a curve in JSON."""

_COLUMNS, _NAMES = "columns", "names"
"""Keys of what `value` declares, in the metadata of a field."""


class Interval(NamedTuple):
    """A value with its 95% interval; of a column that is held as arrays, three arrays."""

    value: Any
    low: Any
    high: Any

    @classmethod
    def of(cls, share: Any) -> "Interval":
        """The interval of a record with these three, such as a `cutaway.metrics.Share`."""
        return cls(share.value, share.low, share.high)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        names: Names of its values in `to_pandas()` and in JSON, several where one text shows several values.
        heading: For people.
        unit: How it is written.
        meaning: One sentence: a tooltip, and the entry on the reference page.
        explained: Whether a terminal, which has no tooltips, says below the table what it means.
        shown: Whether people see it; otherwise it is for programs only.
    """

    names: tuple[str, ...]
    heading: str
    unit: Unit
    meaning: str
    explained: bool = False
    shown: bool = True


def value(
    heading: str,
    unit: Unit,
    meaning: str,
    *,
    names: tuple[str, ...] = (),
    limits: tuple[str, str] | None = None,
    digits: int = 1,
    explained: bool = False,
    shown: bool = True,
) -> Any:
    """A field of a dataclass that is a column of its tables.

    A field with several parts, such as an `Interval`, holds a tuple of them.

    Args:
        heading: See `Column`.
        unit: See `Column`.
        meaning: See `Column`.
        names: For programs, a name for each part; if empty, the name of the field, with "_low" and "_high" for the ends
            of an interval.
        limits: Heading and meaning of a column of its own for the ends of an `Interval`.
        digits: Digits of these ends.
        explained: See `Column`.
        shown: See `Column`; the ends have the same.
    """
    columns = [Column((), heading, unit, meaning, explained, shown)]
    if limits is not None:
        columns.append(Column((), limits[0], interval(digits), limits[1], shown=shown))
    return dataclasses.field(metadata={_COLUMNS: columns, _NAMES: names})


def columns_of(kind: type) -> tuple[Column, ...]:
    """The columns that a dataclass declares."""
    return tuple(column for _, _, columns in _fields(kind) for column in columns)


def _fields(kind: Any) -> Iterator[tuple[str, tuple[str, ...], list[Column]]]:
    """Each declared field: its name, the names of its parts, and its columns."""
    for each in dataclasses.fields(kind):
        if _COLUMNS not in each.metadata:
            continue
        declared, names = each.metadata[_COLUMNS], each.metadata[_NAMES]
        names = names or tuple(f"{each.name}{part}" for column in declared for part in column.unit.parts)
        limits = len(names) - 2 * (len(declared) - 1)  # the ends of an interval have a column of their own
        shown = [names[:limits], names[limits:]]
        columns = [replace(column, names=part) for column, part in zip(declared, shown, strict=False)]
        yield each.name, names, columns


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
        kind: Any,
        rows: Any,
        *,
        title: str = "",
        notes: tuple[str, ...] = (),
        turned: bool = False,
    ) -> "Table":
        """A table of records.

        Args:
            kind: The dataclass that declares the columns.
            rows: Records with these attributes, one for each row; or one record whose fields hold whole columns.
            title: See `Table`.
            notes: See `Table`.
            turned: See `Table`.
        """
        values, is_whole = dict[str, Any](), isinstance(rows, kind)
        for field, names, _ in _fields(kind):
            held = getattr(rows, field) if is_whole else [getattr(row, field) for row in rows]
            if len(names) == 1:
                values[names[0]] = held
            elif is_whole:
                values.update(zip(names, held, strict=True))
            else:
                parts = [each or (None,) * len(names) for each in held]
                values.update({name: [part[place] for part in parts] for place, name in enumerate(names)})
        return cls(columns_of(kind), values, title, notes, turned)

    def __len__(self) -> int:
        return len(self.values[self.columns[0].names[0]])

    def only(self, *headings: str) -> "Table":
        """The same with some columns only, in this order."""
        by_heading = {each.heading: each for each in self.columns}
        return replace(self, columns=tuple(by_heading[heading] for heading in headings))

    def without(self, *headings: str) -> "Table":
        """The same without some columns."""
        return replace(self, columns=tuple(each for each in self.columns if each.heading not in headings))

    def reworded(self, words: Mapping[str, Mapping[str, Any]]) -> "Table":
        """The same with some fields of some columns changed: the heading of each now -> field of `Column` -> value."""
        return replace(self, columns=tuple(replace(each, **words.get(each.heading, {})) for each in self.columns))

    def take(self, rows: Iterable[int]) -> "Table":
        """The same with some rows only, in this order."""
        places, values = list(rows), dict[str, Any]()
        for name, column in self.values.items():
            is_array = isinstance(column, np.ndarray)
            values[name] = cast(Any, column)[places] if is_array else [column[row] for row in places]
        return replace(self, values=values)

    def texts(self) -> list[dict[str, str]]:
        """What people read: for each row a text by heading."""
        shown = [each for each in self.columns if each.shown]
        rows = [
            {each.heading: each.unit.text(*(self._value(name, row) for name in each.names)) for each in shown}
            for row in range(len(self))
        ]
        if not self.turned:
            return rows
        first, *others = (each.heading for each in shown)
        return [{first: heading, **{row[first]: row[heading] for row in rows}} for heading in others]

    def meanings(self) -> dict[str, str]:
        """What each column that people see means, by heading."""
        return {each.heading: each.meaning for each in self.columns if each.shown}

    def names(self) -> list[str]:
        """The names of the values for programs."""
        known = {name for each in self.columns for name in each.names}
        return [name for name in self.values if name in known]

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
        shown = self if most is None else self.take(evenly_spaced(range(len(self)), most))
        values = {name: plain(shown.values[name]) for name in self.names()}
        return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
