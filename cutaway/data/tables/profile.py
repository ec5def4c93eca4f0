"""What a column of a table holds, found in one pass over its chunks."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from cutaway.words import listed

from .arrow import compute
from .cells import (
    DATE_FORMATS,
    as_categories,
    as_dates,
    as_dates_or_null,
    as_numbers,
    as_text,
    is_number_text,
    is_text,
    trimmed,
)

if TYPE_CHECKING:
    import pyarrow as pa

MOST_DISTINCT = 20_000
"""Different values of a column that are counted; beyond, it is known that there are more."""

SAMPLED = 1000
"""Values of a chunk whose words are counted, or that are tried as dates first."""

LONGEST = 16
"""Characters of a value that a summary shows."""

Kind = Literal["number", "category", "date", "empty", "unsupported"]


@dataclass(frozen=True)
class ColumnProfile:
    """What a column holds.

    Attributes:
        name: Its name.
        kind: "number", "category" (text and booleans), "date", "empty" (nothing known), or "unsupported" (lists
            and the like).
        rows: Number of rows.
        missing: Rows in which the value is not known.
        low: Smallest number, or date in seconds since 1970; NaN without one, and perhaps infinite.
        high: Largest.
        whole: Whether all numbers are whole.
        counting: Whether the numbers are first, first + 1, ... from the first row to the last.
        values: How often each different value occurs, of a category; empty for other kinds, and beyond `MOST_DISTINCT`.
        distinct: Number of different values of a category; None beyond `MOST_DISTINCT`, and for other kinds.
        date_format: How the dates are written, one of `cells.DATE_FORMATS`; "" for typed dates and other kinds.
        month_first: How the dates are written if the month comes first, where no date tells; else "".
        other: Number of cells that are not numbers, or not dates, in a column of which most are; None otherwise.
        first_other: The first of them: its row from 0, and its text.
        words: Words of a value of a category, the mean of the first `SAMPLED` values of every chunk.
    """

    name: str
    kind: Kind
    rows: int
    missing: int
    low: float
    high: float
    whole: bool
    counting: bool
    values: Counter[str] = field(repr=False)
    distinct: int | None
    date_format: str
    month_first: str = ""
    other: int | None = None
    first_other: tuple[int, str] | None = None
    words: float = 1.0

    @property
    def summary(self) -> str:
        """Its range, or its most frequent values, in a few words."""
        if self.kind == "number":
            return f"{self.low:g} to {self.high:g}"
        if self.kind == "date":
            days = [str(np.datetime64(int(seconds), "s"))[:10] for seconds in (self.low, self.high)]
            return f"{days[0]} to {days[1]}"
        if self.kind != "category":
            return "-"
        if self.distinct is None:
            return f"more than {MOST_DISTINCT:,} different values"
        frequent = [name if len(name) <= LONGEST else f"{name[:LONGEST]}..." for name, _ in self.values.most_common(3)]
        return listed(frequent + [f"{self.distinct - 3:,} more"] * (self.distinct > 3))

    @property
    def known(self) -> int:
        """Rows in which the value is known."""
        return self.rows - self.missing


PADDED = r"^0\d"
"""A number that begins like this is a name: "01234", but not "0.5"."""

MOSTLY = 0.9
"""Share of numbers from which a column counts as numbers with errors in it rather than as text."""


class ColumnScan:
    """Collects the profile of one column, chunk by chunk.

    Args:
        name: Name of the column.
        decimal: The decimal mark of numbers in text.
    """

    def __init__(self, name: str, *, decimal: str = ".") -> None:
        self.name, self.decimal = name, decimal
        self.padded = False  # whether numbers are names: one has a leading zero
        self.text = False  # whether the cells are text whose meaning is to be found
        self.rows = self.missing = self.numbers = 0
        self.low, self.high = np.inf, -np.inf
        self.whole = self.counting = True
        self.values: Counter[str] | None = Counter()
        self.formats = list(DATE_FORMATS)
        self.first_other: tuple[int, str] | None = None
        self.other_dates: int | None = None  # cells that are no dates where nearly all are
        self.first_other_date: tuple[int, str] | None = None
        self.typed: Kind | None = None
        self.spaces = self.sampled = 0  # in the first values of every chunk, and how many these are

    def add(self, column: "pa.ChunkedArray") -> None:
        """Take in the next rows of the column."""
        self.text = self.text or is_text(column)
        self.typed = None if self.text else self.typed or _kind_of(column.type)
        if self.text or self.typed == "category":
            column = trimmed(as_text(column))
        elif self.typed == "number":
            column = as_numbers(column) or column
        elif self.typed == "date":
            column = as_dates(column, "")
        known = column.drop_null()
        if len(known) and (self.text or self.typed == "category"):
            self._add_text(known, column)
        elif len(known) and self.typed == "number":
            self._add_numbers(known, gaps=len(known) < len(column))
        elif len(known) and self.typed == "date":
            self._add_range(known.to_numpy())
        self.missing += len(column) - len(known)
        self.rows += len(column)

    def profile(self) -> ColumnProfile:
        """The profile of everything taken in."""
        known = self.rows - self.missing
        kind: Kind = self.typed or "category"
        number = self.text and not self.padded and self.numbers >= MOSTLY * known
        if not known and kind != "unsupported":
            kind = "empty"
        elif number:
            kind = "number"
        elif kind == "category" and self.formats:
            kind = "date"
        values = self.values if self.values is not None and kind == "category" else Counter[str]()
        return ColumnProfile(
            name=self.name,
            kind=kind,
            rows=self.rows,
            missing=self.missing,
            low=self.low if self.low <= self.high else np.nan,
            high=self.high if self.low <= self.high else np.nan,
            whole=self.whole,
            counting=self.counting and kind == "number" and not self.missing,
            values=values,
            distinct=len(self.values) if self.values is not None and kind == "category" else None,
            date_format=self.formats[0] if kind == "date" and self.typed != "date" else "",
            month_first=self._month_first() if kind == "date" else "",
            other=known - self.numbers if number and self.numbers < known else self.other_dates if not number else None,
            first_other=self.first_other if number else self.first_other_date if self.other_dates else None,
            words=1 + self.spaces / max(self.sampled, 1),
        )

    def _add_text(self, known: "pa.ChunkedArray", column: "pa.ChunkedArray") -> None:
        import pyarrow as pa

        pc = compute()
        # a number with a leading zero, such as a postal code, is a name
        self.padded = self.padded or bool(pc.any(pc.match_substring_regex(known, PADDED)).as_py())
        seen_only_text = self.padded or (self.rows > self.missing and self.numbers == 0)
        numbers = None if seen_only_text or not self.text else as_numbers(known, self.decimal)
        if numbers is not None:
            self._add_numbers(numbers, gaps=len(known) < len(column))
        elif self.text and not seen_only_text:
            fits = pc.fill_null(is_number_text(column, self.decimal), True)
            numeric = known.filter(is_number_text(known, self.decimal))
            if (found := as_numbers(numeric, self.decimal)) is not None and len(found):
                self._add_numbers(found, gaps=True)
            if self.first_other is None:
                row = pc.index(fits, pa.scalar(False)).as_py()
                self.first_other = (self.rows + row, column[row].as_py())
        if self.formats:
            self._note_other_dates(known, column)
            fitting = known.slice(0, SAMPLED) if numbers is None else known.slice(0, 0)
            self.formats = [f for f in self.formats if len(fitting) and as_dates(fitting, f).null_count == 0]
            self.formats = [f for f in self.formats if as_dates(known, f).null_count == 0]
            for name in self.formats[:1]:
                self._add_range(as_dates(known, name).to_numpy())
        if self.text and numbers is None:
            some = known.slice(0, SAMPLED)
            self.spaces += pc.sum(pc.count_substring_regex(some, r"\s+")).as_py()
            self.sampled += len(some)
        if self.values is not None and not (self.text and numbers is not None):
            counts = pc.value_counts(as_categories(known).combine_chunks())
            self.values.update(dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True)))
            self.values = None if len(self.values) > MOST_DISTINCT else self.values

    def _month_first(self) -> str:
        month = self.formats[0].replace("%d/%m", "%m/%d")
        return month if month != self.formats[0] and month in self.formats else ""

    def _note_other_dates(self, known: "pa.ChunkedArray", column: "pa.ChunkedArray") -> None:
        """Note cells that are no dates in a chunk in which nearly all others are."""
        pc = compute()
        if not re.search(r"\d[-./]\d", known[0].as_py()):
            return
        for name in self.formats:
            fits = pc.is_valid(as_dates_or_null(column, name))
            others = pc.and_(pc.is_valid(column), pc.invert(fits))
            count = pc.sum(others).as_py() or 0
            if 0 < count <= (1 - MOSTLY) * len(known):
                row = pc.index(others, True).as_py()
                self.other_dates, self.first_other_date = count, (self.rows + row, column[row].as_py())
                return

    def _add_range(self, values: np.ndarray) -> None:
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))

    def _add_numbers(self, numbers: "pa.ChunkedArray", *, gaps: bool) -> None:
        values = numbers.to_numpy()
        self._add_range(values)
        self.whole = self.whole and bool((values == np.floor(values)).all())
        start = self.low + self.rows if self.rows else float(values[0])
        self.counting = self.counting and not gaps and bool((values == start + np.arange(len(values))).all())
        self.numbers += len(values)


def _kind_of(kind: "pa.DataType") -> Kind:
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return _kind_of(kind.value_type)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_date(kind) or types.is_timestamp(kind):
        return "date"
    if types.is_null(kind):
        return "empty"
    text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) or types.is_boolean(kind)
    return "category" if text else "unsupported"
