"""Parquet, Feather and Arrow files, and folders of them: typed columns, which a process of its own reads."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.checks import file_state
from cutaway.errors import DataError
from cutaway.file_process import FileProcess
from cutaway.log import survive
from cutaway.words import listed

from .reader import FileStates, check_columns

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "feather",
    ".arrow": "arrow",
    ".ipc": "arrow",
}
"""Ending of a file's name -> its format; an .arrow file may also be a stream."""


_READINGS = itertools.count()
"""A number for each pass over a file."""


@dataclass(frozen=True)
class ColumnarReader:
    """One or more files of typed columns, read in order.

    Attributes:
        where: The file or folder.
        states: The files, in order, each as it was before it was opened.
        schema: What the first one says of its columns: names, types and metadata; the names are the same in every file.
        process: What reads them.
    """

    where: Path
    states: FileStates
    schema: "pa.Schema"
    process: FileProcess = field(repr=False, compare=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.schema.names)

    @property
    def form(self) -> str:
        """What it is, in words."""
        name = _kind(next(iter(self.states))).capitalize()
        return name if len(self.states) == 1 else f"{name}, {len(self.states)} files"

    @property
    def size(self) -> tuple[int, str]:
        """Rows of all files; not known of Arrow files, whose parts have to be read to be counted."""
        return sum(_ask(self.process, "index", file)[0] or 0 for file in self.states), "rows"

    def chunks(self, columns: Sequence[str] | None = None) -> "Iterator[pa.Table]":
        """Read the files one after another.

        Raises:
            DataError: A file is damaged, or its columns differ from the first file's.
        """
        import pyarrow as pa

        for file in self.states:
            if (names := tuple(_read_schema(self.process, file).names)) != self.columns:
                raise DataError(
                    "the files of the folder have different columns",
                    got=f"{_difference(names, self.columns)} in {file}",
                    hint="move the file to another folder",
                )
            wanted = {"reading": next(_READINGS), "columns": None if columns is None else list(columns)}
            for place in itertools.count():
                found, data = _ask(self.process, "chunk", file, place=place, **wanted)
                if not found:
                    break
                yield pa.ipc.open_stream(data).read_all()


def open_columnar(path: Path) -> ColumnarReader:
    """Open a Parquet, Feather or Arrow file, or a folder that holds some of one kind.

    Args:
        path: The file or folder.

    Raises:
        DataError: The file is damaged, two columns have the same name, or the folder also holds test samples.
    """
    files = columnar_files(path) if path.is_dir() else [path]
    if not files:
        raise DataError(
            f"no file in {path} ends in {', '.join(FORMATS)}",
            hint="pass the folder that they are in, such as the folder of one split",
        )
    test = [file.name for file in files if re.match(r"test\b|test_", file.name, re.IGNORECASE)]
    if 0 < len(test) < len(files):
        raise DataError(
            f"{path} holds test samples ({listed(test, 3)}) next to other files, which would become one table",
            hint="move them to a folder of their own, and pass that as the test table",
        )
    process = _process_for(path)
    process.start()  # it loads while we do
    states = {file: file_state(file) for file in files}
    schema = _read_schema(process, files[0])
    check_columns(schema.names, where=str(files[0]))
    return ColumnarReader(path, states, schema, process)


@lru_cache(maxsize=2)
def _process_for(path: Path) -> FileProcess:
    """What reads a file or folder; opening it again, as after a look at it, starts nothing anew."""
    return FileProcess("columnar")


def columnar_files(folder: Path) -> list[Path]:
    """The files of a folder that end like columnar files, sorted by name; none if it cannot be listed."""
    with survive(__name__, f"listing {folder}", OSError):
        files = (path for path in folder.iterdir() if path.suffix.lower() in FORMATS and path.name[0] != ".")
        return sorted(filter(Path.is_file, files))
    return []


def _kind(file: Path) -> str:
    return FORMATS[file.suffix.lower()]


def _ask(process: FileProcess, action: str, file: Path, **details: Any) -> tuple[Any, bytes]:
    kind = _kind(file)
    return process.ask(action, name=f"the {kind.capitalize()} file {file}", file=str(file), kind=kind, **details)


def _read_schema(process: FileProcess, file: Path) -> "pa.Schema":
    import pyarrow as pa

    return pa.ipc.read_schema(pa.py_buffer(_ask(process, "index", file)[1]))


def _difference(names: Sequence[str], expected: Sequence[str]) -> str:
    lacking, further = [n for n in expected if n not in names], [n for n in names if n not in expected]
    parts = [f'no "{lacking[0]}"'] if lacking else []
    parts += [f'also "{further[0]}"'] if further else []
    return listed(parts) or "another order"
