"""Parts of results, as files in the user's cache: deleting them loses only time."""

import contextlib
import gzip
import json
import logging
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.cache import private_folder
from cutaway.log import survive
from cutaway.runs import write_atomic

log = logging.getLogger("cutaway.studio.computing")

BYTES = 2 << 30
"""Of all results together; those that were not used for longest are deleted first."""

INDEX = "index"
"""The last part of a result: once it is there, all are. Its document lists the names of the others."""

LEVEL = 5
"""Of gzip for documents: 9 makes them 3% smaller in three times the time."""

_KEY = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"[a-z]{1,40}")


class PartStore:
    """Results of work, each a folder under the digest of all that decides it, with a file for each part.

    Attributes:
        folder: Where they are.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where results are, made if it is not there.

        Raises:
            OSError: It cannot be made, or others may write into it.
        """
        return private_folder("studio/parts") if self._folder is None else self._folder

    def names(self, key: str) -> list[str]:
        """The parts of a result that are there; asking for them says that they are used."""
        try:
            path = self.folder / _checked(key, _KEY)
            found = sorted(each.name for each in os.scandir(path) if _NAME.fullmatch(each.name))
            os.utime(path)
        except OSError:
            return []
        return found

    def write(self, key: str, name: str, document: Any, arrays: Sequence[bytes] = ()) -> None:
        """Write a part, in one step.

        Args:
            key: Key of the result.
            name: Name of the part, lowercase letters.
            document: JSON-able.
            arrays: Bytes that go with it.

        Raises:
            OSError: The disk refuses.
        """
        path = self.folder / _checked(key, _KEY)
        path.mkdir(mode=0o700, exist_ok=True)
        data = [gzip.compress(json.dumps(document, allow_nan=False).encode(), LEVEL, mtime=0), *arrays]
        header = json.dumps([len(each) for each in data]).encode() + b"\n"
        write_atomic(path / _checked(name, _NAME), b"".join((header, *data)))

    def reopen(self, key: str) -> None:
        """A result counts as not finished any more; its parts stay."""
        with contextlib.suppress(FileNotFoundError):  # it is none that is finished
            (self.folder / _checked(key, _KEY) / INDEX).unlink()

    def part(self, key: str, name: str) -> "PartFile | None":
        """A part; None where there is none, or a damaged one, which is deleted, so that asking again makes it."""
        try:
            path = self.folder / _checked(key, _KEY) / _checked(name, _NAME)
        except OSError:
            return None
        try:
            return PartFile.open(path)
        except OSError:
            return None
        except (ValueError, RecursionError):
            with survive(log, f"deleting {path.name}, which is damaged", OSError):
                path.unlink()
                self.reopen(key)
            return None

    def tidy(self, *, most: int = BYTES) -> None:
        """Delete results that were not used for longest until the rest has at most N bytes."""
        with survive(log, "deleting results that were not used for longest", OSError):
            sizes = {entry.path: _size(entry.path) for entry in os.scandir(self.folder) if entry.is_dir()}
            total = sum(sizes.values())
            for path in sorted(sizes, key=lambda path: os.stat(path).st_mtime):
                if total <= most:
                    return
                shutil.rmtree(path, ignore_errors=True)
                total -= sizes[path]


@dataclass(frozen=True)
class PartFile:
    """A part on disk.

    Attributes:
        path: The file.
        places: Where the document, compressed by gzip, and each array begins and ends.
    """

    path: Path
    places: tuple[tuple[int, int], ...]

    @classmethod
    def open(cls, path: Path) -> "PartFile":
        """Read where everything is.

        Raises:
            OSError: There is no such file.
            ValueError: It is damaged.
        """
        with path.open("rb") as file:
            line = file.readline(1 << 20)
            size = os.fstat(file.fileno()).st_size
        lengths: Any = json.loads(line)
        if not isinstance(lengths, list) or not all(type(n) is int and n >= 0 for n in lengths):  # pyright: ignore[reportUnknownVariableType]
            raise ValueError("no lengths")
        places, begin = list[tuple[int, int]](), len(line)
        for length in lengths:  # pyright: ignore[reportUnknownVariableType]
            places.append((begin, begin + int(length)))
            begin += int(length)
        if begin != size or not places:
            raise ValueError("another size")
        return cls(path, tuple(places))

    @property
    def packed(self) -> bytes:
        """The document as JSON, compressed by gzip."""
        return self._read(0)

    @property
    def document(self) -> Any:
        """The document.

        Raises:
            ValueError, OSError: It is damaged.
        """
        return json.loads(gzip.decompress(self.packed))

    def array(self, number: int) -> bytes | None:
        """The bytes of an array; None where there is none of this number."""
        return self._read(number + 1) if 0 <= number < len(self.places) - 1 else None

    def _read(self, number: int) -> bytes:
        begin, end = self.places[number]
        with self.path.open("rb") as file:
            file.seek(begin)
            return file.read(end - begin)


def _checked(text: str, form: re.Pattern[str]) -> str:
    """Names come from addresses: no other form reaches the disk."""
    if not form.fullmatch(text):
        raise FileNotFoundError(text)
    return text


def _size(path: str) -> int:
    return sum(entry.stat().st_size for entry in os.scandir(path) if entry.is_file())
