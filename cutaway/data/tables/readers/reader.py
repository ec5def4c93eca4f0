"""Tables as chunks of columns, from every kind of file or frame: read one chunk at a time, never as a whole."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cutaway.checks import check_unchanged
from cutaway.errors import DataError
from cutaway.progress import Progress, ProgressCallback, ignore_progress

if TYPE_CHECKING:
    import pyarrow as pa

FileStates = Mapping[Path, Any]
"""Files, and the `file_state` of each."""

BLOCK = 8 << 20
"""Bytes of text in a chunk."""

LONGEST_NAME = 200
"""Maximum number of characters of the name of a column."""

SMALL = {"MB": 20, "rows": 200_000}
"""Tables below this size are read within a second, and nothing is reported."""

MOST_COLUMNS = 20_000
"""Maximum number of columns of a table: a wider one is an array, and arrays are read from .npy files."""


def compute() -> Any:
    """The module `pyarrow.compute`, whose functions are made when it is imported: no type checker knows them."""
    import pyarrow.compute

    return pyarrow.compute


class Reader(Protocol):
    """A table that can be read more than once, chunk by chunk."""

    @property
    def where(self) -> Path | None:
        """The file or folder, or None for a table in memory."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in their order; those that are wanted are all different."""
        ...

    @property
    def states(self) -> FileStates:
        """Each of its files as it was before it was opened, see `check_unchanged`; none for a table in memory."""
        ...

    @property
    def form(self) -> str:
        """How the table is written, as a person would say it: "CSV: utf-8, comma, ..."."""
        ...

    @property
    def size(self) -> tuple[int, str]:
        """How much there is to read, and in what: MB or rows; 0 if not known."""
        ...

    def chunks(self, columns: Sequence[str] | None = None) -> "Iterator[pa.Table]":
        """Read the table from its beginning, all columns or some of them.

        Raises:
            DataError: The file is damaged; the message says where.
        """
        ...


@dataclass(frozen=True)
class FrameReader:
    """A table in memory: a pandas or Polars frame, an Arrow table, or whatever exports Arrow's C stream.

    Attributes:
        table: The columns.
        form: What it came from.
    """

    table: "pa.Table"
    form: str = "a table in memory"
    where: Path | None = None
    states: FileStates = field(default_factory=dict[Path, Any])

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.table.column_names)

    @property
    def size(self) -> tuple[int, str]:
        """Its rows."""
        return self.table.num_rows, "rows"

    def chunks(self, columns: Sequence[str] | None = None) -> "Iterator[pa.Table]":
        """The table, in one chunk."""
        yield self.table if columns is None else self.table.select(list(columns))


def row_words(row: int, where: object) -> str:
    """How every message names a row of a table: by its number from 1, below the names of the columns.

    Args:
        row: From 0.
        where: The table.
    """
    return f"row {row + 1:,} of {where}, counted from 1 below the names"


def decimal_mark(reader: Reader) -> str:
    """The decimal mark of numbers in the text of a table, "." or ","."""
    return getattr(getattr(reader, "dialect", None), "decimal", ".")


def reading(
    reader: Reader, columns: Sequence[str] | None = None, *, task: str, on_progress: ProgressCallback = ignore_progress
) -> Iterator[Any]:
    """Read a table chunk by chunk, and report how far it is if it is large.

    Args:
        reader: The table.
        columns: Names of the columns that are wanted; all if None.
        task: Name of the work in its progress.
        on_progress: Told after every chunk.

    Raises:
        DataError: A file is damaged, or has changed since it was opened.
    """
    total, unit = reader.size
    if 0 < total < SMALL[unit]:
        on_progress = ignore_progress
    done = 0.0
    on_progress(Progress(task, 0, total, unit))
    for chunk in reader.chunks(columns):
        check_unchanged(reader.states)
        yield chunk
        done += BLOCK / 1e6 if unit == "MB" else len(chunk)
        on_progress(Progress(task, min(int(done), max(total - 1, 0)) if total else int(done), total, unit))
    check_unchanged(reader.states)
    on_progress(Progress(task, total or int(done), total or int(done), unit))


def is_frame(value: Any) -> bool:
    """Whether a value is a table in memory that `frame_reader` takes."""
    columns = hasattr(value, "columns") or hasattr(value, "column_names")  # a Series has none
    return columns and (hasattr(value, "__arrow_c_stream__") or hasattr(value, "iloc"))


def frame_reader(frame: Any, *, wanted: Container[str] | None = None) -> FrameReader:
    """View a frame of pandas or Polars, an Arrow table, or another table with ``__arrow_c_stream__``.

    Args:
        frame: The frame.
        wanted: Names of the columns that are viewed if they are there; all if None.

    Raises:
        DataError: It has no columns; or, of those that are wanted, two of the same name, or one that Arrow cannot hold.
    """
    import pyarrow as pa

    names = getattr(frame, "column_names", None) or list(getattr(frame, "columns", ()))  # of Arrow, of a frame
    names = check_columns([str(name) for name in names], where="the table", wanted=wanted)
    kind = f"a {type(frame).__module__.partition('.')[0]} {type(frame).__name__}"
    places = [place for place, name in enumerate(names) if wanted is None or name in wanted]
    try:
        # the index of a pandas frame is not a column of it
        table = (
            pa.Table.from_pandas(frame.iloc[:, places], preserve_index=False)
            if hasattr(frame, "iloc")
            else pa.table(frame).select(places)
        )
    except (pa.ArrowException, TypeError, ValueError, OverflowError, NotImplementedError) as error:
        raise DataError(
            "a column of the table holds values of different kinds",
            got=", ".join(map(str, error.args)).replace("\n", " "),  # pyarrow says the column in a second one
            hint="convert the column, for example with frame[column].astype(str)",
        ) from None
    return FrameReader(table.rename_columns([str(name) for name in table.column_names]), form=kind)


def check_columns(names: Sequence[str], *, where: str, wanted: Container[str] | None = None) -> tuple[str, ...]:
    """Return the names of columns, if there are not too many and those that are wanted are all different.

    Args:
        names: The names.
        where: The table, for messages.
        wanted: The columns that are read; all if None.

    Raises:
        DataError: There are too many, or a name is too long, or two that are wanted are the same.
    """
    check_width(len(names), where=where)
    seen: set[str] = set()
    for number, name in enumerate(names, start=1):
        if len(name) > LONGEST_NAME:
            raise DataError(
                f"the name of column {number} of {where} has {len(name):,} characters, more than {LONGEST_NAME}; "
                f'it begins "{name[:20]}"',
                hint="shorten it",
            )
        if name in seen and (wanted is None or name in wanted):
            raise DataError(f'the name "{name}" again as column {number} of {where}', hint="rename one of them")
        seen.add(name)
    return tuple(names)


def check_width(columns: int, *, where: str) -> None:
    """Check that a table has no more columns than can be worked with.

    Args:
        columns: How many it has.
        where: The table, for messages.

    Raises:
        DataError: There are too many.
    """
    if columns > MOST_COLUMNS:
        raise DataError(
            f"too many columns: {columns:,} in {where}; at most {MOST_COLUMNS:,} are read",
            hint="save the inputs as an array with np.savez(file, x_train=..., y_train=...)",
        )
