"""Tables in files: CSV and its kin, Parquet, Feather and Arrow, and folders of these."""

import dataclasses
from pathlib import Path
from typing import Any

from cutaway.data.tables import FORMATS, Reader, Table, TableOptions, make_table, open_any, open_reader, table_options
from cutaway.progress import ProgressCallback, ignore_progress

from .record import DataSource

TEXT = (".csv", ".tsv", ".tab", ".txt", ".data")
PARTS = {"train": "train", "validation": "val", "val": "val", "test": "test"}
"""Folders of a dataset that is split already, as Hugging Face saves it -> the source that each becomes."""

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
        where: The file; a folder of files of one kind; or a folder with such folders named train, test and the like.
        label: Name or number of the column of the classes.
        test: Another table with the test samples: a path, or a frame.
        on_progress: Told while the tables are read.
        options: As `TableOptions`.

    Raises:
        UsageError, DataError: As `make_table`.
    """
    path = Path(where)
    header = options.get("header")
    parts = {part: path / part for part in PARTS if path.is_dir() and _holds_tables(path / part)}
    roots = {PARTS[part]: folder for part, folder in parts.items()} if "train" in parts else {"train": path}
    readers: dict[str, Reader] = {source: open_reader(root, header=header) for source, root in roots.items()}
    if test is not None:
        readers["test"] = open_any(test, header=header, what="test")
        options["test"] = str(readers["test"].where or "")
    chosen = table_options(readers["train"].columns, label=label, where=str(path), **options)
    origin = {"kind": "path", "path": str(path), "options": chosen.to_json()}
    return make_table(readers, chosen, name=_stem(path), origin=origin, on_progress=on_progress)


def _stem(path: Path) -> str:
    stem = path.name
    while Path(stem).suffix.lower() in (*TEXT, *PACKED, *FORMATS):
        stem = Path(stem).stem
    return stem or path.name


def _holds_tables(folder: Path) -> bool:
    try:
        return any(child.suffix.lower() in FORMATS for child in folder.iterdir() if not child.name.startswith("."))
    except OSError:
        return False


def is_table_path(where: str | Path) -> bool:
    """Whether a path is named as tables are, or is a folder of tables."""
    if not isinstance(where, Path):
        return False
    if where.is_dir():
        return _holds_tables(where) or _holds_tables(where / "train")
    endings = [ending.lower() for ending in where.suffixes[-2:]]
    if endings and endings[-1] in PACKED:
        endings.pop()
    return bool(endings) and endings[-1] in (*TEXT, *FORMATS)


SOURCE = DataSource(
    "a table (CSV, TSV, Parquet, Feather or Arrow)",
    is_table_path,
    load,
    options=frozenset(field.name for field in dataclasses.fields(TableOptions)),
)
