"""The samples of an explorer as a table, and the samples that a user names."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.checks import meant
from cutaway.errors import UnknownNameError, UsageError
from cutaway.page.explorer import Explorer, SampleColumn
from cutaway.words import shown

if TYPE_CHECKING:
    import pandas

SAMPLE = "sample"
"""Names the index of a table of samples, and in the tables of other results the column of their names."""


def sample_table(record: Explorer, positions: Iterable[int], *, epoch: int) -> "pandas.DataFrame":
    """Some samples as a pandas DataFrame, one row each, with their names as the index "sample".

    Args:
        record: What is known of all samples.
        positions: Positions of the samples.
        epoch: Place of the epoch in the record.
    """
    import pandas

    rows = np.fromiter(positions, np.intp)
    index = pandas.Index([record.names[row] for row in rows], name=SAMPLE, dtype=object)
    cells = {name: _cells(column, rows, epoch) for name, column in named_columns(record).items()}
    return pandas.DataFrame(cells, index=index)


def named_columns(record: Explorer) -> dict[str, SampleColumn]:
    """The columns by what a user calls them: the columns of a user's table as they are called there, others by key."""
    named: dict[str, SampleColumn] = {}
    for column in record.columns:
        name = column.title if column.own else column.key
        named[column.key if name in named else name] = column
    return named


def _cells(column: SampleColumn, rows: np.ndarray, epoch: int) -> Any:
    values = column.values[min(epoch, len(column.values) - 1)]
    if column.kind == "text":
        return [values[row] for row in rows]
    chosen = np.asarray(values)[rows]
    if column.kind == "number":
        return chosen
    if column.kind == "date":
        return np.round(1e6 * chosen).astype("datetime64[us]")  # NaN is NaT
    if column.palette == "right":
        return chosen == 0
    return np.array([*column.names, None], object)[chosen]  # -1, for no category, is the last one


def find_positions(record: Explorer, samples: Any) -> tuple[int, ...]:
    """Positions of samples, ascending, each once.

    Args:
        record: All samples.
        samples: Names, positions, or a mask with a bool for each sample; a DataFrame with the names as its index or in
            a column "sample"; one name; None for no sample.

    Raises:
        UnknownNameError: There is no sample of a name.
        UsageError: It is nothing of that, a mask of another length, or a position outside the range.
    """
    values = _plain(samples)
    if not len(values):
        return ()
    if all(isinstance(value, str) for value in values):
        return tuple(sorted({_position(record, name) for name in values}))
    array = np.asarray(values)
    if array.dtype == bool:
        if array.shape != (record.count,):
            raise UsageError(
                f"the mask has {len(array):,} bools for {record.count:,} samples",
                hint="make it from the samples that the widget shows",
            )
        return tuple(np.flatnonzero(array).tolist())
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise _no_samples(samples)
    if array.min() < 0 or array.max() >= record.count:
        raise UsageError(
            f"no sample has the position {array.min() if array.min() < 0 else array.max():,}; positions are from 0 to "
            f"{record.count - 1:,}",
            hint="select by name, or by the positions of the samples that the widget shows",
        )
    return tuple(np.unique(array).tolist())


def _plain(samples: Any) -> list[Any]:
    if samples is None:
        return []
    if isinstance(samples, str):
        return [samples]
    if hasattr(samples, "columns") and hasattr(samples, "index"):
        named = SAMPLE in samples.columns and samples.index.name != SAMPLE
        samples = samples[SAMPLE] if named else samples.index
    try:
        return list(samples.tolist() if hasattr(samples, "tolist") else samples)
    except TypeError:
        raise _no_samples(samples) from None


def _position(record: Explorer, name: str) -> int:
    place = record.places.get(name)
    if place is None:
        raise UnknownNameError(
            f'"{name}" is not among the {record.count:,} samples that are shown',
            hint=meant(name, record.names, f'names are such as "{record.names[0]}"'),
        )
    return place


def _no_samples(samples: Any) -> UsageError:
    return UsageError(
        f"samples must be names, positions, a mask of bools or a DataFrame with their names, not {shown(samples)}",
        hint='pass for example ["test[7]"]',
    )
