"""Arrays that stay on disk, how any array is gone through in pieces, and memory that is given back at once."""

import math
import mmap
from collections.abc import Iterator

import numpy as np

from cutaway.errors import DataError

PIECE_BYTES = 16 * 2**20

OWN_BYTES = 2**20
"""Arrays of this size or more get memory of their own."""


class _OwnMemory(mmap.mmap):
    """Memory of one array, and no file."""


def is_mapped(array: np.ndarray) -> bool:
    """Whether the values lie in a file that is mapped into memory: an np.memmap, or a view of one."""
    return _file_of(array) is not None


def check_whole(array: np.ndarray) -> None:
    """Refuses a memory map whose file has been cut since: reading behind its end would kill the process (SIGBUS).

    A look at the size of the file costs 1 µs; a file that is cut between the look and the reading goes unnoticed.

    Raises:
        DataError: The file is shorter than what was mapped.
    """
    found = _file_of(array)
    if found is None:
        return
    file, offset, name = found
    try:
        size = file.size()
    except (OSError, ValueError):  # a map without a file, which cannot be cut
        return
    if size < offset + len(file):
        raise DataError(
            "a file of inputs stays as it is while it is in use",
            got=f"{name or 'a memory map'} cut from {offset + len(file)} to {size} bytes",
            hint="put the whole file back, then train or resume again",
        )


def pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """Consecutive views of an array along its first axis, each of at most `PIECE_BYTES`, or of one row.

    Raises:
        DataError: The file behind the array has been cut.
    """
    rows = max(1, PIECE_BYTES // max(1, array[:1].nbytes))
    for start in range(0, len(array), rows):
        check_whole(array)
        yield array[start : start + rows]


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """A new C array of any content, whose memory goes back to the system as soon as the array is gone.

    The allocator of the C library keeps large blocks that threads have freed, 16 MiB and more for each: over eight
    trainings in one process it held 220 MB that nobody used. Memory of its own also lies on a page's boundary, so that
    JAX on a CPU takes it as it is and makes no copy.
    """
    size = math.prod(shape) * dtype.itemsize
    if size < OWN_BYTES or not hasattr(mmap, "MAP_ANONYMOUS"):
        return np.empty(shape, dtype)
    try:
        memory = _OwnMemory(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError:
        return np.empty(shape, dtype)  # which says how much was asked for in a MemoryError
    return np.ndarray(shape, dtype, buffer=memory)


def _file_of(array: np.ndarray) -> tuple[mmap.mmap, int, str | None] | None:
    """The map of a file that holds an array's values, where in the file it begins, and the file's name if known."""
    owner: object = array
    offset, name = 0, None
    while isinstance(owner, np.ndarray):
        if isinstance(owner, np.memmap) and owner.offset is not None:
            offset, name = owner.offset - owner.offset % mmap.ALLOCATIONGRANULARITY, owner.filename
        owner = owner.base
    if not isinstance(owner, mmap.mmap) or isinstance(owner, _OwnMemory):
        return None
    return owner, offset, None if name is None else str(name)
