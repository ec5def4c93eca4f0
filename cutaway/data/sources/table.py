"""Tables in files: CSV and its kin, Parquet, Feather and Arrow, and folders of these."""

import dataclasses
from pathlib import Path
from typing import Any

from cutaway.data.tables import (
    FORMATS,
    Reader,
    Table,
    TableOptions,
    columnar_files,
    is_workbook,
    make_table,
    open_any,
    open_reader,
    table_options,
)
from cutaway.progress import ProgressCallback, ignore_progress

from .look import likely_label
from .record import DataSource

TEXT = (".csv", ".tsv", ".tab", ".txt", ".data")
PACKED = (".gz", ".zst", ".bz2")


def load(
    where: str | Path,
    *,
    label: str | int | None = None,
    test: Any = None,
    on_progress: ProgressCallback = ignore_progress,
    **options: Any,
) -> Table:
    """Open a table.

    Args:
        where: The file; a folder of columnar files, which are one table.
        label: Name or number of the column of the classes.
        test: Another table with the test samples: a path, or a frame.
        on_progress: Told while the tables are read.
        options: See `TableOptions`.

    Raises:
        UsageError, DataError: See `make_table`.
    """
    path = Path(where)
    header = options.get("header")
    readers: dict[str, Reader] = {"train": open_reader(path, header=header)}
    if test is not None:
        readers["test"] = open_any(test, header=header, what="test")
        options["test"] = str(readers["test"].where or "")
    likely = likely_label(readers["train"]) if label is None else ""
    chosen = table_options(readers["train"].columns, label=label, where=str(path), likely=likely, **options)
    origin = {"kind": "path", "path": str(path), "options": chosen.to_json()}
    return make_table(readers, chosen, name=_stem(path), origin=origin, on_progress=on_progress)


def _stem(path: Path) -> str:
    stem = path.name
    while Path(stem).suffix.lower() in (*TEXT, *PACKED, *FORMATS):
        stem = Path(stem).stem
    return stem or path.name


def is_table_path(where: str | Path) -> bool:
    """Whether a path is named as tables are, or is a folder of tables."""
    if not isinstance(where, Path):
        return False
    if where.is_dir():
        return bool(columnar_files(where))
    endings = [ending.lower() for ending in where.suffixes[-2:]]
    if endings and endings[-1] in PACKED:
        endings.pop()
    return bool(endings) and endings[-1] in (*TEXT, *FORMATS)


def tables_beside(folder: Path) -> list[str]:
    """Names of the files of a folder that could be trained on by themselves, and are not read with it."""
    if not folder.is_dir():
        return []
    found = {file for file in folder.iterdir() if file.is_file() and file.name[0] != "."} - {*columnar_files(folder)}
    # a text file is more often a note than a table
    return sorted(
        file.name
        for file in found
        if is_workbook(file) or file.suffix.lower() == ".npz" or (is_table_path(file) and ".txt" not in file.suffixes)
    )


SOURCE = DataSource(
    "a table (CSV, TSV, Parquet, Feather or Arrow)",
    lambda where: is_table_path(where) or (isinstance(where, Path) and is_workbook(where)),
    load,
    options=frozenset(field.name for field in dataclasses.fields(TableOptions)),
    reports=True,
)
