"""Where a recorder writes: a folder of its own, found when it is made, and the names of its entries in the history."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from cutaway.checks import warn_user
from cutaway.errors import CutawayError, RunError
from cutaway.runs import RunFolder, RunWriter

OWN = ("kind", "epoch", "seconds", "samples_per_second")
"""Entries of a line of the history that are not Keras'."""

ONE_NUMBER = ("loss", "accuracy", "val_loss", "val_accuracy", "val_cross_entropy", "learning_rate")
"""Entries that views read as one number: a metric of each class of such a name is kept under another."""

_BEGUN: set[Path] = set()
"""Folders in which a fit of this process began and has not ended an epoch: the fit has failed if another recorder is
made for one of them, as when the cell of a notebook runs again.

Kept by the process, because no file can tell: Keras calls nothing when a fit fails, so run.json says "running" as in
the first epoch of a fit elsewhere, whose folder is locked only while something is written. Only the process that fits
knows that its fit is over. Where that is lost with the process, the next recorder takes another path.
"""


@dataclass(frozen=True)
class Place:
    """A run folder to be made.

    Attributes:
        path: Where.
        replaces: Whether the run that is there is deleted first.
    """

    path: Path
    replaces: bool = False

    @classmethod
    def find(cls, path: Path, *, overwrite: bool) -> "Place":
        """Find a place for a new run.

        Raises:
            RunError: What is at the path is not a run.
        """
        if not path.exists():
            return cls(path)
        if not _is_run(path):
            raise RunError(
                "a recorder needs a path where nothing is yet, or a run",
                got=f'something else at "{path}"',
                hint="choose another path",
            )
        if overwrite or path.absolute() in _BEGUN:
            return cls(path, replaces=True)
        free = next(p for n in count(2) if not (p := path.with_name(f"{path.name}-{n}")).exists() or _failed(p))
        warn_user(f'a run is at "{path}" already: this one is recorded at "{free}"; pass overwrite=True to replace it')
        return cls(free, replaces=free.exists())

    def clear(self) -> None:
        """Delete the run that is replaced, unless another process is writing it.

        Raises:
            RunError: It is being written, or cannot be deleted.
        """
        if not self.replaces or not self.path.exists():
            return
        if not _is_run(self.path):
            raise RunError(
                "a recorder replaces a run only", got=f'something else at "{self.path}"', hint="move it away"
            )
        RunWriter(self.path, RunFolder.open(self.path).manifest).close()  # raises where another process writes it
        try:
            shutil.rmtree(self.path)
        except OSError as error:
            raise RunError(
                "a run that is replaced can be deleted",
                got=f"{error.strerror or error} at {error.filename or self.path}",
                hint="choose another path",
            ) from error

    def begun(self) -> None:
        """Remember that the folder holds no epoch yet."""
        _BEGUN.add(self.path.absolute())

    def recorded(self) -> None:
        """Forget it: the folder holds an epoch."""
        _BEGUN.discard(self.path.absolute())


def _failed(path: Path) -> bool:
    return path.absolute() in _BEGUN and _is_run(path)


def _is_run(path: Path) -> bool:
    try:
        RunFolder.open(path)
    except (CutawayError, OSError):
        return False
    return not path.is_symlink()


def own_row(logs: Mapping[str, Any], **own: Any) -> dict[str, Any]:
    """A line of the history: what Keras logged, and our own entries under their own names.

    Args:
        logs: Metrics by name, as JSON has them.
        own: Our entries. A learning rate that Keras logged, as its callbacks do that change it, comes first.
    """
    row: dict[str, Any] = {"epoch": own["epoch"]}
    for name, value in logs.items():
        kept = name
        while kept in OWN or (kept in ONE_NUMBER and isinstance(value, list)) or (kept != name and kept in logs):
            kept = f"metric_{kept}"
        if kept != name:
            warn_user(f'the metric "{name}" has the name of an entry of every history: it is kept as "{kept}"')
        row[kept] = value
    row.setdefault("loss", None)
    row.setdefault("learning_rate", own["learning_rate"])
    return row | {name: value for name, value in own.items() if name in OWN}
