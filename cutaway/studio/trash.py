"""The trash: deleted runs go into a folder next to them, and can be taken back until it is emptied."""

import os
import secrets
import shutil
from collections.abc import Collection, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cutaway.cache import forget_rows
from cutaway.errors import CutawayError, RunError, UnknownNameError, os_errors
from cutaway.log import survive
from cutaway.runs import RunFolder, check_own, history_path, is_linked, is_locked, is_text, names_in

TRASH = ".trash"
LEAVING = ".deleted-"
"""A run that is deleted for good is renamed to this first: one that was half deleted is never taken back."""


class Trash:
    """The trash of a folder of runs.

    Attributes:
        folder: Where deleted runs are.
    """

    def __init__(self, runs: Path) -> None:
        self._runs, self.folder = runs, runs / TRASH

    def names(self) -> list[str]:
        """The ids of deleted runs."""
        return [name for name in self._entries() if not name.startswith(".") and is_text(name)]

    def _entries(self) -> list[str]:
        with survive(__name__, f"listing {self.folder}", OSError):
            if is_linked(self._runs, Path(TRASH)):
                return []
            with os.scandir(self.folder) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        return []

    def put(self, run: Path) -> None:
        """Move a run into the trash, in one step.

        Raises:
            RunError: It is being trained, one of its name is there, or the folder cannot be written.
        """
        # asked of the lock alone: run.json may be damaged, or name this machine as it was called in another network
        if is_locked(history_path(run)):
            raise RunError(
                f"{run.name} is being trained",
                hint="stop it first",
            )
        self._move(run, self.folder / run.name)

    def take_back(self, name: str) -> None:
        """Move a run out of the trash.

        Raises:
            UnknownNameError: There is none of this name.
            RunError: A run of its name is there, or the folder cannot be written or is a link.
        """
        check_own(self._runs, Path(TRASH))
        if name not in self.names():
            raise UnknownNameError(f'not in the trash: "{name:.100}"', hint="open the trash")
        self._move(self.folder / name, self._runs / name)

    def empty(self, runs: Collection[str] | None = None) -> int:
        """Empty the trash for good, and return the number of runs.

        Args:
            runs: Only these, as far as they are there; None for all.

        Raises:
            RunError: Something could not be deleted.
        """
        with self._writing("the trash"):
            check_own(self._runs, Path(TRASH))
            names = [name for name in self.names() if runs is None or name in runs]
            for name in names:
                os.rename(self.folder / name, self.folder / f"{LEAVING}{secrets.token_hex(8)}")
            self.clear_leavings(ignore_errors=False)
        return len(names)

    def clear_leavings(self, *, ignore_errors: bool = True) -> None:
        """Finish deleting, also if the process that emptied the trash was killed.

        What the user's cache holds of the rows of their data goes with them, unless another run here is on these data.
        """
        left = [self.folder / name for name in self._entries() if name.startswith(LEAVING)]
        if left:
            others = [*(self.folder / name for name in self.names()), *map(self._runs.joinpath, names_in(self._runs))]
            kept = [data for run in others for data in _data_of(run)]
            forget_rows(data for run in left for data in _data_of(run) if data not in kept)
        for path in left:
            shutil.rmtree(path, ignore_errors=ignore_errors)

    def _move(self, source: Path, target: Path) -> None:
        with self._writing(source.name):
            with suppress(FileExistsError):  # it is there
                self.folder.mkdir()
            check_own(self._runs, Path(TRASH))
            if os.path.lexists(target):
                raise RunError(
                    f'"{target.name}" exists already',
                    hint="empty the trash first, or rename the folder",
                )
            os.rename(source, target)

    @contextmanager
    def _writing(self, what: str) -> Generator[None]:
        with os_errors(f"cannot move or delete {what}", hint="check the permissions of the folder"):
            try:
                yield
            except FileNotFoundError as error:
                raise UnknownNameError(f"{what} is gone", hint="load the page again") from error


def _data_of(run: Path) -> list[Any]:
    """What marks results in the cache that hold rows of the data of a run: see `forget_rows`."""
    with survive(__name__, f"reading which data {run.name} is on", CutawayError):  # it is damaged
        dataset = RunFolder.open(run).manifest.dataset
        return [dataset.sha256, *filter(None, [dataset.preparation])]
    return []
