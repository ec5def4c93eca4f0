"""Parquet, Feather and Arrow files, and folders of them: typed columns."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.errors import DataError

from .reader import check_columns
from .unpacking import check_arrow, parquet_rows, rows_at_a_time

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "feather",
    ".arrow": "arrow",
    ".ipc": "arrow",
}
"""Ending of a file's name -> its format; an .arrow file may also be a stream, as Hugging Face writes it."""


@dataclass(frozen=True)
class ColumnarReader:
    """One or more files of typed columns, read in order.

    Attributes:
        where: The file or folder.
        files: The files.
        columns: Names of the columns, the same in every file.
    """

    where: Path
    files: tuple[Path, ...]
    columns: tuple[str, ...]

    @property
    def form(self) -> str:
        """What it is, in words."""
        name = FORMATS[self.files[0].suffix.lower()].capitalize()
        return name if len(self.files) == 1 else f"{name}, {len(self.files)} files"

    @property
    def size(self) -> tuple[int, str]:
        """Rows of all files; not known of Arrow files, whose parts have to be read to be counted."""
        from pyarrow import parquet

        if FORMATS[self.files[0].suffix.lower()] != "parquet":
            return 0, "rows"
        return sum(parquet.read_metadata(file).num_rows for file in self.files), "rows"

    def chunks(self, columns: Sequence[str] | None = None) -> "Iterator[pa.Table]":
        """Read the files one after another.

        Raises:
            DataError: A file is damaged, or its columns differ from those of the first.
        """
        import pyarrow as pa

        for file in self.files:
            if (names := _names(file)) != self.columns:
                raise DataError(
                    "the files of the folder have different columns",
                    got=f"{_difference(names, self.columns)} in {file}",
                    hint="move the file to another folder",
                )
            try:
                yield from _batches(file, columns)
            except (pa.ArrowException, OSError, UnicodeDecodeError, LookupError) as error:
                raise _unreadable(file, error) from None


def open_columnar(path: Path, *, files: Sequence[Path] = ()) -> ColumnarReader:
    """Open a Parquet, Feather or Arrow file, or a folder that holds some of one kind.

    Args:
        path: The file or folder.
        files: Those of the folder that are read; all if there are none.

    Raises:
        DataError: The file is damaged, or two columns have the same name.
    """
    files = tuple(files or (columnar_files(path) if path.is_dir() else (path,)))
    if not files:
        raise DataError(
            f"no file in {path} ends in {', '.join(FORMATS)}",
            hint="pass the folder that they are in, such as that of one split",
        )
    return ColumnarReader(path, files, check_columns(_names(files[0]), where=str(files[0])))


def columnar_files(folder: Path) -> list[Path]:
    """The files of a folder whose names end like those of columnar files, sorted by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in FORMATS and path.is_file())


def _names(file: Path) -> tuple[str, ...]:
    return tuple(read_schema(file).names)


def read_schema(file: Path) -> Any:
    """The schema, of pyarrow, of a Parquet, Feather or Arrow file: its columns, their types, and its metadata.

    Raises:
        DataError: The file is damaged.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        if FORMATS[file.suffix.lower()] == "parquet":
            schema = parquet.read_schema(file)
        else:
            with _open_ipc(file) as reader:
                schema = reader.schema
        _check_names(schema)
        return schema
    except (pa.ArrowException, OSError, UnicodeDecodeError, LookupError) as error:
        raise _unreadable(file, error) from None


def _check_names(fields: "Iterable[pa.Field]") -> None:
    """Read the name of each field once, which pyarrow decodes only then.

    Raises:
        UnicodeDecodeError: One is not text.
    """
    for field in fields:
        assert isinstance(field.name, str)
        kind: Any = field.type
        _check_names(kind.field(place) for place in range(kind.num_fields))


def _batches(file: Path, columns: Sequence[str] | None) -> "Iterator[pa.Table]":
    import pyarrow as pa
    from pyarrow import parquet

    wanted = None if columns is None else list(columns)
    if FORMATS[file.suffix.lower()] == "parquet":
        rows = parquet_rows(file, wanted)
        with parquet.ParquetFile(file) as opened:
            for batch in opened.iter_batches(batch_size=rows, columns=wanted, use_threads=False):
                batch.validate(full=True)
                yield pa.Table.from_batches([batch])
        return
    check_arrow(file)
    with _open_ipc(file) as reader:
        if hasattr(reader, "num_record_batches"):
            batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            batches = iter(reader)
        for batch in batches:
            used = batch if wanted is None else batch.select(wanted)
            used.validate(full=True)
            rows = rows_at_a_time(used.columns)
            for first in range(0, len(used), rows):
                yield pa.Table.from_batches([used.slice(first, rows)])


def _open_ipc(file: Path) -> "pa.RecordBatchFileReader | pa.RecordBatchStreamReader":
    """Open an Arrow file. It is not mapped into memory: a file that is cut short meanwhile would end the process."""
    import pyarrow as pa

    opened = pa.OSFile(str(file))
    try:
        return pa.ipc.open_file(opened)
    except pa.ArrowInvalid:
        opened.seek(0)
        return pa.ipc.open_stream(opened)


def _unreadable(file: Path, error: Exception) -> DataError:
    name = FORMATS[file.suffix.lower()].capitalize()
    return DataError(
        f"cannot read the {name} file {file} ({str(error).splitlines()[0] if str(error) else type(error).__name__})",
        hint="write it again, or convert it to CSV",
    )


def _difference(names: Sequence[str], expected: Sequence[str]) -> str:
    lacking, further = [n for n in expected if n not in names], [n for n in names if n not in expected]
    parts = [f"no {lacking[0]!r}"] if lacking else []
    parts += [f"also {further[0]!r}"] if further else []
    return " and ".join(parts) or "another order"
