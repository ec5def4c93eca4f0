"""The first pass over a table: what every column holds, the label of every row, and which columns are the same."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.errors import DataError, Hint, printable
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.words import listed, quoted

from .cells import as_categories, as_dates, as_numbers, as_text, trimmed
from .column import Column, number_error
from .options import TableOptions
from .readers import Reader, decimal_mark, reading, row_words

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Survey:
    """What one pass over a table found.

    Attributes:
        where: The table, for messages.
        columns: What each column holds, before its use is decided.
        codes: int64 (row,), index into `values` of each row's label, -1 for a missing one.
        values: The different labels, as text, in the order in which they appear.
        targets: float64 (row, target), read-only; no column if no target is named.
        extras: (row,) by name: "group" as int64 codes, "time" and "weight" as float64, if requested.
        groups: The different groups.
    """

    where: str
    columns: tuple[Column, ...]
    codes: np.ndarray
    values: tuple[str, ...]
    targets: np.ndarray
    extras: Mapping[str, np.ndarray]
    groups: frozenset[str]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The labels in order: as numbers if all of them are, else, and between equal ones, as text."""
        try:
            return tuple(sorted(self.values, key=lambda value: (float(value), value)))
        except ValueError:
            return tuple(sorted(self.values))

    def labels(self, class_names: tuple[str, ...]) -> np.ndarray:
        """The class number of each row, int64 (row,), read-only.

        Raises:
            DataError: A label is missing, or none of the classes.
        """
        place = {name: number for number, name in enumerate(class_names)}
        places = np.array([*(place.get(value, -1) for value in self.values), -1], np.int64)
        labels = places[self.codes]
        if len(labels) and labels.min() < 0:
            row = int(labels.argmin())
            code, known = int(self.codes[row]), listed(list(map(quoted, class_names)), 10)
            raise DataError(
                f"a label of {self.where} is not a label of the training samples: {known}",
                got=quoted(self.values[code]) * (code >= 0) + "none" * (code < 0) + f" in {row_words(row, self.where)}",
                hint="correct or drop such rows",
            )
        labels.flags.writeable = False
        return labels

    def check_known(self, names: Sequence[str]) -> None:
        """Refuse a table if one of some columns lacks a value.

        Raises:
            DataError: One is not.
        """
        for column in self.columns:
            if column.missing and column.name in names:
                raise DataError(
                    f"values are missing: {column.missing:,} of {column.rows:,} rows "
                    f'without "{column.name}" in {self.where}',
                    hint=Hint("fill them in, ignore the column, or pass {}", missing="median"),
                )


def first_columns(reader: Reader, most: int) -> tuple[Column, ...]:
    """What is in each column, as far as the first rows show.

    Args:
        reader: The table.
        most: Maximum number of rows to read.

    Raises:
        DataError: The table is damaged.
    """
    columns = tuple(Column(name, decimal_mark(reader)) for name in reader.columns)
    for chunk in reader.chunks():
        for column in columns:
            column.add(chunk[column.name].slice(0, most))
        return columns
    return ()


def survey(reader: Reader, options: TableOptions, *, on_progress: ProgressCallback = ignore_progress) -> Survey:
    """Read a table once.

    Args:
        reader: The table.
        options: What the user says; columns that do not exist are left to `decide`.
        on_progress: Told after every chunk.

    Raises:
        DataError: The table is damaged or has no row, or `target`, `time` or `weight` do not hold numbers or dates.
    """
    where = str(reader.where or reader.form)
    columns = {name: Column(name, decimal_mark(reader)) for name in reader.columns}
    label, group = _Codes(), _Codes()
    kept: dict[tuple[str, str], list[Any]] = defaultdict(list)
    wanted = [("target", each) for each in options.target] + [("time", options.time), ("weight", options.weight)]
    same: dict[str, str] | None = None
    name = reader.where.name if reader.where else "the table"
    for chunk in reading(reader, task=f"reading {printable(name, 60)}", on_progress=on_progress):
        for column in columns.values():
            column.add(chunk[column.name])
        same = _equal_columns(chunk) if same is None else _still_equal(chunk, same)
        if options.label in columns:
            label.add(chunk[options.label])
        if options.group in columns:
            group.add(chunk[options.group])
        for role, each in wanted:
            if each in columns:
                kept[role, each].append(chunk[each])
    for column, earlier in (same or {}).items():
        columns[column].same = earlier
    if not any(column.rows for column in columns.values()):
        raise DataError(f"there is no row of values in {where}", hint="check the file")
    numbers = {key: _numbers(key[0], columns[key[1]], chunks, where) for key, chunks in kept.items()}
    extras = {role: values for (role, _), values in numbers.items() if role != "target"}
    targets = [numbers["target", each] for each in options.target if each in columns]
    rows = max(column.rows for column in columns.values())
    if options.group in columns:
        extras["group"] = group.codes()
        if (unknown := int((extras["group"] < 0).sum())) > 0:
            raise DataError(
                f'the group "{options.group}" is missing in {unknown:,} of {len(extras["group"]):,} rows of {where}',
                hint="drop these rows, or give each a group of its own",
            )
    answers = np.stack(targets, axis=1) if targets else np.empty((rows, 0))
    answers.flags.writeable = False
    known = tuple(columns.values())
    return Survey(where, known, label.codes(), tuple(label.values), answers, extras, frozenset(group.values))


class _Codes:
    """Numbers for the different texts of a column, collected chunk by chunk."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self._parts: list[np.ndarray] = []

    def add(self, column: "pa.ChunkedArray") -> None:
        encoded: Any = as_categories(column).combine_chunks()
        encoded = encoded.dictionary_encode()
        numbers = [self.values.setdefault(value, len(self.values)) for value in encoded.dictionary.to_pylist()]
        indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        self._parts.append(np.array([*numbers, -1], np.int64)[indices])

    def codes(self) -> np.ndarray:
        return np.concatenate(self._parts) if self._parts else np.empty(0, np.int64)


def _numbers(role: str, column: Column, chunks: list[Any], where: str) -> np.ndarray:
    """The values of a column of targets, or that orders or weighs the samples: float64 (row,), all known."""
    if (refusal := number_error(role, column, where)) is not None:
        raise refusal
    parts = []
    for cells in chunks:
        text = trimmed(as_text(cells)) if column.date_format or column.type == "number" else cells
        read = as_dates(text, column.date_format) if column.type == "date" else as_numbers(text, column.decimal)
        if read is None:
            raise DataError(
                f'"{column.name}" of {where} has a number that cannot be read, such as a decimal of 1E+100',
                hint="name another column",
            )
        parts.append(read.to_numpy())
    return np.concatenate(parts)


def _equal_columns(chunk: "pa.Table") -> dict[str, str]:
    """Columns that equal an earlier one in this chunk."""
    same: dict[str, str] = {}
    firsts: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for name in chunk.column_names:
        column = chunk[name]
        # columns that agree in their type and in a few cells are compared as a whole
        few = (str(column.type), column.null_count, column.slice(0, 8).to_string())
        equal = next((earlier for earlier in firsts[few] if chunk[earlier].equals(column)), None)
        if equal is None:
            firsts[few].append(name)
        else:
            same[name] = equal
    return same


def _still_equal(chunk: "pa.Table", same: dict[str, str]) -> dict[str, str]:
    return {name: earlier for name, earlier in same.items() if chunk[earlier].equals(chunk[name])}
