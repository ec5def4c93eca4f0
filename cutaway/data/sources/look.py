"""A look at a table before its use is known: every column, even if something is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cutaway.data.tables import (
    Column,
    Reader,
    TableOptions,
    decide_each,
    first_columns,
    open_reader,
    python_values,
    survey,
    table_options,
)
from cutaway.errors import CutawayError
from cutaway.log import survive
from cutaway.progress import ProgressCallback, ignore_progress

LABELS = ("label", "labels", "class", "classes", "target", "y", "outcome", "species", "diagnosis", "category")
"""Names that columns of classes often have; if there is none of them, the last column is the usual place."""

MOST = 100
"""Classes of a label that is guessed at most: a measurement in whole numbers has more values."""

ROWS = 8

LOOKED_AT = 10_000
"""Number of rows read to propose a label if none was named."""


@dataclass(frozen=True)
class TableLook:
    """What is in a table.

    Attributes:
        options: The options given, with the label that was guessed if none was named; "" if none was found.
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
    """Read a table once, and describe it; problems of a column or the label are not errors here.

    Args:
        where: The file, or a folder of columnar files.
        on_progress: Told while it is read.
        options: As `table_options` takes them; ``label`` may be left out.

    Raises:
        UsageError, DataError: An option is unknown, or the file is damaged.
    """
    options = {name: value for name, value in options.items() if name != "test"}
    label, reader = options.get("label") or None, open_reader(where, options)
    options["label"] = "" if label is None and not options.get("target") else label
    chosen = table_options(reader.columns, where=str(where), **options)
    found = survey(reader, replace(chosen, target=(), log=False), on_progress=on_progress)
    if label is None and not chosen.target:
        chosen = replace(chosen, label=guess_label(found.columns))
    columns, errors = decide_each(found.columns, chosen, where=where.name)
    wrong = {name: str(error) for name, error in errors.items()}
    return TableLook(chosen, columns, wrong, _first_rows(reader), found.columns[0].rows)


def guess_label(columns: Sequence[Column]) -> str:
    """The column that most likely holds the classes, by its name or, of those that can, its place; "" if none can."""
    by_name = {column.name.strip().lower(): column.name for column in reversed(columns)}
    named = next((by_name[name] for name in LABELS if name in by_name), None)
    return named or next((column.name for column in reversed(columns) if _can_be_classes(column)), "")


def likely_label(reader: Reader) -> str:
    """The column that most likely holds the classes, as far as the first rows show; "" if none can."""
    with survive(__name__, "guessing the column of the classes", CutawayError):  # reading the file reports the damage
        return guess_label(first_columns(reader, LOOKED_AT))
    return ""


def _can_be_classes(column: Column) -> bool:
    """Whether a column holds a few values, each of them often."""
    most = min(MOST, column.known // 2)
    if column.type == "number":
        return column.whole and 1 <= column.high - column.low < most and not column.missing
    return column.type == "category" and 2 <= (column.distinct or 0) <= most and not column.missing


def _shown(value: Any) -> str:
    return "" if value is None else str(value)[:80]


def _first_rows(reader: Reader) -> tuple[tuple[str, ...], ...]:
    for chunk in reader.chunks():
        columns = (python_values(column, range(min(ROWS, len(chunk)))) for column in chunk.columns)
        return tuple(zip(*(map(_shown, values) for values in columns), strict=True))
    return ()
