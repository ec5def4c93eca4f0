"""Cells of a column as text, numbers or dates: how each is read, once, for finding types and for preparing."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cutaway.errors import DataError
from cutaway.words import shown

from .readers import compute, row_words

if TYPE_CHECKING:
    import pyarrow as pa

DATE_FORMATS = (
    "ISO 8601",
    "ISO 8601 with time zone",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d-%m-%Y",
)
"""How dates may be written, tried in this order: where no date tells the day from the month, the first wins."""

GROUPED = r"^[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?$"
ISO_DATE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)"

LARGEST = 1e30
"""Larger numbers are infinite in float32, or their squares are."""

MISSING = ("", "-", "--", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None", "none")
"""Cells of text, in a file or in a frame, that stand for a value that is not known."""

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def as_text(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """The cells as strings: booleans become "true" and "false", numbers their shortest form."""
    import pyarrow as pa

    column = _decoded(column)
    try:
        return column if pa.types.is_string(column.type) else column.cast(pa.string())
    except pa.ArrowException as error:  # lists, intervals, bytes that are no text, a time in no known zone
        raise DataError(
            f"cells of type {column.type} cannot be a label, group, category or identifier: {error}",
            hint="name a column with one value in each row",
        ) from None


def _decoded(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """The cells themselves, if they are kept as codes."""
    import pyarrow as pa

    kind: Any = column.type
    if not pa.types.is_dictionary(kind):
        return column
    # no view of strings can be taken from
    plain = pa.string() if pa.types.is_string_view(kind.value_type) else kind.value_type
    chunks: Any = column.chunks
    return pa.chunked_array([chunk.dictionary.cast(plain).take(chunk.indices) for chunk in chunks], plain)


def python_values(column: Any, rows: Sequence[int] | np.ndarray) -> list[Any]:
    """Some cells of a column of Arrow as Python has them; "?" if it has no such value, such as a date after 9999."""
    import pyarrow as pa

    try:
        return column.take(pa.array(rows, pa.int64())).to_pylist()
    # zones that pytz, of pandas 2, does not know are LookupErrors
    except (pa.ArrowException, ValueError, ArithmeticError, LookupError):  # views of bytes can be taken one by one
        return [_python_value(column[int(row)]) for row in rows]


def _python_value(cell: Any) -> Any:
    import pyarrow as pa

    try:
        return cell.as_py()
    except (pa.ArrowException, ValueError, ArithmeticError, LookupError):  # the reader shows that it is not known
        return "?"


def trimmed(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """The strings without white space at both ends; those of `MISSING` are null."""
    import pyarrow as pa

    pc = compute()
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(column, pa.array(MISSING)), pa.scalar(None, pa.string()), column)


def as_categories(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """The cells as the names of categories, which do not depend on the program that wrote them.

    pandas writes "True" where Arrow and JSON write "true" and R "TRUE", and "3.0" for a 3 in a column with gaps.
    """
    import pyarrow as pa

    text = trimmed(as_text(column))
    encoded: Any = pa.chunked_array(text.chunks, pa.string()).combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    names = [_name(value) for value in values]
    if names == values:
        return text
    return pa.chunked_array([pa.array(names, pa.string()).take(encoded.indices)])


def value_counts(column: "pa.ChunkedArray") -> dict[str, int]:
    """How often each different string occurs, in the order in which they appear."""
    counts = compute().value_counts(column.drop_null().combine_chunks())
    return dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True))


def _name(value: str) -> str:
    if value.lower() in ("true", "false"):
        return value.lower()
    whole = value.rstrip("0").removesuffix(".") if "." in value else value
    return whole if whole.removeprefix("-").isdecimal() and "." not in whole else value


def spellings(value: str) -> tuple[str, ...]:
    """The usual ways to write the name of a category, as `as_categories` names it: "true", "True" and "TRUE"."""
    if value in ("true", "false"):
        return (value, value.capitalize(), value.upper())
    return (value, f"{value}.0") if _name(f"{value}.0") == value else (value,)


def as_numbers(column: "pa.ChunkedArray", decimal: str = ".") -> "pa.ChunkedArray | None":
    """The cells as float64, NaN as null; None where one of them is neither a number nor missing."""
    import pyarrow as pa

    pc = compute()
    column = _decoded(column)
    if pa.types.is_string(column.type):
        column = _with_point(column, decimal)
    try:
        numbers = pc.cast(column, pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)


def is_number_text(column: "pa.ChunkedArray", decimal: str) -> "pa.ChunkedArray":
    """Which strings are numbers: bool (row,), null where the cell is missing."""
    pc = compute()
    return pc.match_substring_regex(_with_point(column, decimal), NUMBER)


def as_dates(column: "pa.ChunkedArray", date_format: str) -> "pa.ChunkedArray":
    """The cells as seconds since 1970 in UTC, float64; null where a cell is no date of this format.

    Args:
        column: Strings, or typed dates.
        date_format: One of `DATE_FORMATS` for strings; "" for typed dates.
    """
    import pyarrow as pa

    pc = compute()
    if date_format.startswith("ISO"):
        zone = "UTC" if "zone" in date_format else None
        try:
            times = pc.cast(column, pa.timestamp("us", zone))
        except pa.ArrowInvalid:
            return pa.chunked_array([pa.nulls(len(column), pa.float64())])
    elif date_format:
        times = _calendar_times(column, date_format, "us")
    else:
        times = column.cast(pa.timestamp("us"), safe=False)
    # beyond 2255 float64 has no microseconds: the end of 9999-12-31 is rounded to 32 of them
    return pc.divide(pc.cast(pc.cast(times, pa.int64()), pa.float64(), safe=False), 1e6)


def _calendar_times(column: "pa.ChunkedArray", date_format: str, unit: str) -> "pa.ChunkedArray":
    """The times of strings; null if one is no date, or its month has no such day, as 31.02.2023.

    ``strptime`` takes that for the 3rd of March: it counts on from the end of a month, to the 3rd at most.
    """
    import pyarrow as pa

    pc = compute()
    times = pc.strptime(column, format=date_format, unit=unit, error_is_null=True)
    early = pc.fill_null(pc.less_equal(pc.day(times), 3), False)
    if not pc.any(early).as_py():
        return times
    before, _, _ = date_format.partition("%d")
    pattern = "".join(rf"\d+{re.escape(between)}" for between in re.split("%[a-zA-Z]", before)[1:])
    written = pc.extract_regex(column, pattern=rf"^\s*{pattern}(?P<day>\d+)")
    late = pc.greater(pc.cast(pc.struct_field(written, [0]), pa.int64()), 3)
    return pc.if_else(pc.and_(early, pc.fill_null(late, False)), pa.scalar(None, times.type), times)


def date_seconds(cells: "list[Any]", date_format: str) -> np.ndarray:
    """Cells of a column of dates as seconds since 1970 in UTC, float64 (row,); NaN if there is none.

    Args:
        cells: Strings or dates, as rows have them; None for none.
        date_format: See `as_dates`.
    """
    import pyarrow as pa

    column = pa.chunked_array([pa.array(cells)])
    read = _dates(trimmed(as_text(column)) if is_text(column) else column, date_format)
    return np.full(len(cells), np.nan) if read is None else np.array(read.to_numpy())


def as_dates_or_null(column: "pa.ChunkedArray", date_format: str) -> "pa.ChunkedArray":
    """As `as_dates`, also for ISO 8601 cell by cell, which takes longer."""
    if not date_format.startswith("ISO") or len(column) > 100_000:
        return as_dates(column, date_format)
    import pyarrow as pa

    pc = compute()
    shaped = pc.match_substring_regex(column, ISO_DATE)
    days = _calendar_times(pc.utf8_slice_codeunits(column, 0, 10), "%Y-%m-%d", "s")
    seconds = pc.cast(pc.cast(days, pa.int64()), pa.float64())
    return pc.if_else(pc.fill_null(shaped, False), seconds, pa.scalar(None, pa.float64()))


def _with_point(column: "pa.ChunkedArray", decimal: str) -> "pa.ChunkedArray":
    """Numbers with a decimal comma, and perhaps with points between thousands, as they are written with a point."""
    pc = compute()
    if decimal == ".":
        return column
    pointed = column.filter(pc.fill_null(pc.match_substring(column, "."), False))
    # a point stands between thousands if it does so in every number that has one, and else before decimals
    if len(pointed) and pc.all(pc.match_substring_regex(pointed, GROUPED)).as_py():
        column = pc.replace_substring(column, ".", "")
    return pc.replace_substring(column, ",", ".")


Kind = Literal["number", "category", "date"]


def read_cells(
    chunk: "pa.Table",
    kinds: Mapping[str, Kind],
    *,
    formats: Mapping[str, str],
    decimal: str,
    first: int,
    where: str,
) -> "dict[str, pa.ChunkedArray]":
    """Read the columns of a chunk as what they are.

    Args:
        chunk: Some rows of a table.
        kinds: What each column that is wanted is read as.
        formats: How the dates of a column are written, for those in text.
        decimal: The decimal mark of numbers in text.
        first: Number of the chunk's first row in the table, from 0, for messages.
        where: The table, for messages.

    Returns:
        By column: float64 for numbers, float64 seconds since 1970 for dates, strings for categories; null where a value
        is not known.

    Raises:
        DataError: A cell is not of its column's kind; the message says in which row.
    """
    cells = {}
    for name, kind in kinds.items():
        column = chunk[name]
        text = is_text(column)
        if kind == "category":
            cells[name] = as_categories(column)
            continue
        column = trimmed(as_text(column)) if text else column
        wanted = formats.get(name, "")
        read = _numbers(column, decimal) if kind == "number" else _dates(column, wanted)
        if read is None or read.null_count > column.null_count + (0 if text else _nans(column)):
            raise _unreadable(column, name, kind, decimal=decimal, date_format=wanted, first=first, where=where)
        _check_finite(read, name, first=first, where=where)
        cells[name] = read
    return cells


def _check_finite(read: "pa.ChunkedArray", name: str, *, first: int, where: str) -> None:
    """Refuse infinity, and numbers whose squares are infinite."""
    values = read.to_numpy()
    large = np.abs(values) > LARGEST
    if large.any():
        row = int(large.argmax())
        raise DataError(
            f'{values[row]:g} as "{name}" in {row_words(first + row, where)} is not finite, within ±{LARGEST:g}',
            hint="fix the cell, leave it empty, or ignore the column",
        )


def _numbers(column: "pa.ChunkedArray", decimal: str) -> "pa.ChunkedArray | None":
    import pyarrow as pa

    if pa.types.is_temporal(column.type) or pa.types.is_nested(column.type):
        return None
    return as_numbers(column, decimal)


def _dates(column: "pa.ChunkedArray", date_format: str) -> "pa.ChunkedArray | None":
    import pyarrow as pa

    if is_text(column):
        return as_dates(column, date_format or DATE_FORMATS[0])
    column, types = _decoded(column), pa.types
    dates = types.is_date(column.type) or types.is_timestamp(column.type) or types.is_null(column.type)
    return as_dates(column, "") if dates else None


def is_text(column: "pa.ChunkedArray") -> bool:
    """Whether the cells are strings, also if they are kept as codes."""
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _nans(column: "pa.ChunkedArray") -> int:
    import pyarrow as pa

    pc = compute()
    return pc.sum(pc.is_nan(column)).as_py() or 0 if pa.types.is_floating(column.type) else 0


def _unreadable(
    column: "pa.ChunkedArray", name: str, kind: str, *, decimal: str, date_format: str, first: int, where: str
) -> DataError:
    what = "numbers" if kind == "number" else f"dates, as in {date_format or DATE_FORMATS[0]}"
    if not is_text(column):
        got = f"a column of type {column.type} in {where}"
    else:
        # dates of ISO 8601 and numbers are read all at once or not at all: the rows up to the wrong one can be read
        low, high = 0, len(column)
        while high - low > 1:
            middle = (low + high) // 2
            part = column.slice(0, middle)
            read = _numbers(part, decimal) if kind == "number" else _dates(part, date_format)
            low, high = (middle, high) if read is not None and read.null_count == part.null_count else (low, middle)
        got = f"{shown(column[low].as_py())} in {row_words(first + low, where)}"
    return DataError(f'"{name}" must hold {what}', got=got, hint="fix the cell, or leave it empty if it is not known")
