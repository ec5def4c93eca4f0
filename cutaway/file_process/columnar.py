# pyright: basic
# pyarrow has no types
"""Parquet, Feather and Arrow files: what they hold, and their rows in chunks, each as a stream of Arrow.

Every value is validated before it leaves. Only the process of `FileProcess` calls this module.
"""

import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from cutaway.parallel import prefetch

NEEDS_FILES = True

MEMORY = sys.maxsize
"""Bytes of memory that this process may take; sizes that the parts of a file declare are compared with it."""

CHUNK_ROWS = 65_536
"""Maximum number of rows of a chunk."""

CHUNK_BYTES = 256 << 20
"""Bytes of one text column in a chunk at most: 65,536 equal values of 1 MB take 1 kB in a file and 64 GB in memory."""

SHARED_ROWS = 1024
"""Rows in a chunk of values that are written as the end of the one before: nobody knows how long they become."""

PAGE_BYTES = 1 << 31
"""Bytes of a page of Parquet at most, the part of a column that is unpacked at a time."""

LABEL_BYTES = 8
"""Bytes that a row takes while a table is in use, in addition to its inputs, which are on disk if they are large."""

MOST_OPEN = 4
"""Maximum number of files that are open between two chunks; of more, the oldest is opened again."""

_OPEN: dict[int, Iterator[pa.RecordBatch]] = {}


def index(*, file: str, kind: str) -> tuple[int | None, bytes]:
    """What a file holds: its rows, None where they would have to be read to be counted, and its schema.

    Args:
        file: The path.
        kind: "parquet", or another kind of Arrow.
    """
    if kind == "parquet":
        rows, schema = parquet.read_metadata(file).num_rows, parquet.read_schema(file)
    else:
        with _open_ipc(file) as reader:
            rows, schema = None, reader.schema
    _check_names(schema)
    return rows, schema.serialize()


def chunk(
    *, reading: int, place: int, file: str, kind: str, columns: Sequence[str] | None
) -> tuple[bool, bytes | pa.Buffer]:
    """A chunk of a file as a stream of Arrow, and whether there is one.

    Args:
        reading: A number for this pass over the file: asking for the next chunk of a pass continues it.
        place: The number of the chunk, from 0.
        file: The path.
        kind: See `index`.
        columns: Names of the columns; all if None.
    """
    batches = _OPEN.pop(reading, None) or itertools.islice(_ahead(read_batches(file, kind, columns)), place, None)
    batch = next(batches, None)
    if batch is None:
        return False, b""
    _OPEN[reading] = batches
    if len(_OPEN) > MOST_OPEN:
        del _OPEN[next(iter(_OPEN))]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return True, sink.getvalue()


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches; the next one is read while whoever asked works on the one before."""
    read = prefetch(lambda _: next(batches, None), itertools.repeat(None))
    return itertools.takewhile(lambda batch: batch is not None, read)


def read_batches(file: str, kind: str, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    """Read a file from its beginning, all columns or some of them.

    Raises:
        MemoryError: A part of a column, or the labels, do not fit into memory.
        pyarrow.ArrowException, OSError, UnicodeDecodeError, LookupError: The file is damaged.
    """
    wanted = None if columns is None else list(columns)
    if kind == "parquet":
        rows = _parquet_rows(file, wanted)
        with parquet.ParquetFile(file) as opened:
            for batch in opened.iter_batches(batch_size=rows, columns=wanted, use_threads=False):
                batch.validate(full=True)
                yield batch
        return
    with _open_ipc(file) as reader:
        if hasattr(reader, "num_record_batches"):
            batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            batches = iter(reader)
        total = 0
        for batch in batches:
            total += len(batch)
            _need(LABEL_BYTES * total)
            used = batch if wanted is None else batch.select(wanted)
            used.validate(full=True)
            rows = _rows_at_a_time(used.columns)
            for first in range(0, len(used), rows):
                yield _without_views(used.slice(first, rows))


def _open_ipc(file: str) -> "pa.RecordBatchFileReader | pa.RecordBatchStreamReader":
    """Open an Arrow file. It is not mapped into memory: a file that is cut short meanwhile would end the process."""
    opened = pa.OSFile(file)
    try:
        return pa.ipc.open_file(opened)
    except pa.ArrowInvalid:
        opened.seek(0)
        return pa.ipc.open_stream(opened)


def _check_names(fields: Iterable[pa.Field]) -> None:
    """Read the name of each field once, which pyarrow decodes only then.

    Raises:
        UnicodeDecodeError: One is not text.
    """
    for field in fields:
        assert isinstance(field.name, str)
        kind: Any = field.type
        _check_names(kind.field(place) for place in range(kind.num_fields))


def _need(size: int) -> None:
    if size > MEMORY:
        raise MemoryError


def _without_views(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Some rows with views of text as text: a stream would hold all that the views of any row point to."""
    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    columns = [column.cast(plain.get(column.type, column.type)) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _rows_at_a_time(columns: Sequence[pa.Array]) -> int:
    """How many rows of some columns a chunk may have, by the longest values of their dictionaries."""
    longest = max(map(_longest, columns), default=1)
    return max(1, min(CHUNK_ROWS, CHUNK_BYTES // longest))


def _longest(column: Any) -> int:
    types = pa.types
    if types.is_struct(column.type):
        return max(map(_longest, column.flatten()), default=1)
    if types.is_list(column.type) or types.is_large_list(column.type):
        return _longest(column.values)
    value = column.type.value_type if types.is_dictionary(column.type) else None
    if value is None or not any(is_of(value) for is_of in (types.is_string, types.is_large_string, types.is_binary)):
        return 1
    functions: Any = pc  # which are made when it is imported: no type checker knows them
    return max(functions.max(functions.binary_length(column.dictionary)).as_py() or 1, 1)


def _parquet_rows(file: str, columns: Sequence[str] | None) -> int:
    """How many rows of a Parquet file a chunk may have.

    Args:
        file: The file.
        columns: Names of the columns that are read; all if None.
    """
    metadata = parquet.read_metadata(file)
    paths = [metadata.schema.column(place).path for place in range(metadata.num_columns)]
    wanted = [
        place for place, path in enumerate(paths) if columns is None or {path, path.partition(".")[0]} & {*columns}
    ]
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    parts = {(number, place): group.column(place) for number, group in enumerate(groups) for place in wanted}
    page = min(max((part.total_uncompressed_size for part in parts.values()), default=0), PAGE_BYTES)
    _need(page + LABEL_BYTES * metadata.num_rows)
    texts = [key for key, part in parts.items() if part.physical_type == "BYTE_ARRAY"]
    if any("DELTA_BYTE_ARRAY" in parts[key].encodings for key in texts):
        return SHARED_ROWS
    names = sorted({paths[place] for _, place in texts})
    rows = CHUNK_ROWS
    with parquet.ParquetFile(file, read_dictionary=names) as opened:
        for number in sorted({number for number, _ in texts}):
            # one row brings the whole dictionary of each column, with all values of this part
            for batch in opened.iter_batches(batch_size=1, row_groups=[number], columns=names, use_threads=False):
                batch.validate(full=True)
                rows = min(rows, _rows_at_a_time(batch.columns))
                break
    return rows
