"""Memory maps of files, arrays in pieces, and memory that is returned to the system immediately."""

import math
import mmap
from collections.abc import Iterator

import numpy as np

from cutaway.errors import DataError

PIECE_BYTES = 16 * 2**20
"""Arrays are processed in pieces of this size."""

OWN_BYTES = 2**20
"""Arrays of at least this size are allocated outside the heap."""


class _OwnMemory(mmap.mmap):
    """The memory of one array, not a map of a file."""


def is_mapped(array: np.ndarray) -> bool:
    """Whether the values are in a file that is mapped into memory: an np.memmap, or a view of one."""
    return _file_of(array) is not None


def check_whole(array: np.ndarray) -> None:
    """Refuse a memory map whose file has been truncated: reading past its end would kill the process (SIGBUS).

    The check takes 1 µs. A file that is truncated between the check and the read goes unnoticed.

    Raises:
        DataError: The file is shorter than when it was mapped.
    """
    found = _file_of(array)
    if found is None:
        return
    file, offset, name = found
    try:
        size = file.size()
    except (OSError, ValueError):  # a map without a file, which cannot be truncated
        return
    if size < offset + len(file):
        raise DataError(
            f"{name or 'a memory map'} was truncated from {offset + len(file)} to {size} bytes while it was in use",
            hint="restore the file, then train or resume again",
        )


def pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """Consecutive views of an array along its first axis, each of at most `PIECE_BYTES`, or of one row.

    Raises:
        DataError: The file of the array has been truncated.
    """
    rows = max(1, PIECE_BYTES // max(1, array[:1].nbytes))
    for start in range(0, len(array), rows):
        check_whole(array)
        yield array[start : start + rows]


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """A new, uninitialized C array whose memory returns to the system as soon as the array is deleted.

    The allocator of the C library keeps large blocks that threads have freed, 16 MiB and more per thread: over eight
    trainings in one process it held 220 MB of unused memory. Memory outside the heap is also aligned to a page, so JAX
    on a CPU uses it without a copy.
    """
    size = math.prod(shape) * dtype.itemsize
    if size < OWN_BYTES or not hasattr(mmap, "MAP_ANONYMOUS"):
        return np.empty(shape, dtype)
    try:
        memory = _OwnMemory(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError:
        return np.empty(shape, dtype)  # its MemoryError says how much was requested
    return np.ndarray(shape, dtype, buffer=memory)


def _file_of(array: np.ndarray) -> tuple[mmap.mmap, int, str | None] | None:
    """The map of the file with an array's values, where in the file it begins, and the file's name if known."""
    owner: object = array
    offset, name = 0, None
    while isinstance(owner, np.ndarray):
        if isinstance(owner, np.memmap) and owner.offset is not None:
            offset, name = owner.offset - owner.offset % mmap.ALLOCATIONGRANULARITY, owner.filename
        owner = owner.base
    if not isinstance(owner, mmap.mmap) or isinstance(owner, _OwnMemory):
        return None
    return owner, offset, None if name is None else str(name)
