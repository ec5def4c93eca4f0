"""The store of derived results: files that only save time, under names that say what they were computed from."""

import errno
from dataclasses import dataclass
from pathlib import Path

from cutaway.checks import warn_user
from cutaway.errors import RunError

from .atomic import write_atomic
from .layout import RESULTS
from .reading import read_bytes

RESULT_BYTES = 256 << 20
"""The coordinates of 70,000 samples take 1.5 MB."""

_UNWRITABLE: set[Path] = set()
"""Folders of which was said that results cannot be kept there: a report has forty of them."""


@dataclass(frozen=True)
class ResultStore:
    """The folder ``results`` of a run. Deleting it loses only time.

    Attributes:
        run: The run folder.
    """

    run: Path

    def path(self, name: str) -> Path:
        """Where a result lies, whether it is there or not.

        Args:
            name: File name; it must hold a digest of everything that decides the result.
        """
        return self.run / RESULTS / name

    def read(self, name: str) -> bytes | None:
        """The bytes of a result, or None where there is none that can be read; a warning says why, if one is there."""
        path = self.path(name)
        try:
            return read_bytes(path, run=self.run, limit=RESULT_BYTES)
        except OSError:
            return None
        except RunError as error:
            warn_user(f"{name} is computed again: {error.rule}; got {error.got}")
            return None

    def write(self, name: str, data: bytes) -> Path | None:
        """Keep a result, and return its path; None where the folder cannot be written, with one warning per folder.

        A result that cannot be kept has been computed all the same, so this never fails.
        """
        path = self.path(name)
        try:
            if path.parent.is_symlink():  # nothing in it would be read
                raise OSError(errno.ELOOP, "a symbolic link")
            path.parent.mkdir(exist_ok=True)
            write_atomic(path, data)
        except OSError as error:
            if path.parent not in _UNWRITABLE:
                warn_user(f"the result was computed but not kept in {path.parent}: {error.strerror or error}")
            _UNWRITABLE.add(path.parent)
            return None
        _UNWRITABLE.discard(path.parent)
        return path


def file_name(*parts: str) -> str:
    """Join parts of a result's name with "-"; anything but letters, digits, "-", "_" and "." becomes "_"."""
    return "-".join("".join(c if c.isalnum() or c in "-_." else "_" for c in part) for part in parts)
