"""The user's cache: folders that only this user may write, and the one place where computed results are kept.

`cached` names a result by the content that decides it and not by paths, so copies of a run share their results.
Deleting the folder loses only time. The kernels of Numba and the programs of XLA have folders of their own, since these
libraries write their files.
"""

import contextlib
import errno
import functools
import hashlib
import json
import logging
import math
import os
import pickle
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cutaway.checks import open_regular, warn_user
from cutaway.errors import UsageError
from cutaway.log import survive

log = logging.getLogger("cutaway.cache")

Value = TypeVar("Value")

RESULTS = "results"
"""Name of the folder with kept results, in ``~/.cache/cutaway`` or ``$XDG_CACHE_HOME/cutaway``."""

LIMIT = "CUTAWAY_CACHE_GB"
"""Environment variable with the size that kept results may have together, in GB."""

GIGABYTES = 4.0
"""Their size where the variable is not set."""

STRAY_SECONDS = 24 * 3600
"""Age of a temporary file after which nobody writes it any more."""

CHECKSUM_BYTES = 4

MARK = 16
"""Hexadecimal digits at the end of the name of a file that holds rows, for each of the data that they are of."""

_said: set[Path] = set()
"""Folders that were reported as not writable: a report has forty results."""

_untidied = math.inf
"""Bytes written since this process last looked at the size of the cache; it looks once at the beginning."""


def cache_folder(name: str) -> Path:
    """Where a folder of the user's cache is: in ``$XDG_CACHE_HOME/cutaway``, or in ``~/.cache/cutaway``.

    Raises:
        OSError: There is no home folder.
    """
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise OSError(str(error)) from None
    return home / "cutaway" / name


def private_folder(name: str) -> Path:
    """Make a folder of the user's cache, or return the one that is there.

    Whoever may write into it could replace its content, even code, so it must belong to the user alone.

    Args:
        name: Name of the folder.

    Raises:
        OSError: It cannot be written, or others may write into it.
    """
    return make_private(cache_folder(name))


def make_private(folder: Path) -> Path:
    """Make a folder that belongs to the user alone, or return the one that is there.

    Raises:
        OSError: It cannot be written, or others may write into it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_private(folder.stat())
    tempfile.TemporaryFile(dir=folder).close()
    return folder


def _check_private(status: os.stat_result) -> None:
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        raise PermissionError(None, "others may write into it")


def cached(kind: str, *decides: Any, method: int, rows_of: Iterable[Any] = ()) -> "CachedResult":
    """The place of a result in the cache.

    Args:
        kind: What it is, such as "units".
        decides: All that decides it besides the code: JSON-able data and arrays; the key is their digest.
        method: Number of the algorithm. Change it with the code: other numbers, another dataclass.
        rows_of: Digests of the data whose rows it holds, if it holds any; see `forget_rows`.
    """
    return CachedResult(kind, _digest([_version(), kind, method, decides])[:32], "".join(map(_mark, rows_of)))


def _digest(content: Any) -> str:
    try:
        text = json.dumps(content, sort_keys=True, default=_of_array)
    except ValueError:  # Python writes no number of more than 4,300 digits
        raise UsageError("an option is a number with too many digits", hint="pass a smaller number") from None
    return hashlib.sha256(text.encode()).hexdigest()


def _mark(data: Any) -> str:
    return _digest(data)[:MARK]


@functools.cache
def _version() -> str:
    from importlib.metadata import version  # takes 20 ms, and the command line imports this module at its start

    return version("cutaway")


def _of_array(value: Any) -> Any:
    """An array as its dtype, shape and digest; a number of NumPy as that of Python."""
    if value.shape == ():
        return value.item()
    return [value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).hexdigest()]


@dataclass(frozen=True)
class CachedResult:
    """A result in the cache, whether it is there or not.

    It is pickled, and read without further checks: only the user can write there. Only plain data belong here, numbers,
    text, arrays and dataclasses of them, and never None.

    Attributes:
        kind: What it is.
        key: Digest of all that decides it, 32 hexadecimal digits.
        marks: `MARK` digits for each of the data whose rows it holds.
    """

    kind: str
    key: str
    marks: str = ""

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"{self.kind}-{self.key}{self.marks}"

    @property
    def path(self) -> Path:
        """Its file.

        Raises:
            OSError: There is no home folder.
        """
        return cache_folder(RESULTS) / self.name

    def get(self, compute: Callable[[], Value]) -> Value:
        """The result: read, or else computed and kept for the next time."""
        found = self.read()
        if found is None:
            found = compute()
            self.write(found)
        return found

    def read(self) -> Any:
        """The result, or None if it is not there.

        One that cannot be read, cut off by a crash or pickled by other code, counts as not there.
        """
        try:
            path = self.path
            _check_private(path.parent.stat())
            with open(open_regular(path, os.O_RDONLY), "rb") as file:
                _check_private(os.fstat(file.fileno()))
                checksum, data = file.read(CHECKSUM_BYTES), file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.info("a kept result cannot be read, and is computed again: %s", error)
            return None
        try:
            if checksum != _checksum(data):
                raise ValueError("it is damaged")
            value = pickle.loads(data)
        except Exception:  # what the classes of another version raise cannot be listed
            log.info("%s cannot be read and is computed again", path, exc_info=log.isEnabledFor(logging.DEBUG))
            return None
        with contextlib.suppress(OSError):  # of a cache that can only be read
            os.utime(path)  # so that it counts as used
        return value

    def write(self, value: Any) -> bool:
        """Keep a result. Where that is impossible, one warning in this process says why, and False is returned."""
        try:
            self.put(value)
        except OSError as error:
            _say_once(error)
            return False
        return True

    def put(self, value: Any) -> None:
        """Keep a result that nobody else has.

        Raises:
            OSError: The cache cannot be written, or the result is larger than all of it may be.
        """
        data = pickle.dumps(value, protocol=5)
        if len(data) > _limit():
            raise OSError(errno.EFBIG, f"{len(data) / 1e9:.3g} GB are more than {LIMIT} allows")

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                file.write(_checksum(data))
                file.write(data)

        self._place(write)

    def get_file(self, make: Callable[[Path], None]) -> Path:
        """A result too large for memory, as a file: the one that is there, or else a new one.

        Args:
            make: Writes it to a path.

        Raises:
            OSError: The cache cannot be written.
        """
        private_folder(RESULTS)
        if not self.path.is_file():
            self._place(make)
        os.utime(self.path)
        return self.path

    def _place(self, write: Callable[[Path], None]) -> None:
        """Have the file written under another name, and put into its place in one step."""
        global _untidied
        descriptor, name = tempfile.mkstemp(prefix=".", dir=private_folder(RESULTS))
        os.close(descriptor)
        temporary = Path(name)
        try:
            write(temporary)
            _untidied += temporary.stat().st_size
            os.replace(temporary, self.path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if _untidied > _limit() / 16:
            _untidied = 0
            tidy()

    def delete(self) -> None:
        """Remove it, if it is there."""
        with survive(__name__, "deleting a kept result", OSError):
            self.path.unlink()


def _delete(path: Path) -> None:
    with survive(__name__, f"deleting {path}", OSError):
        path.unlink()


def forget_rows(data: Iterable[Any]) -> None:
    """Delete results that hold rows of some data.

    Args:
        data: What was given as ``rows_of``.
    """
    marks = {*map(_mark, data)}
    with survive(__name__, "deleting rows of data", OSError):
        for entry in os.scandir(private_folder(RESULTS)) if marks else ():
            ends = entry.name.rpartition("-")[2][32:]
            if not marks.isdisjoint(ends[first : first + MARK] for first in range(0, len(ends), MARK)):
                _delete(Path(entry.path))


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(CHECKSUM_BYTES, "little")


def _say_once(error: OSError) -> None:
    try:
        folder = cache_folder(RESULTS)
    except OSError:  # without a home there is no better name
        folder = Path(RESULTS)
    if folder not in _said:
        _said.add(folder)
        warn_user(f"results are computed but not kept in {folder}: {error.strerror or error}")


def _limit() -> int:
    """The bytes that kept results may have together."""
    asked, size = os.environ.get(LIMIT), GIGABYTES
    if asked:
        with survive(__name__, f"reading {LIMIT}={asked!r} as a number", ValueError):
            size = float(asked)
    return int(size * 1e9) if 0 <= size < math.inf else int(GIGABYTES * 1e9)


def tidy() -> None:
    """Delete half-written files, and the least recently used results until the rest is within the limit.

    Of each kind the one that was used last stays, and does not count: inputs of a table may be larger than the limit.
    """
    with survive(__name__, "deleting the least recently used results", OSError):
        found = [(entry.stat(), entry) for entry in os.scandir(private_folder(RESULTS))]
        kinds, total, most = set[str](), 0, _limit()
        for status, entry in sorted(found, key=lambda each: -each[0].st_mtime):
            kind = entry.name.rpartition("-")[0]
            if kind and kind not in kinds:
                kinds.add(kind)
                continue
            total += status.st_size if kind else 0
            if total > most if kind else status.st_mtime < time.time() - STRAY_SECONDS:
                _delete(Path(entry.path))
