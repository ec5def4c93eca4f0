"""Samples of one part of a split that are in another part as well."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

CHUNK = 4 * 2**20
"""Bytes of samples that are read at a time."""

BLOCK = 65_536
"""Digests that are put together at a time."""


def repeated_samples(first: Any, second: Any) -> np.ndarray:
    """Which samples of the second array are, to the bit, in the first one.

    Args:
        first: ``(sample, ...)``, an array or what gives rows for a slice.
        second: ``(sample, ...)``, of the same dtype and shape of a sample.

    Returns:
        int64 ``(sample,)`` of the second: a row of the first that is the same, or -1.
    """
    rows: dict[bytes, int] = {}
    for number, digest in enumerate(_digests(first)):
        rows.setdefault(digest, number)
    return np.array([rows.get(digest, -1) for digest in _digests(second)], np.int64)


def equal_by_chance(x: np.ndarray, *, among: int, columns: Sequence[str] | None = None) -> float:
    """The share of samples that would equal one of N others if their columns were independent, in 0..1.

    The chance that another sample has the value of a column is counted among the others: a value that occurs once has
    none. Columns of real tables depend on one another, which makes more rows equal.

    Args:
        x: ``(sample, input)``, samples that stand for all, two or more.
        among: How many others there are.
        columns: The column that each input is made from; if None, each input is its own column.
    """
    places: dict[object, list[int]] = {}
    for place, name in enumerate(range(x.shape[1]) if columns is None else columns):
        places.setdefault(name, []).append(place)
    alike = np.ones(len(x))
    for inputs in places.values():
        _, codes, counts = np.unique(x[:, inputs], axis=0, return_inverse=True, return_counts=True)
        alike *= (counts[codes.ravel()] - 1) / (len(x) - 1)
        if not alike.any():
            break
    return float(-np.expm1(among * np.log1p(-np.minimum(alike, 1 - 1e-9))).mean())


def first_equal(x: Any) -> np.ndarray:
    """The first row that is the same to the bit as each row, itself where there is none before it.

    Args:
        x: ``(sample, ...)``, as in `repeated_samples`.

    Returns:
        int64 ``(sample,)``.
    """
    # sorted, since a dictionary of ten million digests takes 2 GB
    digests, made = np.empty((len(x), 2), np.uint64), _digests(x)
    for start in range(0, len(x), BLOCK):
        part = b"".join(islice(made, BLOCK))
        digests[start : start + BLOCK] = np.frombuffer(part, np.uint64).reshape(-1, 2)
    order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: of equal rows the first one comes first
    begins = np.ones(len(order), bool)
    begins[1:] = (digests[order[1:]] != digests[order[:-1]]).any(axis=1)
    found = np.empty(len(order), np.int64)
    found[order] = order[np.flatnonzero(begins)][np.cumsum(begins) - 1]
    return found


def _digests(x: Any) -> Iterator[bytes]:
    step = max(1, CHUNK // max(x[:1].nbytes, 1))
    for start in range(0, len(x), step):
        rows = x[start : start + step]
        values = rows if rows.dtype.kind in "biu" else rows + rows.dtype.type(0)  # makes the two zeros the same
        for row in np.ascontiguousarray(values):
            yield hashlib.blake2b(row.tobytes(), digest_size=16).digest()
