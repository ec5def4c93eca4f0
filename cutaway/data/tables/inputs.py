"""Where the inputs that a table becomes are held: in memory, or on disk if they are large."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cutaway.cache import cached
from cutaway.data.npy import map_npy
from cutaway.data.preparation import Preparation
from cutaway.errors import DataError

from .readers import ColumnarReader, Reader

IN_MEMORY = 1 << 30
"""Bytes of inputs up to which they are held in memory."""


def make_inputs(
    rows: int, preparation: Preparation, *, reader: Reader, fill: Callable[[np.ndarray], None]
) -> np.ndarray:
    """Make the inputs of a table: in memory, or as a memory map of a file in the user's cache.

    The table's files (name, size, date) and the preparation decide it: opening the same table again takes no time.

    Args:
        rows: Number of rows.
        preparation: How they are prepared.
        reader: The table.
        fill: Writes all inputs into a float32 (row, input) array.

    Returns:
        float32 (row, input), read-only.

    Raises:
        DataError: The inputs are too large for memory, and the cache has no room for them.
    """
    shape = (rows, len(preparation.features))
    size = 4 * shape[0] * shape[1]
    if size <= IN_MEMORY or reader.where is None:
        inputs = np.empty(shape, np.float32)
        fill(inputs)
        inputs.flags.writeable = False
        return inputs
    files = reader.files if isinstance(reader, ColumnarReader) else (reader.where,)
    states = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]

    def write(path: Path) -> None:
        free = shutil.disk_usage(path.parent).free
        if free < size:
            raise _no_room(size, f"{free / 1e9:.1f} GB free in {path.parent}")
        inputs = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        fill(inputs)
        inputs.flush()

    try:
        return map_npy(cached("inputs", states, preparation.to_record(), method=1).get_file(write))
    except OSError as error:
        raise _no_room(size, f"a cache folder that cannot be used ({error.strerror or error})") from None


def _no_room(size: int, got: str) -> DataError:
    return DataError(
        f"the inputs of this table take {size / 1e9:.1f} GB, which are kept in the user's cache folder",
        got=got,
        hint="make room, set XDG_CACHE_HOME to a folder on another disk, or ignore some columns",
    )
