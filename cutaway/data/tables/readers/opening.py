"""Which reader opens a table."""

import os
from collections.abc import Container
from pathlib import Path
from typing import Any

from cutaway.checks import check_regular
from cutaway.errors import DataError, UsageError, os_errors

from .columnar import FORMATS, open_columnar
from .delimited import open_delimited
from .reader import Reader, frame_reader, is_frame

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")

SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""How zip archives, which newer workbooks are, and older workbooks begin; no text does."""


def open_reader(path: Path, *, header: bool | None = None, wanted: Container[str] | None = None) -> Reader:
    """Open a table in a file or a folder: columnar ones by the ending of their names, all else as text.

    Args:
        path: The file, or a folder of columnar files.
        header: Whether line 1 of a text table holds names; None finds it out.
        wanted: The columns that are read; all if None.

    Raises:
        DataError: The file cannot be read, is damaged or empty, or two columns have the same name.
    """
    if not path.is_dir():
        check_regular(path)
    with os_errors(f"cannot read the table {path}", hint="check its permissions", kind=DataError):
        os.listdir(path) if path.is_dir() else open(path, "rb").close()
    if path.is_dir() or path.suffix.lower() in FORMATS:
        return open_columnar(path)
    if is_workbook(path) or _begins_as_workbook(path):
        raise workbook_error(path.name)
    return open_delimited(path, header=header, wanted=wanted)


def is_workbook(path: Path) -> bool:
    """Whether a file is named as workbooks of Excel and its kin are."""
    return path.suffix.lower() in WORKBOOKS


def workbook_error(name: str) -> DataError:
    """Why a workbook is not read, and what to do: it is an archive that may unpack to any size."""
    return DataError(
        f"{name} is a workbook, not a CSV, TSV, Parquet, Feather or Arrow file",
        hint=f'save its sheet as CSV, or in Python pass the frame of pandas.read_excel("{name}")',
    )


def _begins_as_workbook(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8).startswith(SIGNATURES)


def open_any(
    table: Any, *, header: bool | None = None, what: str = "a table", wanted: Container[str] | None = None
) -> Reader:
    """Open a table by its path, or view a frame.

    Args:
        table: A path, or a frame of pandas, Polars or Arrow.
        header: Whether line 1 of a text table holds names; None finds it out.
        what: What it is, for messages.
        wanted: The columns that are read; all if None.

    Raises:
        UsageError: It is neither, or there is no such file.
        DataError: The file is damaged.
    """
    if is_frame(table):
        return frame_reader(table, wanted=wanted)
    if not isinstance(table, str | os.PathLike):
        raise UsageError(f"{what} must be a path or a frame, not {type(table).__name__}")
    path = Path(table).expanduser()
    if not os.path.exists(path):  # unlike Path.exists, it returns False in a folder that nobody may look into
        raise UsageError(f"no such file for {what}: {path}", hint="check the path")
    return open_reader(path.resolve(), header=header, wanted=wanted)
