"""How a text table is written: encoding, compression, delimiter, decimal mark and header, found in its beginning."""

import csv
import io
import itertools
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.checks import warn_user
from cutaway.errors import DataError, Hint

BEGINNING = 256 * 1024
"""Bytes, after decompression, from which the dialect is found."""

LINES = 200
"""Lines of the beginning that are compared."""

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
COMMA_NUMBER = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")


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
        return f"{self.encoding}{packed}, {DELIMITERS.get(self.delimiter, repr(self.delimiter))}, {decimal}, {first}"


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
        raise DataError(
            "a table has a line with the names of its columns", got=f"an empty file, {path}", hint="check the file"
        )
    complete = text if len(beginning) < BEGINNING else text[: max(text.rfind("\n"), 0) or len(text)]
    delimiter = _delimiter(complete)
    rows = _rows(complete, delimiter)
    decimal = _decimal(rows, delimiter)
    found = _has_header(rows, decimal) if header is None else header
    if found and header is None and _reads_like_a_row(rows):
        warn_user(
            f"line 1 of {path.name} is taken for the names of the columns, and each of its cells occurs below it as "
            "well: " + Hint("pass {} if it is a row like the others", header=False)
        )
    return Dialect(encoding=encoding, compression=compression, delimiter=delimiter, decimal=decimal, header=found)


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
            f"a {compression or 'text'} file can be read", got=f"{path} ({error})", hint="copy the file again"
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
        raise DataError("a table is a text file", got=f"{path} with zero bytes", hint="check which file this is")
    try:
        beginning.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = len(beginning) == BEGINNING and error.start > len(beginning) - 4  # in the middle of a character
        return "utf-8" if cut else "cp1252"
    return "utf-8"


def _delimiter(text: str) -> str:
    """The delimiter that most lines have equally often; among equals, the one that they have most often."""

    def score(delimiter: str) -> tuple[int, int]:
        counts = Counter(len(row) for row in _rows(text, delimiter))
        cells, lines = max(counts.items(), key=lambda item: (item[1], item[0]))
        return (lines, cells) if cells > 1 else (0, 0)

    return max(DELIMITERS, key=score)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [[cell.strip() for cell in row] for row in itertools.islice(reader, LINES) if row]
    except csv.Error:  # a cell beyond the size that the module allows: the reader of the whole file says which
        return [line.split(delimiter) for line in text.splitlines()[:LINES] if line]


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
