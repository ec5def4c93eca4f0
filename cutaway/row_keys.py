"""Whether rows are equal: one rule for samples, table cells that were numbered, and points."""

import math
from typing import Any

import numpy as np

CHUNK = 2**19
"""Values that are read at a time."""


def row_keys(x: Any) -> np.ndarray:
    """Two rows have equal keys if all their values are equal.

    Values are compared as float64: 0.0 equals -0.0, NaN equals NaN, and 1 equals 1.0 in every type. Two different rows
    have equal keys with a probability below 1e-24.

    Args:
        x: ``(row, ...)``, real numbers: an array, or what gives rows for a slice.

    Returns:
        uint64 ``(row, 2)``.
    """
    width = math.prod(x.shape[1:])
    factors = np.random.default_rng(0).integers(0, 2**63, (2, 2, width), dtype=np.uint64) * 2 + 1
    keys, step = np.zeros((len(x), 2), np.uint64), max(1, CHUNK // max(width, 1))
    for start in range(0, len(x), step):
        rows = np.asarray(x[start : start + step])
        for part, values in enumerate(_in_two(rows.reshape(len(rows), width))):
            for key in range(2):  # sums of bits times odd random numbers, with intended overflow
                keys[start : start + step, key] += np.einsum("ij,j->i", values, factors[key, part])
    return keys


def first_equal(keys: np.ndarray) -> np.ndarray:
    """The first row that equals each row, itself if none before it does.

    Args:
        keys: uint64 ``(row, 2)``, from `row_keys`.

    Returns:
        int64 ``(row,)``.
    """
    order = np.lexsort((keys[:, 1], keys[:, 0]))  # stable: of equal rows the first one comes first
    begins = np.ones(len(order), bool)
    begins[1:] = (keys[order[1:]] != keys[order[:-1]]).any(axis=1)
    found = np.empty(len(order), np.int64)
    found[order] = order[np.flatnonzero(begins)][np.cumsum(begins) - 1]
    return found


def _in_two(rows: np.ndarray) -> list[np.ndarray]:
    """The bits of rows rounded to float32, and, of types that hold more, the bits that rounding took away: uint64."""
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = rows.astype(np.float32) + np.float32(0)  # makes -0.0 the same bits as 0.0
        rounded[np.isnan(rounded)] = np.nan
        parts = [rounded.view(np.uint32).astype(np.uint64)]
        if not np.can_cast(rows.dtype, np.float32):
            exact = rows.astype(np.float64)
            left = np.where(np.isfinite(rounded), exact - rounded, exact)
            left[(exact == rounded) | np.isnan(exact)] = 0
            bits = left.view(np.uint64)
            parts.append(bits ^ (bits >> np.uint64(32)))  # the low bits of most differences are 0
    return parts
