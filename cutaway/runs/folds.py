"""The folds of a run: predictions of the trainings of a cross-validation, which take long to make again."""

import errno
from dataclasses import dataclass
from pathlib import Path

from cutaway.checks import warn_user
from cutaway.errors import RunError

from .atomic import write_atomic
from .layout import FOLDS
from .reading import read_bytes

FOLD_BYTES = 256 << 20
"""A fold of 70,000 samples takes 3 MB."""

_UNWRITABLE: set[Path] = set()
"""Folders that were reported as not writable: there are twenty folds."""


@dataclass(frozen=True)
class FoldStore:
    """The folder ``folds`` of a run, which may come from someone else: every file is checked on reading.

    Attributes:
        run: The run folder.
    """

    run: Path

    def names(self) -> list[str]:
        """Names of the files that are there."""
        folder = self.run / FOLDS
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def read(self, name: str) -> bytes | None:
        """The bytes of a file, or None if it cannot be read; a warning says why, unless it does not exist."""
        try:
            return read_bytes(self.run / FOLDS / name, run=self.run, limit=FOLD_BYTES)
        except FileNotFoundError:
            return None
        except (OSError, RunError) as error:
            warn_user(f"the fold {name} is trained again: {getattr(error, 'fault', error)}")
            return None

    def write(self, name: str, data: bytes) -> bool:
        """Keep a file; if the folder cannot be written, warn once and let the trainings go on."""
        folder = self.run / FOLDS
        try:
            if folder.is_symlink():  # nothing in it would be read
                raise OSError(errno.ELOOP, "a symbolic link")
            folder.mkdir(exist_ok=True)
            write_atomic(folder / name, data)
        except OSError as error:
            if folder not in _UNWRITABLE:
                warn_user(f"folds were trained but not kept in {folder}: {error.strerror or error}")
            _UNWRITABLE.add(folder)
            return False
        return True
