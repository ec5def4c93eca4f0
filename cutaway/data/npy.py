"""The .npy format of NumPy: the header is compared with the size of the file before anything is read or mapped."""

import errno
import math
import textwrap
from pathlib import Path
from typing import IO

import numpy as np

from cutaway.checks import check_regular
from cutaway.errors import DataError

HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class ObjectsError(ValueError):
    """An array holds Python objects, which would have to be unpickled."""


def map_npy(path: Path) -> np.ndarray:
    """Open an .npy file as a read-only memory map; nothing is unpickled.

    Returns:
        The array on disk, of any dtype but objects.

    Raises:
        DataError: The file is damaged or unreadable, or holds Python objects.
    """
    check_regular(path)
    try:
        with path.open("rb") as stream:
            check_header(stream, size=path.stat().st_size, name=path.name)
        return np.lib.format.open_memmap(path, mode="r")
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise _unreadable(path, error) from None
        raise DataError(
            f"there is no room in the address space to map {path} of {path.stat().st_size / 1e9:.2f} GB",
            hint="raise the limit, in a shell with: ulimit -v unlimited",
        ) from None
    # As with .npz, NumPy's header parser raises too many kinds to list.
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = textwrap.shorten(str(error) or type(error).__name__, 200)
    return DataError(
        f"cannot read {path} as an .npy file without Python objects: {reason}",
        hint="save it again with np.save(file, array), or check its permissions",
    )


def check_header(stream: IO[bytes], *, size: int, name: str) -> None:
    """Read the header of an .npy file and compare it with the size of the file.

    Args:
        stream: The file, at its start.
        size: Its size in bytes.
        name: Its name in error messages.

    Raises:
        ObjectsError: The header declares Python objects.
        Exception: Of any kind, if it is damaged or declares another size.
    """
    version = np.lib.format.read_magic(stream)
    if version not in HEADERS:
        raise ValueError(f"{name} has the npy version {version}")
    shape, _, dtype = HEADERS[version](stream)
    if dtype.hasobject or not dtype.itemsize:
        kind = ObjectsError if dtype.hasobject else ValueError
        raise kind(f"{name} has the dtype {dtype}, which is neither numbers nor strings")
    declared = stream.tell() + math.prod(shape) * dtype.itemsize
    if declared != size:
        raise ValueError(f"{name} declares {declared} bytes and has {size}")
