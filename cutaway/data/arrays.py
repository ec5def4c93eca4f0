"""The user's arrays and tables as inputs: checked, never repaired, copied unless on disk, uint8 or float32."""

import sys
from typing import Any

import numpy as np

from cutaway.checks import as_array, warn_user
from cutaway.errors import DataError
from cutaway.parallel import ask_memory
from cutaway.sparse import check_sparse, is_sparse
from cutaway.words import listed, quoted

from .mapping import is_mapped, pieces

DENSE_BYTES = 100_000_000
"""Bytes that a sparse matrix may take with all its entries before a warning says so."""


def as_inputs(x: Any, *, split: str) -> np.ndarray:
    """Copy inputs of any supported kind into one array; a memory map is not copied.

    Args:
        x: An array, a nested list or a pandas DataFrame: (sample, *shape) numbers.
        split: "train" or "test", for error messages.

    Returns:
        (sample, *shape), uint8 if x is uint8, else float32; a copy in C order, or a view of `x` if it is a memory map.

    Raises:
        DataError: The inputs are not rectangular, not numeric, empty, or a memory map of another dtype.
    """
    values = _frame_values(x, split) if is_pandas(x, "DataFrame") else _array_values(x, split)
    if values.ndim < 2:
        raise DataError(
            f"the inputs of {split} have the shape {values.shape}, not (sample, feature, ...)",
            hint="use one row per sample, for example x.reshape(-1, 1) if a sample is one number",
        )
    if values.size == 0:
        raise DataError(
            f"the inputs of {split} are empty: their shape is {values.shape}",
            hint="check how they were selected or read",
        )
    return values


def finite_range(values: np.ndarray, *, split: str, given: Any) -> tuple[float, float]:
    """Find the smallest and the largest input, piece by piece; uint8 is not read and counts as 0 to 255.

    Args:
        values: The converted inputs, (sample, *shape).
        split: "train" or "test", for error messages.
        given: The inputs as the user gave them, for the names of columns in error messages.

    Raises:
        DataError: A value is missing, or not finite in float32.
    """
    if values.dtype == np.uint8:
        return 0.0, 255.0
    low, high, done = np.inf, -np.inf, 0
    for piece in pieces(values):
        # NaN propagates through both, so one pass finds the range and whether all values are finite.
        low, high = float(np.minimum(low, piece.min())), float(np.maximum(high, piece.max()))
        if not (np.isfinite(low) and np.isfinite(high)):
            raise _not_finite(piece.reshape(len(piece), -1), done, split=split, given=given)
        done += len(piece)
    return low, high


def check_aligned(x: Any, y: Any, *, split: str, lengths: tuple[int, int]) -> None:
    """Refuse inputs and labels whose rows do not belong together.

    Raises:
        DataError: The lengths differ, or the indexes of two pandas objects differ.
    """
    if lengths[0] != lengths[1]:
        raise DataError(
            f"{split} has {lengths[0]} samples and {lengths[1]} labels",
            hint="check that both were read from matching files",
        )
    if is_pandas(x, "DataFrame") and is_pandas(y, "Series") and not x.index.equals(y.index):
        raise DataError(
            f"the table and the labels of {split} have different indexes",
            hint="reorder the labels with y.loc[x.index], or reset both indexes if the rows match",
        )


def check_alike(train: np.ndarray, other: np.ndarray, *, split: str, given: tuple[Any, Any]) -> None:
    """Refuse inputs of a split with another sample shape, dtype or order of columns than the training inputs.

    Args:
        train: The converted training inputs, (sample, *shape).
        other: The converted inputs of the split, (sample, *shape).
        split: "val" or "test".
        given: Both as the user gave them, to compare the columns of tables.

    Raises:
        DataError: The sample shape, the dtype or the order of columns differs.
    """
    if train.shape[1:] != other.shape[1:] or train.dtype != other.dtype:
        raise DataError(
            f"x_{split} has the sample shape and dtype {other.shape[1:]} {other.dtype}, "
            f"and x has {train.shape[1:]} {train.dtype}",
            hint="prepare both in the same way",
        )
    x, x_other = given
    if is_pandas(x, "DataFrame") and is_pandas(x_other, "DataFrame") and list(x.columns) != list(x_other.columns):
        raise DataError(
            f"x_{split} has the columns {list(x_other.columns)}, and x has {list(x.columns)}",
            hint=f"pass x_{split}[x.columns]",
        )


def is_pandas(value: Any, kind: str) -> bool:
    """Whether a value is a pandas object of that kind; this never imports pandas."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, getattr(pandas, kind))


def as_numbers(value: Any, *, what: str) -> np.ndarray:
    """View numbers as a NumPy array.

    Raises:
        DataError: The value is ragged, has masked entries, or holds something else than numbers.
    """
    values = as_array(value, what=what)
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"{what} have the dtype {values.dtype}, which is not a type of numbers",
            hint="convert it, for example with np.asarray(x, dtype=np.float32)",
        )
    return values


def as_fitted(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """View the inputs and the targets of a ``fit`` as NumPy arrays; those of one axis become a column.

    Raises:
        DataError: They are no numbers, there are none, or their lengths differ.
    """
    x, y = np.atleast_2d(as_numbers(x, what="the inputs").T).T, np.atleast_2d(as_numbers(y, what="the targets").T).T
    if not x.size or len(x) != len(y):
        raise DataError(
            f"x and y must hold the same samples, at least one, not {len(x):,} and {len(y):,}",
            hint="check how they were selected or read",
        )
    return x, y


def _array_values(x: Any, split: str) -> np.ndarray:
    if is_sparse(x):
        x = _dense(x, split)
    values = as_numbers(x, what=f"the inputs of {split}")
    return _mapped_values(values, split) if is_mapped(values) else _copy(values)


def _dense(x: Any, split: str) -> np.ndarray:
    """A sparse matrix with all its entries, which the model is fed, if they fit into memory."""
    check_sparse(x, what=f"the inputs of {split}")
    size = 4 * x.shape[0] * x.shape[1]
    ask_memory(
        size,
        what=f"the inputs of {split}, with all their entries,",
        got=f"a sparse {type(x).__name__} of {x.shape[0]:,} x {x.shape[1]:,}",
        hint="choose fewer columns, for example with sklearn.feature_selection or TruncatedSVD",
    )
    if size > DENSE_BYTES:
        warn_user(f"the sparse inputs of {split} take {size / 1e9:.1f} GB of memory with all their entries")
    return x.astype(np.uint8 if x.dtype == np.uint8 else np.float32).toarray()


def _mapped_values(values: np.ndarray, split: str) -> np.ndarray:
    if values.dtype not in (np.uint8, np.float32):
        raise DataError(
            f"the inputs of {split} are a memory map of dtype {values.dtype}; only uint8 and float32 can stay on disk",
            hint='convert it piece by piece into np.lib.format.open_memmap(file, mode="w+", dtype="float32", '
            "shape=x.shape), or pass np.array(x) if it fits into memory",
        )
    return values.view()  # a view, so that making it read-only does not affect the user's array


def _frame_values(frame: Any, split: str) -> np.ndarray:
    other = [str(column) for column, dtype in frame.dtypes.items() if dtype.kind not in "biuf"]
    if other:
        raise DataError(
            f"some input columns of {split} are not numeric: " + listed(list(map(quoted, other))),
            hint="drop these columns, or encode them as numbers, for example with pandas.get_dummies",
        )
    if all(dtype == np.uint8 for dtype in frame.dtypes):
        return _copy(frame.to_numpy())
    return _copy(frame.to_numpy(dtype=np.float64, na_value=np.nan))


def _copy(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # overflow becomes infinity, which is reported later with the name of the sample
        return np.array(values, dtype=np.uint8 if values.dtype == np.uint8 else np.float32, order="C")


def _not_finite(rows: np.ndarray, before: int, *, split: str, given: Any) -> DataError:
    sample, feature = divmod(int(np.argmin(np.isfinite(rows))), rows.shape[1])
    column = f", column {quoted(given.columns[feature])}" if is_pandas(given, "DataFrame") else ""
    return DataError(
        f"{rows[sample, feature]} in {split}[{before + sample}]{column} is not a finite number in the range of float32",
        hint="drop such samples or fill in their values",
    )
