"""Workbooks of Excel and LibreOffice: a sheet as a table of text, which a process of its own reads."""

import importlib.util
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from cutaway.checks import file_state, warn_user
from cutaway.errors import DataError, Hint, UsageError, install_hint
from cutaway.file_process import FileProcess
from cutaway.words import counted, listed

from .delimited import LINES, column_names, find_header
from .reader import FrameReader, check_columns


def open_workbook(path: Path, options: Mapping[str, Any], *, wanted: Container[str] | None = None) -> FrameReader:
    """Read a sheet of a workbook, whose cells become the text that they would be in a CSV file.

    Args:
        path: The file.
        options: See `open_reader`.
        wanted: The columns that are read; all if None.

    Raises:
        UsageError: python-calamine is not installed.
        DataError: The file is damaged, not exactly one sheet is meant, or two columns have the same name.
    """
    import pyarrow as pa

    if importlib.util.find_spec("python_calamine") is None:
        raise UsageError(
            f"reading the workbook {path} needs python-calamine",
            hint=f"{install_hint('excel')}, or save its sheet as CSV",
        )
    states = {path: file_state(path)}
    (found, rows), _ = FileProcess("workbook").ask(
        "read", name=f"the workbook {path}", file=str(path), sheet=str(options.get("sheet") or "")
    )
    if len(found) != 1:
        raise DataError(
            f"{path} has {counted(len(found), 'visible sheet')} with values ({listed(found, 12) or 'all are empty'})",
            hint=Hint("name one with {}, or delete the others", sheet=...),
        )
    where = f'sheet "{found[0]}" of {path.name}'
    named = find_header(rows[:LINES], ".", header=options.get("header"), where=where)
    if named and "" in rows[0]:
        warn_user(
            f"not every column has a name in the first row of {where}: if cells are merged there, or the names are "
            "below, correct it in the workbook"
        )
    names = check_columns(column_names(rows[0], header=named), where=where, wanted=wanted)
    return FrameReader(pa.table(list(zip(*rows, strict=True)), names).slice(named), where, path, states)
