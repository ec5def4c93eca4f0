"""CSV, TSV and their kin: text, one line per row; how it is written is found in its beginning."""

import csv
import io
import itertools
import os
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.checks import file_state, warn_user
from cutaway.errors import DataError, Hint
from cutaway.words import quoted

from .reader import BLOCK, FileStates, check_columns, check_width, row_words

if TYPE_CHECKING:
    import pyarrow as pa

BEGINNING = 256 * 1024
"""Number of decompressed bytes that the dialect is found from."""

LINES = 200
"""Lines of the beginning that are compared."""

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
COMMA_NUMBER = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")

FIRST_LINE = 1 << 22
"""Number of characters of line 1 whose columns are counted before anything else is read."""

LONGEST_CELL = 100_000
"""Number of characters of a faulty row whose cells are counted; Python's csv module refuses cells of 131,072."""


@dataclass(frozen=True)
class Dialect:
    """How a text table is written.

    Attributes:
        encoding: Name of the encoding, as Python knows it: "utf-8", "utf-8-sig", "utf-16", "cp1252".
        compression: "gzip", "zstd", "bz2" or None.
        delimiter: The character between two cells.
        decimal: The decimal mark of its numbers, "." or ",".
        header: Whether the first line holds the names of the columns.
    """

    encoding: str = "utf-8"
    compression: str | None = None
    delimiter: str = ","
    decimal: str = "."
    header: bool = True

    def __str__(self) -> str:
        packed = f", {self.compression}" if self.compression else ""
        first = "names in line 1" if self.header else "no names in line 1"
        decimal = "decimal comma" if self.decimal == "," else "decimal point"
        return f"{self.encoding}{packed}, {DELIMITERS.get(self.delimiter, quoted(self.delimiter))}, {decimal}, {first}"


@dataclass(frozen=True)
class DelimitedReader:
    """A text table.

    Attributes:
        where: The file.
        dialect: How it is written.
        columns: Names of the columns.
        states: The file as it was before it was opened.
    """

    where: Path
    dialect: Dialect
    columns: tuple[str, ...]
    states: FileStates

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
            raise self._open_quote(rows - 1, self.columns[-1], cell)

    def _open_quote(self, row: int, column: str, cell: str) -> DataError:
        return DataError(
            f'row {row + 1:,}: the quote that begins in column "{column}" is never closed',
            got=f"a cell that begins {quoted(cell[:20])} in {self.where}",
            hint="close it or remove it",
        )

    def _ends_with_quote(self) -> bool:
        tail = b""
        with open_decompressed(self.where, self.dialect.compression) as file:
            while block := file.read(BLOCK):
                tail = (tail + block)[-16:]
        return tail.replace(b"\0", b"").rstrip().endswith(b'"')

    def _unreadable(self, error: Exception, bad: list[Any], rows: int) -> DataError:
        if bad:
            row, number, text = bad[0], bad[0].number - self.dialect.header - 1, bad[0].text or ""
            cells, *others = csv.reader(
                io.StringIO(f"{text[:LONGEST_CELL]}\nnext row", newline=""), delimiter=self.dialect.delimiter
            )
            if not others and len(cells) <= len(self.columns):
                return self._open_quote(number, self.columns[len(cells) - 1], cells[-1])
            return DataError(
                f"there are {row.actual_columns} cells in {row_words(number, self.where)}, and "
                f"{row.expected_columns} in line 1: {quoted(text[:60])}",
                hint="fix that row; a cell with the delimiter inside needs quotes",
            )
        if "straddling object" in str(error):
            return DataError(
                f"row {rows + 1:,}: a quote in it is never closed",
                got=f"more than {BLOCK >> 20} MB as one row of {self.where}",
                hint="close it or remove it",
            )
        if "Empty CSV" in str(error):
            return DataError(f"there is no row of values in {self.where}", hint="check the file")
        if "UTF8" in str(error) or isinstance(error, UnicodeError):
            return DataError(
                f"a byte in or after {row_words(rows, self.where)} is not {self.dialect.encoding}",
                hint="save it as UTF-8",
            )
        return DataError(
            f"cannot read the text table: {error} in {self.where}".replace("\n", " "), hint="check the file"
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

    states = {path: file_state(path)}
    dialect = find_dialect(path, header=header)
    _check_width(path, dialect)
    try:
        names = _open(path, dialect, names=None, wanted=None, bad=None).schema.names
    except (pa.ArrowInvalid, OSError, UnicodeError) as error:
        raise DelimitedReader(path, dialect, (), states)._unreadable(error, [], 0) from None
    names = column_names(names, header=dialect.header)
    return DelimitedReader(path, dialect, check_columns(names, where=str(path), wanted=wanted), states)


def column_names(first: Sequence[str], *, header: bool) -> list[str]:
    """The names of columns, from the first row if it is the header; a column without one is called by its number."""
    return [name.strip() * header or f"column {number}" for number, name in enumerate(first, start=1)]


def _check_width(path: Path, dialect: Dialect) -> None:
    """Refuse too many columns by line 1: pyarrow would first read cells of all, which takes seconds and gigabytes."""
    try:
        with open_decompressed(path, dialect.compression) as file:
            text = io.TextIOWrapper(file, dialect.encoding, errors="ignore", newline="")
            line = text.readline(FIRST_LINE)
            text.detach()
        cells = next(csv.reader([line], delimiter=dialect.delimiter), [])
    except (OSError, csv.Error):  # reading the whole file reports the fault
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


def find_dialect(path: Path, *, header: bool | None = None) -> Dialect:
    """Find out how a text table is written, from its first 256 KiB.

    Args:
        path: The file.
        header: Whether line 1 holds names; None finds it out by comparing line 1 with the lines below it.

    Raises:
        DataError: The file is empty, is not text, or cannot be decompressed.
    """
    compression = find_compression(path)
    beginning = _beginning(path, compression)
    encoding = _encoding(beginning, path)
    text = io.TextIOWrapper(io.BytesIO(beginning), encoding, errors="ignore", newline="").read()
    if not text.strip():
        raise DataError(f"the table {path} is an empty file", hint="check the file")
    complete = text if len(beginning) < BEGINNING else text[: max(text.rfind("\n"), 0) or len(text)]
    delimiter = _delimiter(complete)
    rows = _rows(complete, delimiter)
    decimal = _decimal(rows, delimiter)
    found = find_header(rows, decimal, header=header, where=path.name)
    _warn_of_swallowed_rows(complete, delimiter, path, header=found)
    return Dialect(encoding=encoding, compression=compression, delimiter=delimiter, decimal=decimal, header=found)


def find_header(rows: list[list[str]], decimal: str, *, header: bool | None, where: str) -> bool:
    """Whether line 1 holds names, found by comparing it with the lines below it unless `header` says it."""
    if header is not None:
        return header
    found = _has_header(rows, decimal)
    if found and _reads_like_a_row(rows):
        warn_user(
            f"line 1 of {where} is taken for the names of the columns, and each of its cells occurs below it as well: "
            + Hint("pass {} if it is a row like the others", header=False)
        )
    return found


def _warn_of_swallowed_rows(text: str, delimiter: str, path: Path, *, header: bool) -> None:
    """Warn of rows whose lines all look like rows: a quote that is not closed reaches to the next one."""
    rows = [each for each in _rows_and_lines(text, delimiter) if each[0]][header:-1]
    width = len(rows[0][0]) if rows else 0
    for number, (row, lines) in enumerate(rows, start=1):
        if len(row) == width > 2 and len(lines) > 1 and all(line.count(delimiter) + 1 == width for line in lines):
            warn_user(
                f"row {number} of {path.name} has a quote that is closed only on another line, and each of its "
                f"{len(lines):,} lines looks like a row: close the quote, or remove it"
            )


def open_decompressed(path: Path, compression: str | None) -> Any:
    """Open a file, as pyarrow does, for reading the bytes that it holds after decompression."""
    from pyarrow import CompressedInputStream, OSFile

    file = OSFile(os.fsencode(path))
    return file if compression is None else CompressedInputStream(file, compression)


def find_compression(path: Path) -> str | None:
    """How a file is packed, by its first bytes: "gzip", "zstd", "bz2" or None."""
    with open(path, "rb") as file:
        first = file.read(4)
    return next((name for magic, name in MAGIC.items() if first.startswith(magic)), None)


def _beginning(path: Path, compression: str | None) -> bytes:
    try:
        with open_decompressed(path, compression) as file:
            return file.read(BEGINNING)
    except OSError as error:
        raise DataError(
            f"cannot read the {compression or 'text'} file {path}: {error}", hint="copy the file again"
        ) from None


def _encoding(beginning: bytes, path: Path) -> str:
    for mark, name in MARKS.items():
        if beginning.startswith(mark):
            return name
    if b"\0" in beginning:
        # ASCII text in UTF-16 has a zero in every second byte
        zeros = beginning[0:4096:2].count(0), beginning[1:4096:2].count(0)
        if max(zeros) > 4 * min(zeros) and max(zeros) > len(beginning[:4096]) // 4:
            return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
        raise DataError(f"{path} is not a text file: it contains zero bytes", hint="check which file this is")
    try:
        beginning.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = len(beginning) == BEGINNING and error.start > len(beginning) - 4  # in the middle of a character
        return "utf-8" if cut else "cp1252"
    return "utf-8"


def _delimiter(text: str) -> str:
    """The delimiter that most rows have equally often; among equals, the one that they have most often."""

    def score(delimiter: str) -> tuple[int, int]:
        rows = [(len(row), lines) for row, lines in _rows_and_lines(text, delimiter) if row]
        usual, _ = _most_frequent(cells for cells, _ in rows)
        counts: list[int] = []
        for cells, lines in rows:
            # a quote that is not closed makes one row of many lines, which are like the other rows
            of_lines = [line.count(delimiter) + 1 for line in lines]
            counts += of_lines if 2 * of_lines.count(usual) > len(lines) > 1 else [cells]
        cells, rows_with = _most_frequent(counts[:LINES])
        return (rows_with, cells) if cells > 1 else (0, 0)

    return max(DELIMITERS, key=score)


def _most_frequent(values: Iterable[int]) -> tuple[int, int]:
    """The most frequent value, of several the largest, and how often it occurs."""
    return max(Counter(values).items(), key=lambda item: (item[1], item[0]))


def _rows(text: str, delimiter: str) -> list[list[str]]:
    return [[cell.strip() for cell in row] for row, _ in _rows_and_lines(text, delimiter) if row]


def _rows_and_lines(text: str, delimiter: str) -> list[tuple[list[str], list[str]]]:
    """The first rows, each with its lines."""
    lines: list[str] = []

    def noted() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            lines.append(line)
            yield line

    rows: list[tuple[list[str], list[str]]] = []
    try:
        for row in itertools.islice(csv.reader(noted(), delimiter=delimiter), LINES):
            rows.append((row, lines.copy()))
            lines.clear()
    except csv.Error:  # a cell beyond the size that the module allows: the reader of the whole file says which
        return [(line.split(delimiter), [line]) for line in text.splitlines()[:LINES] if line]
    return rows


def _decimal(rows: list[list[str]], delimiter: str) -> str:
    if delimiter == ",":
        return "."
    cells = [cell for row in rows for cell in row]
    commas = sum(COMMA_NUMBER.fullmatch(cell) is not None for cell in cells)
    points = sum("." in cell and NUMBER.fullmatch(cell) is not None for cell in cells)
    # points may stand between thousands, or in a column from elsewhere; a comma inside a cell has no such excuse
    return "," if commas > points / 10 else "."


def _has_header(rows: list[list[str]], decimal: str) -> bool:
    """Whether line 1 holds names: it is text above a column of numbers, or has no number at all."""

    def is_number(cell: str) -> bool:
        return NUMBER.fullmatch(cell.replace(",", ".") if decimal == "," else cell) is not None

    if rows[0] == [str(number) for number in range(len(rows[0]))] and len(rows[0]) > 1:
        return True  # as pandas names columns that have no names
    first, below = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    for place, name in enumerate(first):
        values = [row[place] for row in below if row[place]]
        if name and values and not is_number(name) and all(map(is_number, values)):
            return True
    return not any(is_number(cell) for cell in first)


def _reads_like_a_row(rows: list[list[str]]) -> bool:
    """Whether every cell of line 1 occurs in its column below, as a name of a column hardly does."""
    values = [set(column) for column in zip(*(row for row in rows[1:] if len(row) == len(rows[0])), strict=True)]
    return bool(values) and all(cell in below for cell, below in zip(rows[0], values, strict=True))
