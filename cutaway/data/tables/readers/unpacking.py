# pyright: basic
# pyarrow has no types
"""What a columnar file takes in memory, found from its headers before pyarrow unpacks anything.

Sources: https://arrow.apache.org/docs/format/Columnar.html (encapsulated messages, the file format, compressed
buffers); Message.fbs and File.fbs of https://github.com/apache/arrow/tree/main/format;
https://flatbuffers.dev/internals.
"""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cutaway.parallel import ask_memory

from .reader import CHUNK_ROWS, compute

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_BYTES = 256 << 20
"""Bytes of one text column in a chunk at most: 65,536 equal values of 1 MB take 1 kB in a file and 64 GB in memory."""

SHARED_ROWS = 1024
"""Rows in a chunk of values that are written as the end of the one before: nobody knows how long they become."""

PAGE_BYTES = 1 << 31
"""Bytes of a page of Parquet at most, the part of a column that is unpacked at a time."""

LABEL_BYTES = 8
"""Bytes that a row takes while a table is in use, in addition to its inputs, which are on disk if they are large."""

MAGIC, CONTINUES = b"ARROW1", 0xFFFFFFFF
DICTIONARY, RECORDS = 2, 3


def rows_at_a_time(columns: "Sequence[pa.Array]") -> int:
    """How many rows of some columns a chunk may have, by the longest values of their dictionaries."""
    longest = max(map(_longest, columns), default=1)
    return max(1, min(CHUNK_ROWS, CHUNK_BYTES // longest))


def _longest(column: Any) -> int:
    import pyarrow as pa

    types = pa.types
    if types.is_struct(column.type):
        return max(map(_longest, column.flatten()), default=1)
    if types.is_list(column.type) or types.is_large_list(column.type):
        return _longest(column.values)
    value = column.type.value_type if types.is_dictionary(column.type) else None
    if value is None or not any(is_of(value) for is_of in (types.is_string, types.is_large_string, types.is_binary)):
        return 1
    return max(compute().max(compute().binary_length(column.dictionary)).as_py() or 1, 1)


def parquet_rows(file: Path, columns: Sequence[str] | None) -> int:
    """How many rows of a Parquet file a chunk may have.

    Args:
        file: The file.
        columns: Names of the columns that are read; all if None.

    Raises:
        DataError: There is not enough memory for a part of a column, or for the labels.
        pyarrow.ArrowException, OSError: The file is damaged.
    """
    from pyarrow import parquet

    metadata = parquet.read_metadata(file)
    paths = [metadata.schema.column(place).path for place in range(metadata.num_columns)]
    wanted = [
        place for place, path in enumerate(paths) if columns is None or {path, path.partition(".")[0]} & {*columns}
    ]
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    parts = {(number, place): group.column(place) for number, group in enumerate(groups) for place in wanted}
    page = min(max((part.total_uncompressed_size for part in parts.values()), default=0), PAGE_BYTES)
    _ask(page + LABEL_BYTES * metadata.num_rows, file)
    texts = [key for key, part in parts.items() if part.physical_type == "BYTE_ARRAY"]
    if any("DELTA_BYTE_ARRAY" in parts[key].encodings for key in texts):
        return SHARED_ROWS
    names = sorted({paths[place] for _, place in texts})
    rows = CHUNK_ROWS
    with parquet.ParquetFile(file, read_dictionary=names) as opened:
        for number in sorted({number for number, _ in texts}):
            # one row brings the whole dictionary of each column, in which all values of this part are
            for batch in opened.iter_batches(batch_size=1, row_groups=[number], columns=names, use_threads=False):
                batch.validate(full=True)
                rows = min(rows, rows_at_a_time(batch.columns))
                break
    return rows


def check_arrow(file: Path) -> None:
    """Ask for the memory of the largest part of an Arrow or Feather file and of all dictionaries.

    Raises:
        DataError: There is not so much.
        pyarrow.ArrowException, OSError: The file is damaged.
    """
    import pyarrow as pa

    largest = kept = rows = 0
    try:
        with open(file, "rb") as opened:
            for start in _messages(opened):
                kind, size, length = _message(opened, start)
                largest, rows = max(largest, size), rows + length * (kind == RECORDS)
                kept += size * (kind == DICTIONARY)
    except (struct.error, IndexError, ValueError) as error:
        raise pa.ArrowInvalid(f"a damaged header: {error}") from None
    _ask(largest + kept + LABEL_BYTES * rows, file)


def _ask(size: int, file: Path) -> None:
    hint = "write it again in smaller parts, as pyarrow and pandas do by default"
    ask_memory(size, what="the parts of a table and its labels", got=str(file), hint=hint)


def _messages(file: IO[bytes]) -> Iterator[int]:
    """Where each message of a file or a stream begins: the schema, dictionaries and records."""
    size = file.seek(0, 2)
    file.seek(0)
    if file.read(len(MAGIC)) == MAGIC:
        footer = struct.unpack("<i", _read(file, size - len(MAGIC) - 4, 4))[0]
        data = _read(file, size - len(MAGIC) - 4 - footer, footer)
        table = _follow(data, 0)
        for number in (2, 3):
            if place := _field(data, table, number):
                blocks = _follow(data, place)
                count = struct.unpack_from("<I", data, blocks)[0]
                for block in range(count):
                    yield struct.unpack_from("<q", data, blocks + 4 + 24 * block)[0]
        return
    start = 0
    while start + 8 <= size:
        yield start
        head, metadata = _metadata(file, start)
        if not metadata:  # the end of a stream
            return
        place = _field(metadata, _follow(metadata, 0), 3)
        body = struct.unpack_from("<q", metadata, place)[0] if place else 0
        if body < 0:
            raise ValueError(f"a part of {body} bytes")
        start += head + len(metadata) + body


def _metadata(file: IO[bytes], start: int) -> tuple[int, bytes]:
    """The bytes before the metadata of a message, and the metadata."""
    first, second = struct.unpack("<Ii", _read(file, start, 8))
    head, size = (8, second) if first == CONTINUES else (4, first)  # before Arrow 0.15
    return head, _read(file, start + head, size)


def _message(file: IO[bytes], start: int) -> tuple[int, int, int]:
    """The kind of a message, the bytes of its unpacked buffers, and its rows."""
    head, data = _metadata(file, start)
    table = _follow(data, 0) if data else 0
    kind, header = (_field(data, table, number) if data else 0 for number in (1, 2))
    if not kind or not header or data[kind] not in (DICTIONARY, RECORDS):
        return 0, 0, 0
    records = _follow(data, header)
    if data[kind] == DICTIONARY:
        if not (inner := _field(data, records, 1)):
            return 0, 0, 0
        records = _follow(data, inner)
    length, buffers, compression = (_field(data, records, number) for number in (0, 2, 3))
    rows = struct.unpack_from("<q", data, length)[0] if length else 0
    total, vector = 0, _follow(data, buffers) if buffers else 0
    for number in range(struct.unpack_from("<I", data, vector)[0] if buffers else 0):
        offset, size = struct.unpack_from("<qq", data, vector + 4 + 16 * number)
        if compression and size:
            unpacked = struct.unpack("<q", _read(file, start + head + len(data) + offset, 8))[0]
            size = size if unpacked == -1 else unpacked  # -1: it is not compressed
        total += max(size, 0)
    return data[kind], total, max(rows, 0)


def _read(file: IO[bytes], start: int, size: int) -> bytes:
    """Some bytes of a file, all of them."""
    end = file.seek(0, 2)
    if not 0 <= start <= start + size <= end:
        raise ValueError(f"{size:,} bytes at {start:,} of {end:,}")
    file.seek(start)
    return file.read(size)


def _follow(data: bytes, place: int) -> int:
    """Where an offset leads."""
    return place + struct.unpack_from("<I", data, place)[0]


def _field(data: bytes, table: int, number: int) -> int:
    """Where a field of a table is; 0 if it is left out."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    if vtable < 0:
        raise ValueError(f"a table at {vtable}")
    size, at = struct.unpack_from("<H", data, vtable)[0], 4 + 2 * number
    offset = struct.unpack_from("<H", data, vtable + at)[0] if at < size else 0
    return table + offset if offset else 0
