"""Samples in any order, read from their sources only when they are indexed."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .mapping import OWN_BYTES, check_whole, empty


@dataclass(frozen=True, eq=False, repr=False)
class LazyRows:
    """A read-only stand-in for an array of samples that need not fit into memory.

    ``rows[key]`` takes what selects along the first axis of an array: a slice, an integer, a boolean mask, or an array
    of integers of any shape, which gives (*key.shape, *shape of a sample). ``np.asarray(rows)`` reads everything.

    Attributes:
        sources: (sample, *shape) arrays of one dtype, in memory or memory maps.
        source_index: Integers (row,), index into `sources`.
        index: int64 (row,), position inside that source, from 0.
    """

    sources: tuple[np.ndarray, ...]
    source_index: np.ndarray
    index: np.ndarray

    def __repr__(self) -> str:
        return f"<LazyRows: {len(self)} of {self.shape[1:]} {self.dtype}>"

    def __len__(self) -> int:
        return len(self.index)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array that this stands for: (row, *shape of a sample)."""
        return (len(self), *self.sources[0].shape[1:])

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the values."""
        return self.sources[0].dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        # In the order of the key: reading a memory map in ascending order was 3 to 10% faster from a cold disk, within
        # the noise, and two to three times slower once the pages were in memory.
        sources, index = self.source_index[key], self.index[key]
        gathered = empty((*index.shape, *self.shape[1:]), self.dtype)
        for number, source in enumerate(self.sources):
            here = sources == number
            if not np.any(here):
                continue
            check_whole(source)
            if np.all(here) and source.flags.c_contiguous and source.flags.aligned:
                # every other mode writes into a copy of `out` first
                np.take(source, index, axis=0, out=gathered, mode="clip")
            else:
                _copy(source, index, np.flatnonzero(here), gathered)
        return gathered

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("reading rows makes a copy; next: use np.asarray(rows)")
        return self[:].astype(dtype or self.dtype, copy=False)


def _copy(source: np.ndarray, index: np.ndarray, places: np.ndarray, out: np.ndarray) -> None:
    """Copy rows piece by piece, from a source that is one of several or not in C order.

    np.take would first load such a source completely, and indexing makes a copy before the assignment.
    """
    flat, of_place = out.reshape(index.size, *source.shape[1:]), index.reshape(-1)
    step = max(1, OWN_BYTES // max(1, source[:1].nbytes))
    for start in range(0, len(places), step):
        some = places[start : start + step]
        flat[some] = source[of_place[some]]
