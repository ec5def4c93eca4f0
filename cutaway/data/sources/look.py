"""A look at a table before anybody has said what it is for: every column, also where something is wrong with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.data.tables import (
    Column,
    Reader,
    TableOptions,
    decide_each,
    open_columnar,
    open_reader,
    python_values,
    survey,
    table_options,
)
from cutaway.progress import ProgressCallback, ignore_progress

from .features import read_features
from .parts import columnar_parts

LABELS = ("label", "labels", "class", "classes", "target", "y", "outcome", "species", "diagnosis", "category")
"""Names that columns of classes often have; where there is none of them, the last column is the usual place."""

ROWS = 8


@dataclass(frozen=True)
class TableLook:
    """What is in a table.

    Attributes:
        options: What was said about it, with the label that was guessed if none was named.
        columns: All columns, and what would be done with each.
        wrong: What is wrong with a column, by its name.
        rows: The first rows, as text; "" where a value is not known.
        count: Number of rows.
    """

    options: TableOptions
    columns: tuple[Column, ...]
    wrong: dict[str, str]
    rows: tuple[tuple[str, ...], ...]
    count: int


def look_at_table(where: Path, *, on_progress: ProgressCallback = ignore_progress, **options: Any) -> TableLook:
    """Read a table once, and say what is in it; what is wrong with a column or the label is no error here.

    Args:
        where: The file, or a folder of columnar files.
        on_progress: Told while it is read.
        options: As `table_options` takes them; ``label`` may be left out.

    Raises:
        UsageError, DataError: An option is unknown, or the file is damaged.
    """
    options = {name: value for name, value in options.items() if name != "test"}
    parts, label = columnar_parts(where), options.get("label")
    if parts:
        reader: Reader = open_columnar(parts["train"][0].parent if where.is_dir() else where, files=parts["train"])
        label = read_features(parts["train"][0]).only_classes if label is None else label
    else:
        reader = open_reader(where, header=options.get("header"))
    options["label"] = guess_label(reader.columns) if label is None else label
    chosen = table_options(reader.columns, where=str(where), **options)
    found = survey(reader, chosen, on_progress=on_progress)
    columns, wrong = decide_each(found.profiles, chosen, where=where.name, same=found.same)
    return TableLook(chosen, columns, wrong, _first_rows(reader), found.profiles[0].rows)


def guess_label(columns: tuple[str, ...] | list[str]) -> str:
    """The column that most likely holds the classes, by its name or its place."""
    by_name = {name.strip().lower(): name for name in reversed(columns)}
    return next((by_name[name] for name in LABELS if name in by_name), columns[-1])


def _shown(value: Any) -> str:
    return "" if value is None else str(value)[:80]


def _first_rows(reader: Reader) -> tuple[tuple[str, ...], ...]:
    for chunk in reader.chunks():
        columns = (python_values(column, range(min(ROWS, len(chunk)))) for column in chunk.columns)
        return tuple(zip(*(map(_shown, values) for values in columns), strict=True))
    return ()
