"""Where the inputs that a table becomes are held: in memory, or on disk if they are large."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cutaway.cache import private_folder
from cutaway.checks import warn_user
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

    The name of that file is a digest of the table's files (path, size, date) and of the preparation, so that opening
    the same table again takes no time.

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
    try:
        folder = private_folder("tables")
    except OSError as error:
        raise _no_room(size, f"a cache folder that cannot be used ({error.strerror or error})") from None
    target = folder / f"{_digest(reader, preparation)}.npy"
    if not target.exists():
        _write(target, shape, size, fill)
        warn_user(
            f"the inputs of {reader.where.name} take {size / 1e9:.1f} GB and are kept in {target}: delete that file "
            "when you need the space"
        )
    return map_npy(target)


def _write(target: Path, shape: tuple[int, int], size: int, fill: Callable[[np.ndarray], None]) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.stem, suffix=".tmp")
    os.close(handle)
    try:
        stat = os.statvfs(target.parent)
        if stat.f_bavail * stat.f_frsize < size:
            raise _no_room(size, f"{stat.f_bavail * stat.f_frsize / 1e9:.1f} GB free in {target.parent}")
        inputs = np.lib.format.open_memmap(name, mode="w+", dtype=np.float32, shape=shape)
        fill(inputs)
        inputs.flush()
        del inputs
        os.replace(name, target)
    finally:
        with contextlib.suppress(FileNotFoundError):  # it has been renamed
            os.unlink(name)


def _digest(reader: Reader, preparation: Preparation) -> str:
    assert reader.where is not None
    files = reader.files if isinstance(reader, ColumnarReader) else (reader.where,)
    states = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    record = json.dumps([states, preparation.to_record()], sort_keys=True)
    return hashlib.sha256(record.encode()).hexdigest()[:32]


def _no_room(size: int, got: str) -> DataError:
    return DataError(
        f"the inputs of this table take {size / 1e9:.1f} GB, which are kept in the user's cache folder",
        got=got,
        hint="make room, set XDG_CACHE_HOME to a folder on another disk, or ignore some columns",
    )
