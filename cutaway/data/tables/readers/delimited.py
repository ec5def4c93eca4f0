"""CSV, TSV and their kin: text, one line per row."""

import csv
import io
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.errors import DataError

from .dialect import Dialect, find_dialect, open_decompressed
from .reader import BLOCK, check_columns, check_width, row_words

if TYPE_CHECKING:
    import pyarrow as pa

FIRST_LINE = 1 << 22
"""Characters of line 1 in which columns are counted before anything else is read."""


@dataclass(frozen=True)
class DelimitedReader:
    """A text table.

    Attributes:
        where: The file.
        dialect: How it is written.
        columns: Names of the columns.
    """

    where: Path
    dialect: Dialect
    columns: tuple[str, ...]

    @property
    def form(self) -> str:
        """How it is written, in words."""
        kind = "TSV" if self.dialect.delimiter == "\t" else "CSV"
        return f"{kind}: {self.dialect}"

    @property
    def size(self) -> tuple[int, str]:
        """Megabytes of text; how many a compressed file holds is not known."""
        return (0, "rows") if self.dialect.compression else (-(-self.where.stat().st_size // 10**6), "MB")

    def chunks(self, columns: Sequence[str] | None = None) -> "Iterator[pa.Table]":
        """Read the file in chunks of 8 MiB; all cells are strings.

        Raises:
            DataError: A row has more or fewer cells than line 1, a quote is not closed, a byte is not of the encoding,
                or the file cannot be decompressed.
        """
        import pyarrow as pa

        bad: list[Any] = []
        wanted = list(self.columns if columns is None else columns)
        last, rows = None, 0
        try:
            for batch in _open(self.where, self.dialect, names=self.columns, wanted=wanted, bad=bad):
                last, rows = batch, rows + batch.num_rows
                yield pa.Table.from_batches([batch])
        except (pa.ArrowInvalid, OSError, UnicodeError) as error:
            raise self._unreadable(error, bad, rows) from None
        if last is not None and last.num_rows:
            self._check_last_quote(last, rows)

    def _check_last_quote(self, batch: "pa.RecordBatch", rows: int) -> None:
        """A quote that is never closed makes everything after it one cell, up to the end of the file."""
        cell = batch.column(batch.num_columns - 1)[-1].as_py() or ""
        if "\n" in cell and not self._ends_with_quote():
            raise DataError(
                "every quote in a text table is closed",
                got=f"{cell.count(chr(10)) + 1:,} lines as one cell that begins {cell[:20]!r} in "
                f"{row_words(rows - 1, self.where)}",
                hint="close the quote in that row, or write it twice if it is part of the text",
            )

    def _ends_with_quote(self) -> bool:
        tail = b""
        with open_decompressed(self.where, self.dialect.compression) as file:
            while block := file.read(BLOCK):
                tail = (tail + block)[-16:]
        return tail.replace(b"\0", b"").rstrip().endswith(b'"')

    def _unreadable(self, error: Exception, bad: list[Any], rows: int) -> DataError:
        if bad:
            row = bad[0]
            return DataError(
                f"every row has {row.expected_columns} cells, like line 1",
                got=f"{row.actual_columns} in {row_words(row.number - self.dialect.header - 1, self.where)}: "
                f"{(row.text or '')[:60]!r}",
                hint="fix that row; a cell with the delimiter inside needs quotes",
            )
        if "Empty CSV" in str(error):
            return DataError(
                "a table has at least one row of values", got=f"none in {self.where}", hint="check the file"
            )
        if "UTF8" in str(error) or isinstance(error, UnicodeError):
            return DataError(
                f"the file is text in {self.dialect.encoding}",
                got=f"a byte that is none, in or after {row_words(rows, self.where)}",
                hint="save it as UTF-8",
            )
        return DataError(
            "a text table can be read", got=f"{error} in {self.where}".replace("\n", " "), hint="check the file"
        )


def open_delimited(path: Path, *, header: bool | None = None, wanted: Container[str] | None = None) -> DelimitedReader:
    """Find out how a text table is written, and read the names of its columns.

    Args:
        path: The file.
        header: Whether line 1 holds names; None finds it out.
        wanted: The columns that are read; all if None.

    Raises:
        DataError: The file is empty or no text, it has too many columns, or two that are wanted have the same name.
    """
    import pyarrow as pa

    dialect = find_dialect(path, header=header)
    _check_width(path, dialect)
    try:
        names = _open(path, dialect, names=None, wanted=None, bad=None).schema.names
    except (pa.ArrowInvalid, OSError, UnicodeError) as error:
        raise DelimitedReader(path, dialect, ())._unreadable(error, [], 0) from None
    if dialect.header:
        names = [name.strip() or f"column {number}" for number, name in enumerate(names, start=1)]
    else:
        names = [f"column {number}" for number in range(1, len(names) + 1)]
    return DelimitedReader(path, dialect, check_columns(names, where=str(path), wanted=wanted))


def _check_width(path: Path, dialect: Dialect) -> None:
    """Refuse too many columns by line 1: pyarrow would first read cells of all, which takes seconds and gigabytes."""
    try:
        with open_decompressed(path, dialect.compression) as file:
            text = io.TextIOWrapper(file, dialect.encoding, errors="ignore", newline="")
            line = text.readline(FIRST_LINE)
            text.detach()
        cells = next(csv.reader([line], delimiter=dialect.delimiter), [])
    except (OSError, csv.Error):  # whoever reads the whole file says what is wrong
        return
    cut = "the beginning of " if len(line) == FIRST_LINE else ""
    check_width(len(cells), where=f"{cut}line 1 of {path}")


def _open(
    path: Path, dialect: Dialect, *, names: Sequence[str] | None, wanted: list[str] | None, bad: list[Any] | None
) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    def refuse(row: Any) -> str:
        if bad is None:
            return "skip"
        bad.append(row)
        return "error"

    return arrow_csv.open_csv(
        open_decompressed(path, dialect.compression),
        read_options=arrow_csv.ReadOptions(
            block_size=BLOCK,
            encoding=dialect.encoding.removesuffix("-sig"),  # pyarrow skips the mark of UTF-8 itself
            use_threads=False,  # line numbers in errors; one thread was as fast as two
            # not `skip_rows`, which would end in the middle of a name with a line break, as Excel writes them
            skip_rows_after_names=1 if dialect.header and names is not None else 0,
            column_names=list(names) if names is not None else None,
            autogenerate_column_names=names is None and not dialect.header,
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=dialect.delimiter, newlines_in_values=True, invalid_row_handler=refuse
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names or (), pa.string()),
            include_columns=wanted,
        ),
    )
