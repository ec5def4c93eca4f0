"""Where deleted runs go: a folder beside them, from which they can be taken back until it is emptied."""

import os
import shutil
from pathlib import Path

from cutaway.errors import RunError, UnknownNameError

TRASH = ".trash"


class Trash:
    """The trash of a folder of runs.

    Attributes:
        folder: Where deleted runs are.
    """

    def __init__(self, runs: Path) -> None:
        self._runs, self.folder = runs, runs / TRASH

    def names(self) -> list[str]:
        """The ids of deleted runs."""
        try:
            return sorted(entry.name for entry in os.scandir(self.folder) if entry.is_dir(follow_symlinks=False))
        except OSError:
            return []

    def put(self, run: Path) -> None:
        """Move a run into the trash, in one step.

        Raises:
            RunError: One of its name is there, or the folder cannot be written.
        """
        self._move(run, self.folder / run.name)

    def take_back(self, name: str) -> None:
        """Move a run out of the trash.

        Raises:
            UnknownNameError: There is none of this name.
            RunError: A run of its name is there, or the folder cannot be written.
        """
        self._move(self._path(name), self._runs / name)

    def empty(self) -> int:
        """Delete what is in the trash for good, and return the number of runs.

        Raises:
            RunError: Something could not be deleted.
        """
        names = self.names()
        for name in names:
            try:
                shutil.rmtree(self.folder / name)
            except OSError as error:
                raise RunError(
                    "what is in the trash can be deleted by us",
                    got=f"{error.strerror or error}: {name}",
                    hint="check the permissions of the folder",
                ) from error
        return len(names)

    def _path(self, name: str) -> Path:
        if name not in self.names():
            raise UnknownNameError(
                "only a run in the trash can be taken back", got=f'"{name:.100}"', hint="open the trash"
            )
        return self.folder / name

    def _move(self, source: Path, target: Path) -> None:
        try:
            self.folder.mkdir(exist_ok=True)
            if target.exists():
                raise RunError(
                    "a run moves to where nothing of its name is",
                    got=f'"{target.name}", which is there',
                    hint="empty the trash first, or rename the folder",
                )
            source.rename(target)
        except OSError as error:
            raise RunError(
                "runs are moved inside their folder, which must be one that can be written",
                got=f"{error.strerror or error}: {source.name}",
                hint="check the permissions of the folder",
            ) from error
