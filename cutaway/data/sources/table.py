"""Tables in files: CSV and its kin, workbooks, Parquet, Feather and Arrow, and folders of the last three."""

import dataclasses
from pathlib import Path
from typing import Any

from cutaway.data.tables import (
    FORMATS,
    WORKBOOKS,
    Reader,
    Table,
    TableOptions,
    columnar_files,
    make_table,
    open_any,
    open_reader,
    table_options,
)
from cutaway.progress import ProgressCallback, ignore_progress

from .look import likely_label
from .record import DataSource

ENDINGS = (".csv", ".tsv", ".tab", ".txt", ".data", *FORMATS, *WORKBOOKS)
PACKED = (".gz", ".zst", ".bz2")


def load(where: str | Path, **options: Any) -> Table:
    """Open a table.

    Args:
        where: The file; a folder of columnar files, which are one table.
        options: See `table_of`.

    Raises:
        UsageError, DataError: See `make_table`.
    """
    path = Path(where)
    reader = open_reader(path, options)
    return table_of(reader, name=_stem(path), origin={"kind": "path", "path": str(path)}, **options)


def table_of(
    reader: Reader,
    *,
    name: str,
    origin: dict[str, str],
    label: str | int | None = None,
    test: Any = None,
    on_progress: ProgressCallback = ignore_progress,
    **options: Any,
) -> Table:
    """Make a table of what a reader has.

    Args:
        reader: The training samples.
        name: See `make_table`.
        origin: Where they are; the options are added.
        label: Name or number of the column of the classes.
        test: Another table with the test samples: a path, or a frame.
        on_progress: Told while the tables are read.
        options: See `TableOptions`.

    Raises:
        UsageError, DataError: See `make_table`.
    """
    readers: dict[str, Reader] = {"train": reader}
    if test is not None:
        readers["test"] = open_any(test, options, what="test")
        if reader.where:
            options["test"] = str(readers["test"].where or "")
    where = str(reader.where or reader.form)
    likely = likely_label(reader) if label is None else ""
    chosen = table_options(reader.columns, label=label, where=where, likely=likely, **options)
    return make_table(
        readers, chosen, name=name, origin={**origin, "options": chosen.to_json()}, on_progress=on_progress
    )


def _stem(path: Path) -> str:
    while path.suffix.lower() in (*ENDINGS, *PACKED):
        path = path.with_suffix("")
    return path.name


def is_table_path(where: str | Path) -> bool:
    """Whether a path is named as tables are, or is a folder of tables."""
    if not isinstance(where, Path):
        return False
    if where.is_dir():
        return bool(columnar_files(where))
    unpacked = where.with_suffix("") if where.suffix.lower() in PACKED else where
    return unpacked.suffix.lower() in ENDINGS


def tables_beside(folder: Path) -> list[str]:
    """Names of the files of a folder that could be trained on by themselves, and are not read with it."""
    if not folder.is_dir():
        return []
    read = set(columnar_files(folder))
    return sorted(
        file.name
        for file in folder.iterdir()
        if file.is_file() and file.name[0] != "." and file not in read
        # a text file is more often a note than a table
        if file.suffix.lower() == ".npz" or (is_table_path(file) and ".txt" not in file.suffixes)
    )


SOURCE = DataSource(
    "a table (CSV, TSV, Excel, ODS, Parquet, Feather or Arrow)",
    is_table_path,
    load,
    options=frozenset(field.name for field in dataclasses.fields(TableOptions)),
    reports=True,
)
