"""Tables in files: CSV and its kin, Parquet, Feather and Arrow, and folders of these."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from cutaway.data.tables import FORMATS, Reader, Table, TableOptions, make_table, open_reader, table_options
from cutaway.errors import UsageError

from .record import DataSource

TEXT = (".csv", ".tsv", ".tab", ".txt", ".data")
PACKED = (".gz", ".zst", ".bz2")


def load(where: str | Path, *, label: str | int | None = None, test: str | Path | None = None, **options: Any) -> Table:
    """Open a table.

    Args:
        where: The file, or a folder of files of one kind.
        label: Name or number of the column of the classes.
        test: Another table with the test samples.
        options: As `TableOptions`.

    Raises:
        UsageError, DataError: As `make_table`.
    """
    path = Path(where)
    header = options.get("header")
    readers: dict[str, Reader] = {"train": open_reader(path, header=header)}
    if test is not None:
        held = Path(test).expanduser().resolve()
        if not held.exists() or not _matches(held):
            raise UsageError("test is a table as well", got=str(test), hint="check the path")
        readers["test"] = open_reader(held, header=header)
        options["test"] = str(held)
    chosen = table_options(readers["train"].columns, label=label, where=str(path), **options)
    return make_table(readers, chosen, name=_stem(path), origin=origin_of(path, chosen))


def origin_of(path: Path, options: TableOptions) -> dict[str, str]:
    """How to load the table again."""
    given = {
        name: value
        for name, value in dataclasses.asdict(options).items()
        if value != TableOptions.__dataclass_fields__[name].default
    }
    return {"kind": "path", "path": str(path), "options": json.dumps(given, ensure_ascii=False)}


def _stem(path: Path) -> str:
    stem = path.name
    while Path(stem).suffix.lower() in (*TEXT, *PACKED, *FORMATS):
        stem = Path(stem).stem
    return stem or path.name


def _matches(where: str | Path) -> bool:
    if not isinstance(where, Path):
        return False
    if where.is_dir():
        return any(child.suffix.lower() in FORMATS for child in where.iterdir() if not child.name.startswith("."))
    endings = [ending.lower() for ending in where.suffixes[-2:]]
    if endings and endings[-1] in PACKED:
        endings.pop()
    return bool(endings) and endings[-1] in (*TEXT, *FORMATS)


SOURCE = DataSource(
    "a table (CSV, TSV, Parquet, Feather or Arrow)",
    _matches,
    load,
    options=frozenset(field.name for field in dataclasses.fields(TableOptions)),
)
