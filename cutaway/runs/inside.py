"""Paths inside a folder of runs, read with the caution that a folder from someone else needs."""

import os
from pathlib import Path

from cutaway.errors import RunError


def names_in(folder: Path, *, files: bool = False) -> list[str]:
    """The names of the folders in a folder, or of its files, sorted.

    Hidden ones and links are left out, and so are names that are no valid UTF-8, which no page could send back.

    Args:
        folder: The folder.
        files: Whether to list files, not folders.

    Raises:
        OSError: It cannot be read.
    """
    with os.scandir(folder) as entries:
        names = [
            entry.name
            for entry in entries
            if not entry.name.startswith(".")
            and (entry.is_file(follow_symlinks=False) if files else entry.is_dir(follow_symlinks=False))
        ]
    return sorted(name for name in names if is_text(name))


def is_text(name: str) -> bool:
    """Whether the name of a file is valid UTF-8."""
    return name.encode(errors="replace").decode() == name


def is_linked(runs: Path, inside: Path) -> bool:
    """Whether a folder below the runs, or one on the way to it, is a symbolic link."""
    return any((runs / part).is_symlink() for part in (inside, *inside.parents) if part.parts)


def check_own(runs: Path, inside: Path) -> None:
    """Refuse to follow a symbolic link: it would let us list, write and delete files elsewhere.

    Args:
        runs: The folder of runs.
        inside: The folder or file, relative to the runs.

    Raises:
        RunError: It, or a folder on the way to it, is a link.
    """
    if is_linked(runs, inside):
        raise RunError(
            f"{inside} is a symbolic link",
            hint="delete the link in the folder of runs",
        )
