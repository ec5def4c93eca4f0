"""The IDX format: two zero bytes, a type, a rank, big-endian sizes, then the values.

Everything that a header declares is compared with a limit and with the size of the file before memory is allocated.
"""

import gzip
import hashlib
import io
import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cutaway.errors import DataError, UnknownNameError
from cutaway.parallel import ask_memory

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_RANK = 32
LIMIT = 2**31
DEFLATE_RATIO = 1032  # the highest compression of deflate, https://zlib.net/zlib_tech.html
MOST_UNPACKED = 256 << 20
MOST_RATIO = 50
GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 2**20


@dataclass(frozen=True, eq=False)
class IdxContent:
    """An unpacked IDX file.

    Attributes:
        header: The bytes before the values.
        body: uint8 (byte,), the values as they are on disk.
        dtype: Dtype of the values on disk, big-endian.
        shape: The declared sizes.
    """

    header: bytes
    body: np.ndarray
    dtype: np.dtype
    shape: tuple[int, ...]

    def array(self) -> np.ndarray:
        """The values in native byte order."""
        values = self.body.view(self.dtype).reshape(self.shape)
        return values.astype(self.dtype.newbyteorder("="), copy=False)

    def sha256(self) -> str:
        """The checksum of the unpacked file."""
        digest = hashlib.sha256(self.header)
        digest.update(self.body.data)
        return digest.hexdigest()


def read_idx(path: str | os.PathLike[str], *, limit: int = LIMIT) -> np.ndarray:
    """Read one IDX file, plain or gzip-compressed, of any name.

    Args:
        path: The file.
        limit: Largest number of bytes of values to accept.

    Returns:
        The array with the shape and dtype that the file declares, in native byte order.

    Raises:
        UnknownNameError: The file does not exist.
        DataError: The file is not IDX, larger than `limit`, truncated, longer than declared, or damaged.
    """
    return read_content(path, limit=limit).array()


def check_unpacked(path: Path, *, packed: int, unpacked: int) -> None:
    """Refuse packed values that would take much more memory than the file takes on the disk.

    MNIST takes 4.7 times as much, and smaller files than `MOST_UNPACKED` do no harm.

    Args:
        path: The file.
        packed: Bytes of the values in the file.
        unpacked: Bytes of the values in memory.

    Raises:
        DataError: They would take more than `MOST_RATIO` times as much, or more memory than is free.
    """
    if unpacked > max(MOST_UNPACKED, MOST_RATIO * packed):
        raise DataError(
            f"{path} unpacks from {packed:,} to {unpacked:,} bytes, more than {MOST_RATIO} times its size "
            f"and more than {MOST_UNPACKED >> 20} MB",
            hint="unpack the file yourself if you trust it, or save it without compression",
        )
    ask_memory(unpacked, what="the values of a file", got=str(path), hint="use fewer samples, or a smaller dtype")


def read_content(path: str | os.PathLike[str], *, limit: int = LIMIT) -> IdxContent:
    """Read one IDX file as `read_idx` does, with its bytes."""
    path = Path(path)
    if not os.path.isfile(path):  # unlike Path.is_file, it returns False for a name that is too long
        raise UnknownNameError(f"no such IDX file: {path}", hint="check the path")
    try:
        with path.open("rb") as file:
            packed = file.read(2) == GZIP_MAGIC
            file.seek(0)
            room = path.stat().st_size * (DEFLATE_RATIO if packed else 1)
            if not packed:
                return _parse(file, path, limit=limit, room=room)
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _parse(unpacked, path, limit=limit, room=room)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(
            f"the gzip file {path} is truncated or damaged ({error})", hint="copy or download the file again"
        ) from None
    except OSError as error:
        raise DataError(f"cannot read the IDX file {path}: {error.strerror}", hint="check its permissions") from None


def _parse(stream: io.BufferedIOBase, path: Path, *, limit: int, room: int) -> IdxContent:
    header, dtype, shape = _read_header(stream, path)
    declared = math.prod(shape) * dtype.itemsize
    # A size of 0 must not hide the others from the limit.
    if math.prod(max(size, 1) for size in shape) * dtype.itemsize > limit:
        raise DataError(
            f"{path} declares {_form(dtype, shape)}, more than {limit} bytes of values",
            hint="check the file, or pass a larger limit if this is intended",
        )
    if declared > room - len(header):
        raise _truncated(path, declared=declared, present=f"at most {max(room - len(header), 0)} can be")
    check_unpacked(path, packed=path.stat().st_size, unpacked=declared)
    body = np.empty(declared, np.uint8)
    filled = _fill(stream, body)
    if filled < declared:
        raise _truncated(path, declared=declared, present=f"{filled} are")
    if stream.read(1):
        raise DataError(
            f"{path} continues after the declared {declared} bytes ({_form(dtype, shape)})",
            hint="check that the file was not concatenated with another",
        )
    return IdxContent(header, body, dtype, shape)


def _read_header(stream: io.BufferedIOBase, path: Path) -> tuple[bytes, np.dtype, tuple[int, ...]]:
    magic = stream.read(4)
    if magic.lstrip()[:1] == b"<":
        raise DataError(
            f"{path} is not an IDX file: it looks like an HTML page",
            hint="download the file again: the server sent a page instead",
        )
    if magic[:2] != b"\0\0"[: len(magic)] or (len(magic) > 2 and magic[2] not in TYPES):
        raise DataError(
            f"{path} is not an IDX file: it starts with {magic!r}, not with two zero bytes and a known type",
            hint="check which file this is",
        )
    rank = magic[3] if len(magic) == 4 else 0
    if rank > MAX_RANK:
        raise DataError(f"{path} declares {rank} axes, more than {MAX_RANK}", hint="check the file")
    sizes = stream.read(4 * rank)
    if len(magic) + len(sizes) < 4 + 4 * rank:
        raise DataError(
            f"{path} ends after {len(magic) + len(sizes)} bytes, within its header",
            hint="copy or download the file again",
        )
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    return magic + sizes, np.dtype(TYPES[magic[2]]), shape


def _fill(stream: io.BufferedIOBase, body: np.ndarray) -> int:
    view, filled = body.data, 0
    while filled < len(view):
        count = stream.readinto(view[filled : filled + CHUNK])
        if not count:
            break
        filled += count
    return filled


def _form(dtype: np.dtype, shape: tuple[int, ...]) -> str:
    return f"{' x '.join(map(str, shape)) or 'one'} {dtype.name}"


def _truncated(path: Path, *, declared: int, present: str) -> DataError:
    return DataError(
        f"{path} is truncated: {declared} bytes are declared, {present} present", hint="copy or download the file again"
    )
