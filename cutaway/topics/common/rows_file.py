# pyright: basic
# pyarrow has no types
"""Rows in a file, such as predictions: CSV, Parquet or JSON lines, written in chunks, renamed once it is complete."""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cutaway.data import Dialect, count_decisions, csv_line, csv_row, find_dialect, is_table_path, quoted_cell
from cutaway.errors import CutawayError, UsageError
from cutaway.log import survive
from cutaway.runs import check_output, output_file

ENDINGS = (".csv", ".jsonl", ".parquet")


class Rows(Protocol):
    """Some rows of a table."""

    def __len__(self) -> int:
        """The number of rows."""
        ...

    def columns(self) -> dict[str, Any]:
        """Lists of text and arrays of numbers ``(row,)`` by name; entries of a masked array may be missing."""
        ...

    def records(self) -> Iterator[dict[str, Any]]:
        """A JSON-able record for each row."""
        ...


COMMAS = Dialect()
"""How rows are written as text where nothing else is said."""


def dialect_like(file: str) -> Dialect:
    """How a table in a text file is written; `COMMAS` for any other file."""
    with suppress(CutawayError, OSError):  # a binary file, a folder, none: whoever reads it says what is wrong
        if is_table_path(Path(file)):
            return find_dialect(Path(file), header=True)
    return COMMAS


def write_rows(parts: Iterable[Rows], path: Path, *, what: str = "predictions", dialect: Dialect = COMMAS) -> int:
    """Write rows to a file, in the format of its ending.

    Args:
        parts: The rows, chunk by chunk, at least one.
        path: A file that ends in one of `ENDINGS`. It appears when it is complete; an existing one is replaced.
        what: What the rows are, for the message of an error.
        dialect: The delimiter and the decimal mark of CSV.

    Returns:
        The number of rows.

    Raises:
        UsageError: See `check_rows_file`; or the disk refuses.
    """
    check_rows_file(path, what=what)
    with output_file(path) as target:
        if path.suffix.lower() == ".parquet":
            return _write_parquet(parts, target)
        with open(target, "w", encoding="utf-8", newline="") as file:
            count = 0
            for text, rows in texts(parts, lines=path.suffix.lower() == ".jsonl", dialect=dialect):
                file.write(text)
                count += rows
            return count


def texts(parts: Iterable[Rows], *, lines: bool, dialect: Dialect = COMMAS) -> Iterator[tuple[str, int]]:
    """Rows as CSV, or as JSON lines.

    Args:
        parts: The rows, chunk by chunk, at least one.
        lines: One JSON object a line, instead of CSV with the names of the columns in line 1.
        dialect: The delimiter and the decimal mark of CSV.

    Yields:
        The text of a chunk, and its number of rows.
    """
    for number, part in enumerate(parts):
        if lines:
            written = [json.dumps(record, ensure_ascii=False) + "\n" for record in part.records()]
        else:
            columns = part.columns()
            written = [] if number else [csv_row(columns, dialect.delimiter)]
            cells = (_cells(values, dialect.decimal) for values in columns.values())
            written += (csv_line(row, dialect.delimiter) for row in zip(*cells, strict=True))
        yield "".join(written), len(part)


def _write_parquet(parts: Iterable[Rows], path: Path) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    count = 0
    with ExitStack() as stack:
        writer = None
        for part in parts:
            columns = part.columns()
            schema = pa.schema([(name, _arrow_type(values)) for name, values in columns.items()])
            if writer is None:
                writer = stack.enter_context(parquet.ParquetWriter(path, schema))
            arrays = [
                pa.array(values.data, mask=np.ma.getmaskarray(values)) if np.ma.isMaskedArray(values) else values
                for values in columns.values()
            ]
            writer.write_table(pa.table(arrays, schema=schema))
            count += len(part)
    return count


def _arrow_type(values: Any) -> Any:
    import pyarrow as pa

    return pa.from_numpy_dtype(values.dtype) if isinstance(values, np.ndarray) else pa.string()


def _cells(values: Any, decimal: str) -> list[str]:
    """A column as text: no spreadsheet runs a cell of it, and `read_decisions` reads it as it is."""
    if not isinstance(values, np.ndarray):
        return [quoted_cell(value) for value in values]
    return [_number(value).replace(".", decimal) for value in values.tolist()]


def _number(value: bool | int | float | None) -> str:
    """A number with six digits, a whole one with all; nothing for a missing one."""
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value).lower()


def check_rows_file(path: Path, *, what: str = "predictions") -> None:
    """Refuse a file that no rows can be written to, or that has a person's decisions on labels.

    Args:
        path: The file.
        what: What the rows are, for the message of an error.

    Raises:
        UsageError: The ending is none of `ENDINGS`, the file cannot be written, or it holds decisions.
    """
    check_output(path, ENDINGS)
    if _holds_decisions(path):
        raise UsageError(
            f"{path} is not overwritten: it has decisions on labels", hint=f"write to another file, such as {what}.csv"
        )


def _holds_decisions(path: Path) -> bool:
    """Whether a file has a person's decisions; other and unreadable files have none."""
    with survive(__name__, f"looking for decisions in {path}", CutawayError, OSError):
        return bool(count_decisions(path))
    return False
