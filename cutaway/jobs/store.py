"""Parts of pages in the user's cache: the process of a job writes them, and the server hands them out."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cutaway.cache import CachedResult, cached

INDEX = "index"
"""The last part of a result: once it is there, all are. Its document lists the names of the others."""

NAMES = "part-names"

LEVEL = 5
"""Of gzip for documents: 9 makes them 3% smaller in three times the time."""


@dataclass(frozen=True)
class Part:
    """A part of a result.

    Attributes:
        packed: Its document as JSON, compressed by gzip.
        arrays: Number of its arrays.
    """

    packed: bytes
    arrays: int

    @property
    def document(self) -> Any:
        """Its document."""
        return json.loads(gzip.decompress(self.packed))


def part_names(key: str) -> list[str]:
    """The parts of a result that were written.

    Args:
        key: Digest of all that decides the result.
    """
    return list(_place(NAMES, key).read() or ())


def write_part(key: str, name: str, document: Any, arrays: Sequence[bytes] = ()) -> None:
    """Write a part; it is there once its document is.

    Args:
        key: Digest of all that decides the result.
        name: Name of the part.
        document: JSON-able.
        arrays: Bytes that go with it.

    Raises:
        OSError: The cache cannot be written.
    """
    for number, array in enumerate(arrays):
        _place("part-array", key, name, number).put(array)
    packed = gzip.compress(json.dumps(document, allow_nan=False).encode(), LEVEL, mtime=0)
    _place("part", key, name).put(Part(packed, len(arrays)))
    _place(NAMES, key).put(sorted({*part_names(key), name}))


def reopen(key: str) -> None:
    """A result counts as not finished any more; its parts stay."""
    if INDEX in (names := part_names(key)):
        _place(NAMES, key).write([name for name in names if name != INDEX])


def read_part(key: str, name: str) -> Part | None:
    """A part, or None if it does not exist. A result without one of its parts counts as missing, and is made again."""
    found = _place("part", key, name).read()
    if found is None and name in part_names(key):
        _place(NAMES, key).delete()
    return found


def read_array(key: str, name: str, number: int) -> bytes | None:
    """An array of a part by its number, or None; see `read_part`."""
    found = _place("part-array", key, name, number).read()
    if found is None and (part := read_part(key, name)) is not None and number < part.arrays:
        _place(NAMES, key).delete()
    return found


def _place(kind: str, key: str, *what: str | int) -> CachedResult:
    """A file of a result, which is marked as the key is."""
    return replace(cached(kind, key, *what, method=1), marks=key[32:])
