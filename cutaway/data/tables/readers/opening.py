"""Which reader opens a table."""

import os
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from cutaway.checks import check_regular
from cutaway.errors import DataError, UsageError, os_errors

from .columnar import FORMATS, open_columnar
from .delimited import open_delimited
from .reader import Reader, frame_reader, is_frame
from .workbook import open_workbook

WORKBOOKS = (".xlsx", ".xlsm", ".ods", ".xls")


def open_reader(path: Path, options: Mapping[str, Any] = {}, *, wanted: Container[str] | None = None) -> Reader:
    """Open a table in a file or a folder: columnar ones and workbooks by the ending of their names, all else as text.

    Args:
        path: The file, or a folder of columnar files.
        options: Options of a table, see `TableOptions`; only ``header`` and ``sheet`` are used here.
        wanted: The columns that are read; all if None.

    Raises:
        UsageError: It is a workbook, and python-calamine is not installed.
        DataError: The file cannot be read, is damaged or empty, or two columns have the same name; or it is not clear
            which sheet of a workbook is meant.
    """
    if not path.is_dir():
        check_regular(path)
    with os_errors(f"cannot read the table {path}", hint="check its permissions", kind=DataError):
        os.listdir(path) if path.is_dir() else open(path, "rb").close()
    if path.is_dir() or path.suffix.lower() in FORMATS:
        return open_columnar(path)
    if path.suffix.lower() in WORKBOOKS:
        return open_workbook(path, options, wanted=wanted)
    return open_delimited(path, header=options.get("header"), wanted=wanted)


def open_any(
    table: Any, options: Mapping[str, Any] = {}, *, what: str = "a table", wanted: Container[str] | None = None
) -> Reader:
    """Open a table by its path, or view a frame.

    Args:
        table: A path, or a frame of pandas, Polars or Arrow.
        options: See `open_reader`.
        what: What it is, for messages.
        wanted: The columns that are read; all if None.

    Raises:
        UsageError: It is neither, or there is no such file; or see `open_reader`.
        DataError: The file is damaged.
    """
    if is_frame(table):
        return frame_reader(table, wanted=wanted)
    if not isinstance(table, str | os.PathLike):
        raise UsageError(f"{what} must be a path or a frame, not {type(table).__name__}")
    path = Path(table).expanduser()
    if not os.path.exists(path):  # unlike Path.exists, it returns False in a folder that nobody may look into
        raise UsageError(f"no such file for {what}: {path}", hint="check the path")
    return open_reader(path.resolve(), options, wanted=wanted)
