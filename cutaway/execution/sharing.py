"""Arrays that all tasks read: by the file that holds them, never inside a task."""

import mmap
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cutaway.errors import DataError


@dataclass(frozen=True)
class SharedFile:
    """Where an array lies in a file, which every worker maps.

    Attributes:
        path: The file.
        dtype: Type of the values, as NumPy writes it: "<f4".
        shape: Shape of the array, in C order.
        offset: Bytes before it.
    """

    path: str
    dtype: str
    shape: tuple[int, ...]
    offset: int

    def open(self) -> np.ndarray:
        """Map the array, read-only.

        Raises:
            DataError: This worker cannot read the file, or it is not the one that the client has.
        """
        dtype = np.dtype(self.dtype)
        try:
            size = os.stat(self.path).st_size
            if size < self.offset + dtype.itemsize * int(np.prod(self.shape, dtype=np.int64)):
                raise OSError(None, f"only {size:,} bytes")
            if 0 in self.shape:
                return np.empty(self.shape, dtype)
            return np.memmap(self.path, dtype, mode="r", offset=self.offset, shape=self.shape)
        except OSError as error:
            raise DataError(
                f"the worker on {socket.gethostname()} cannot read {self.path}: {error.strerror or error}",
                hint="put the data into a folder that all machines mount",
            ) from None


def file_of(array: np.ndarray) -> SharedFile | None:
    """The file that a whole memory map is of; None for other arrays."""
    if not isinstance(array, np.memmap) or not isinstance(array.base, mmap.mmap) or array.filename is None:
        return None
    if not array.flags.c_contiguous or array.offset is None:
        return None
    return SharedFile(os.path.abspath(array.filename), array.dtype.str, array.shape, array.offset)


def share_in_files(arrays: Mapping[str, np.ndarray], folder: Path) -> list[SharedFile]:
    """Write arrays that no file holds into a folder, each once, and say where all of them are.

    Raises:
        OSError: The disk refuses.
    """
    shared: list[SharedFile] = []
    for number, array in enumerate(arrays.values()):
        file = file_of(array)
        if file is None:
            path = folder / f"{number}.npy"
            np.save(path, np.ascontiguousarray(array), allow_pickle=False)
            written = np.load(path, mmap_mode="r", allow_pickle=False) if array.size else None
            offset = 0 if written is None else written.offset
            file = SharedFile(str(path), array.dtype.str, array.shape, offset)
        shared.append(file)
    return shared
