"""ARFF, as Weka and OpenML write it: the columns with their types, then one line per row.

Source: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/. Sparse rows and relations are refused.
A value is missing where the cell is ``?``; numbers and dates are also missing where it is another one of `MISSING`.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cutaway.data.tables.missing import MISSING
from cutaway.errors import DataError

from .dialect import find_compression, open_decompressed
from .reader import CHUNK_ROWS, check_columns

if TYPE_CHECKING:
    import pyarrow as pa

ENDING = ".arff"

LONGEST_LINE = 8 << 20
"""Characters of a line at most."""

UNKNOWN = ("", "?")
"""Cells that are missing in every column."""

NAME = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s'\"{][^\s{]*"
ATTRIBUTE = re.compile(rf"@attribute\s+({NAME})(?:\s*\{{(.*)\}}\s*(?:%.*)?|\s+([^\s{{].*))", re.IGNORECASE)
"""A name, and its values in braces or its type."""

CELL = re.compile(r"""(?:\s*'((?:[^'\\]|\\.)*)'\s*|\s*"((?:[^"\\]|\\.)*)"\s*|(?!\s*['"])([^,]*))(?:,|$)""")
"""A cell: in one kind of quotes or the other, in which a backslash keeps the next character, or in none."""


@dataclass(frozen=True)
class ArffReader:
    """An ARFF file.

    Attributes:
        where: The file.
        columns: Names of the columns.
        texts: Columns of text, also where it reads like numbers or dates -> the words of `MISSING` that are values.
        compression: See `Dialect`.
        first: Number of the first line after the one with @data, from 1.
    """

    where: Path
    columns: tuple[str, ...]
    texts: Mapping[str, frozenset[str]]
    compression: str | None
    first: int

    @property
    def form(self) -> str:
        """How it is written, in words."""
        return "ARFF" if self.compression is None else f"ARFF: {self.compression}"

    @property
    def size(self) -> tuple[int, str]:
        """Megabytes of text; how many a compressed file holds is not known."""
        return (0, "rows") if self.compression else (-(-self.where.stat().st_size // 10**6), "MB")

    def chunks(self, columns: Sequence[str] | None = None) -> "Iterator[pa.Table]":
        """Read the file in chunks of rows; all cells are strings.

        Raises:
            DataError: A row has more or fewer cells than there are columns, or is sparse, or the file is damaged.
        """
        rows: list[list[str]] = []
        found = False
        for number, line in _lines(self.where, self.compression):
            if number < self.first or not line or line.startswith("%"):
                continue
            rows.append(self._cells(line, number))
            if len(rows) == CHUNK_ROWS:
                found = True
                yield self._table(rows, columns)
                rows = []
        if rows or not found:
            if not rows:
                raise DataError("a table has at least one row", got=f"none in {self.where}", hint="check the file")
            yield self._table(rows, columns)

    def _cells(self, line: str, number: int) -> list[str]:
        if line.startswith("{"):
            raise DataError(
                "rows of an ARFF file list all their values",
                got=f"a sparse row in line {number:,} of {self.where}",
                hint="read it yourself, for example with sklearn.datasets.fetch_openml, and pass the frame",
            )
        cells = _quoted_cells(line) if "'" in line or '"' in line else [cell.strip() for cell in line.split(",")]
        if cells is None:
            raise _refused(f"a quote that is not closed, or ends inside of a cell, in line {number:,}", self.where)
        if len(cells) != len(self.columns):
            raise DataError(
                f"every row has as many cells as there are columns, {len(self.columns):,}",
                got=f"{len(cells):,} in line {number:,} of {self.where}: {line[:60]!r}",
                hint="fix that row; a cell with a comma inside needs quotes",
            )
        return cells

    def _table(self, rows: list[list[str]], columns: Sequence[str] | None) -> "pa.Table":
        import pyarrow as pa

        cells = dict(zip(self.columns, zip(*rows, strict=True), strict=True))
        return pa.table({name: pa.array(cells[name], pa.string()) for name in columns or self.columns})


def open_arff(path: Path) -> ArffReader:
    """Read which columns an ARFF file has.

    Raises:
        DataError: It is no ARFF file, or damaged, or two columns have the same name.
    """
    compression = find_compression(path)
    names: list[str] = []
    texts: dict[str, frozenset[str]] = {}
    for number, line in _lines(path, compression):
        word = line.split(maxsplit=1)[0].lower() if line else ""
        if word == "@data":
            columns = check_columns(names, where=str(path))
            if not columns:
                break
            return ArffReader(path, columns, texts, compression, number + 1)
        if word == "@attribute":
            match = ATTRIBUTE.fullmatch(line)
            kind = "" if match is None else (match[3] or "").lower()
            values = None if match is None else _quoted_cells(match[2] or "")
            if match is None or values is None or kind.startswith("relational"):
                raise _refused(f"{line[:60]!r} in line {number:,}", path)
            names.append(_unquoted(match[1]))
            if not kind or kind.startswith("string"):
                texts[names[-1]] = frozenset(MISSING if kind else values).intersection(MISSING).difference(UNKNOWN)
        elif word not in ("", "@relation") and not line.startswith("%"):
            raise _refused(f"{line[:60]!r} in line {number:,}", path)
    raise _refused("no line @data after the columns", path)


def is_arff(path: Path) -> bool:
    """Whether a file is named as ARFF files are, packed or not."""
    return ENDING in [ending.lower() for ending in path.suffixes[-2:]]


def _lines(path: Path, compression: str | None) -> Iterator[tuple[int, str]]:
    """The lines of a file without white space at their ends, numbered from 1."""
    number = 0
    try:
        with open_decompressed(path, compression) as file:
            text = io.TextIOWrapper(io.BufferedReader(file), "utf-8-sig")
            while line := text.readline(LONGEST_LINE):
                number += 1
                if len(line) == LONGEST_LINE:
                    raise _refused(f"line {number:,}, which has more than {LONGEST_LINE:,} characters", path)
                yield number, line.strip()
    except (OSError, UnicodeError) as error:
        what = f"a byte that is no UTF-8 after line {number:,}" if isinstance(error, UnicodeError) else str(error)
        raise _refused(what, path) from None


def _quoted_cells(line: str) -> list[str] | None:
    """The cells of a line; None where a quote is not closed, or something follows one."""
    cells: list[str] = []
    at = 0
    while (match := CELL.match(line, at)) is not None:
        single, double, plain = match.groups()
        cells.append(re.sub(r"\\(.)", r"\1", single or double or "") if plain is None else plain.strip())
        at = match.end()
        if not match[0].endswith(","):
            return cells
    return None


def _unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name[0] in "'\"" else name


def _refused(what: str, path: Path) -> DataError:
    return DataError(
        "an ARFF file has lines @attribute NAME TYPE, then @data and one line of values a row",
        got=f"{what} of {path}",
        hint="fix it, or read it yourself and pass the frame",
    )
