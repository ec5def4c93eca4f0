"""What decides a result besides its specification: the content of runs and of files."""

import os
from pathlib import Path
from typing import Any

from cutaway.errors import RunError
from cutaway.runs import RunFolder, labels_path


def run_signature(path: Path, *, suspects: bool = False, labels: bool = False) -> list[Any]:
    """What changes when the content of a run does: files that are replaced by size and time, the history by its epochs.

    Lines of progress between two epochs change nothing, so that a run that is being trained has a page for each epoch.

    Args:
        path: The run.
        suspects: Whether the trainings that find suspect labels are part of it.
        labels: Whether decisions on labels are.

    Raises:
        RunError: The run cannot be read.
    """
    try:
        run = RunFolder.open(path)
        files: list[Any] = [_stamp(path / "run.json"), sorted(_stamps(path / "snapshots"))]
        if suspects:
            files.append(sorted(_stamps(path / "results", "labels-")))
        if labels:
            files.append(_stamp(labels_path(path)))
        return [run.state, [row["epoch"] for row in run.history()], files]
    except OSError as error:
        raise RunError(
            "a run is a folder that can be read", got=error.strerror or str(error), hint="look at its permissions"
        ) from error


def file_signature(path: object) -> list[int] | None:
    """Size, time and inode of a file or folder; None for what is none."""
    try:
        status = os.stat(str(path))
    except (OSError, ValueError):
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _stamp(path: Path) -> list[int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return []
    return [status.st_size, status.st_mtime_ns]


def _stamps(folder: Path, prefix: str = "") -> list[tuple[str, int, int]]:
    try:
        with os.scandir(folder) as entries:
            named = [entry for entry in entries if entry.name.startswith(prefix)]
            stamps = [(entry.name, entry.stat(follow_symlinks=False)) for entry in named]
    except FileNotFoundError:
        return []
    return [(name, status.st_size, status.st_mtime_ns) for name, status in stamps]
