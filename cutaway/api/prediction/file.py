# pyright: basic
# pyarrow has no types
"""Predictions in a file: CSV, Parquet or JSON lines, written chunk by chunk and renamed once it is complete."""

import csv
import io
import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np

from cutaway.data import safe_cell
from cutaway.errors import UsageError
from cutaway.runs import output_file

from .record import Predictions

ENDINGS = (".csv", ".jsonl", ".parquet")


def write_predictions(parts: Iterable[Predictions], path: Path) -> int:
    """Write predictions to a file, whose ending says in which format.

    Args:
        parts: The predictions, chunk by chunk, at least one.
        path: A file that ends in one of `ENDINGS`. It appears when it is complete; an existing one is replaced.

    Returns:
        The number of samples.

    Raises:
        UsageError: The ending is another one, or the folder does not exist.
        OSError: The disk refuses.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(
            f"predictions are written to a file that ends in {', '.join(ENDINGS)}",
            got=str(path),
            hint="rename it, for example to predictions.csv",
        )
    if not path.parent.is_dir():
        raise UsageError(
            "a file is written into a folder that exists", got=str(path.parent), hint="make the folder first"
        )
    with output_file(path) as target:
        if ending == ".parquet":
            return _write_parquet(parts, target)
        with open(target, "w", encoding="utf-8", newline="") as file:
            return write_text(parts, file, lines=ending == ".jsonl")


def write_text(parts: Iterable[Predictions], file: IO[str], *, lines: bool) -> int:
    """Write predictions as CSV, or as JSON lines.

    Args:
        parts: The predictions, chunk by chunk, at least one.
        file: Open for writing.
        lines: One JSON object a line, instead of CSV with the names of the columns in line 1.

    Returns:
        The number of samples.
    """
    count = 0
    for number, part in enumerate(parts):
        buffer = io.StringIO()
        if lines:
            buffer.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in part.records())
        else:
            columns = part.columns()
            writer = csv.writer(buffer, lineterminator="\n")
            if number == 0:
                writer.writerow([safe_cell(name) for name in columns])
            writer.writerows(zip(*map(_cells, columns.values()), strict=True))
        count += len(part)
        file.write(buffer.getvalue())
    return count


def _write_parquet(parts: Iterable[Predictions], path: Path) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    count = 0
    with ExitStack() as stack:
        writer = None
        for part in parts:
            columns = part.columns()
            schema = pa.schema([(name, _arrow_type(values)) for name, values in columns.items()])
            if writer is None:
                writer = stack.enter_context(parquet.ParquetWriter(path, schema))
            writer.write_table(pa.table(list(columns.values()), schema=schema))
            count += len(part)
    return count


def _arrow_type(values: Any) -> Any:
    import pyarrow as pa

    return pa.from_numpy_dtype(values.dtype) if isinstance(values, np.ndarray) else pa.string()


def _cells(values: Any) -> list[str]:
    """A column as text, of which no spreadsheet runs a cell."""
    if not isinstance(values, np.ndarray):
        return [safe_cell(value) for value in values]
    return [str(value).lower() if isinstance(value, bool) else f"{value:.6g}" for value in values.tolist()]
