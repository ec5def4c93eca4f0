"""Arrays that stay on disk: how they are recognised, and how any array is gone through without filling memory."""

import mmap
from collections.abc import Iterator

import numpy as np

PIECE_BYTES = 16 * 2**20


def is_mapped(array: np.ndarray) -> bool:
    """Whether the values lie in a memory map: an np.memmap, or a view of one."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return isinstance(owner, mmap.mmap)


def pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """Consecutive views of an array along its first axis, each of at most `PIECE_BYTES`, or of one row."""
    rows = max(1, PIECE_BYTES // max(1, array[:1].nbytes))
    for start in range(0, len(array), rows):
        yield array[start : start + rows]
