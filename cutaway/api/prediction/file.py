# pyright: basic
# pyarrow has no types
"""Predictions in a file: CSV, Parquet or JSON lines, written chunk by chunk and renamed once it is complete."""

import csv
import io
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from cutaway.errors import UsageError

from .samples import Predicted

ENDINGS = (".csv", ".jsonl", ".parquet")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins like this for a formula, and would run it."""


def write_predictions(parts: Iterable[Predicted], path: Path, *, class_names: Sequence[str]) -> int:
    """Write predictions to a file, whose ending says in which format.

    Args:
        parts: The predictions, chunk by chunk.
        path: A file that ends in one of `ENDINGS`. It appears when it is complete; an existing one is replaced.
        class_names: Names of the classes.

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
    with _replacing(path) as target:
        if ending == ".parquet":
            return _write_parquet(parts, target, class_names)
        with open(target, "w", encoding="utf-8", newline="") as file:
            return write_text(parts, file, class_names=class_names, lines=ending == ".jsonl")


def write_text(parts: Iterable[Predicted], file: IO[str], *, class_names: Sequence[str], lines: bool) -> int:
    """Write predictions as CSV, or as JSON lines.

    Args:
        parts: The predictions, chunk by chunk.
        file: Open for writing.
        class_names: Names of the classes.
        lines: One JSON object a line, instead of CSV with the names of the columns in line 1.

    Returns:
        The number of samples.
    """
    count = 0
    columns = ("sample", "predicted", *(f"P({name})" for name in class_names))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    if not lines:
        writer.writerow([_plain(name) for name in columns])
    for part in parts:
        for name, best, row in zip(part.names, part.best, part.probabilities.tolist(), strict=True):
            if lines:
                record = {
                    "sample": name,
                    "predicted": class_names[best],
                    "probabilities": dict(zip(class_names, row, strict=True)),
                }
                buffer.write(json.dumps(record, ensure_ascii=False) + "\n")
            else:
                writer.writerow([_plain(name), _plain(class_names[best]), *(f"{value:.6g}" for value in row)])
        count += len(part.names)
        file.write(buffer.getvalue())
        buffer.seek(0)
        buffer.truncate()
    file.write(buffer.getvalue())
    return count


def _write_parquet(parts: Iterable[Predicted], path: Path, class_names: Sequence[str]) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    fields: list[Any] = [("sample", pa.string()), ("predicted", pa.string())]
    schema = pa.schema([*fields, *((f"P({name})", pa.float32()) for name in class_names)])
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        for part in parts:
            named = [class_names[best] for best in part.best]
            writer.write_table(pa.table([list(part.names), named, *part.probabilities.T], schema=schema))
            count += len(part.names)
    return count


def _plain(cell: str) -> str:
    """A cell that no spreadsheet runs: a quote before what would be a formula, as OWASP advises; numbers are none."""
    return f"'{cell}" if cell.startswith(FORMULA) and not NUMBER.fullmatch(cell) else cell


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A new file beside `path`, which takes its place once it is complete; what is no regular file is written into."""
    real = Path(os.path.realpath(path))
    if real.exists() and not real.is_file():
        yield real
        return
    handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}-", suffix=".tmp")
    os.close(handle)
    try:
        yield Path(name)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, real)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
