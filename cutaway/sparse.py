"""What a sparse matrix is: its arrays are compared with its shape before compiled code, which trusts them, gets it."""

from typing import Any

import numpy as np

from cutaway.errors import DataError


def is_sparse(value: Any) -> bool:
    """Whether a value is a sparse matrix or array of SciPy, which need not be loaded to find out."""
    return hasattr(type(value), "toarray") and hasattr(
        type(value), "nnz"
    )  # not of the value: its arrays may be damaged


def check_sparse(matrix: Any, *, what: str) -> None:
    """Refuse a sparse matrix unless it holds finite numbers, each at a place inside its shape.

    Args:
        matrix: A matrix or array of `scipy.sparse`.
        what: What it is, for messages: "the inputs of train".

    Raises:
        DataError: It is damaged, not two-dimensional, of a format that SciPy converts without looking at it, or holds
            something else than finite numbers.
    """
    if (kind := getattr(matrix, "format", None)) not in ("csr", "csc", "bsr", "coo"):
        raise DataError(f'{what} are a sparse matrix of the format "{kind}"', hint="pass its tocsr()")
    try:
        _check(matrix)
    except (AttributeError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise DataError(f"{what} are a damaged sparse matrix: {error}", hint="make it again from its values") from None


def _check(matrix: Any) -> None:
    """Compare the arrays of a matrix with its shape.

    Raises:
        ValueError: They do not fit; the message says which.
    """
    (rows, columns), kind, data = matrix.shape, matrix.format, matrix.data
    block = data.shape[1:]
    if data.dtype.kind not in "biuf" or not np.isfinite(data).all():
        raise ValueError(f"its values are not all finite real numbers, in {data.dtype}")
    if len(block) != 2 * (kind == "bsr"):
        raise ValueError(f"its values have the shape {data.shape}")
    if kind == "coo":
        for name, places, size in zip(("row", "column"), matrix.coords, matrix.shape, strict=True):
            _check_places(f"{name} numbers", places, size, len(data))
        return
    height, width = block or (1, 1)
    if rows % height or columns % width:
        raise ValueError(f"blocks of {height} x {width} do not divide the shape {matrix.shape}")
    lines, size = (columns, rows) if kind == "csc" else (rows // height, columns // width)
    starts = matrix.indptr
    _check_places("indptr", starts, len(data) + 1, lines + 1)
    if starts[0] != 0 or starts[-1] != len(data) or (starts[1:] < starts[:-1]).any():
        raise ValueError(f"indptr does not rise from 0 to the number of its values, {len(data):,}")
    _check_places("indices", matrix.indices, size, len(data))


def _check_places(name: str, places: Any, size: int, count: int) -> None:
    if places.dtype.kind not in "iu" or places.shape != (count,):
        raise ValueError(f"{name} must be {count:,} integers, not {places.shape} of {places.dtype}")
    if count and not (places.min() >= 0 and places.max() < size):
        raise ValueError(f"{name} go from {places.min():,} to {places.max():,}, and there are {size:,}")
