"""Files of a run folder and what lies in a folder of runs, opened with the caution that a folder from a stranger needs.

A file may have been replaced by anything: a pipe that blocks forever; a link out of the folder; a sparse file as
large as a disk. So the kind and the size of a file are checked before a byte of it is read.
"""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import safetensors

from cutaway.checks import file_kind, open_regular
from cutaway.errors import RunError

RESTORE = "restore the file from a copy of the run, or train again"

MANIFEST_BYTES = 64 << 20
"""run.json takes 15 kB with MNIST; names of 1,000,000 classes take 20 MB."""

HISTORY_BYTES = 256 << 20
"""history.jsonl takes 300 bytes per epoch."""

DEPTH = 32
"""Objects and lists inside each other in a JSON document; a manifest has 7."""

Shapes = Mapping[str, tuple[int, ...]]


def regular_file(path: Path, *, run: Path, limit: int | None = None) -> Path:
    """The real path of a file of a run, if it is a regular file inside the run's folder.

    Args:
        path: The file.
        run: The run folder.
        limit: The most bytes that the file may have; no limit if None.

    Raises:
        FileNotFoundError, NotADirectoryError: It is not there, or a link that leads nowhere.
        RunError: It is of another kind, lies outside the folder, or is too large.
    """
    try:
        real, folder = Path(os.path.realpath(path, strict=True)), Path(os.path.realpath(run, strict=True))
        state = os.stat(real)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:  # a loop of links, a name that is too long, no permission
        raise _refusal(error.strerror or str(error), path) from error
    if not real.is_relative_to(folder):
        raise _refusal(f"it is a link to {real}, outside of the run folder", path)
    if not stat.S_ISREG(state.st_mode):
        raise _refusal(f"it is {file_kind(state.st_mode)}, not a regular file", path)
    if limit is not None and state.st_size > limit:
        raise _refusal(f"it has {state.st_size:,} bytes, and such a file at most {limit:,}", path)
    return real


def check_no_link(path: Path) -> None:
    """Refuse to write through a link in a folder that may come from a stranger.

    Raises:
        RunError: It is one.
    """
    if path.is_symlink():
        raise RunError(f"{path} is a symbolic link, and is not written to", hint=RESTORE)


def read_bytes(path: Path, *, run: Path, limit: int) -> bytes:
    """Read a file of a run.

    Raises:
        FileNotFoundError, NotADirectoryError, RunError: See `regular_file`.
    """
    real = regular_file(path, run=run, limit=limit)
    try:
        with open(open_regular(real, os.O_RDONLY), "rb") as file:  # it may have been replaced since it was looked at
            return file.read(min(os.fstat(file.fileno()).st_size, limit))
    except OSError as error:
        raise _refusal(error.strerror or str(error), path) from error


def file_digest(path: Path, *, run: Path) -> Any:
    """The SHA-256 of a file of a run, a hash object.

    Raises:
        FileNotFoundError, NotADirectoryError, RunError: See `regular_file`.
    """
    try:
        with open(regular_file(path, run=run), "rb") as file:
            return hashlib.file_digest(file, "sha256")
    except PermissionError as error:
        raise _refusal(error.strerror or str(error), path) from error


def read_json(data: bytes, *, where: str, hint: str = RESTORE) -> Any:
    """Parse a JSON document of at most `DEPTH` levels whose numbers are all finite.

    Args:
        data: The document.
        where: The file and the line, for the message.
        hint: The next step, for the message.

    Raises:
        RunError: It is none.
    """
    try:
        parsed = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{where} is not valid JSON: {error}", hint=hint) from None
    if not _is_shallow(parsed):
        raise RunError(f"the JSON in {where} has more than {DEPTH} levels", hint=hint)
    return parsed


def read_tensors(
    path: Path, *, run: Path, check: Callable[[Shapes], None] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read a safetensors file of a run.

    Args:
        path: The file.
        run: The run folder.
        check: Called with the shapes by name before any tensor is read; an error that it raises ends the reading.

    Returns:
        The arrays by name, and the metadata.

    Raises:
        RunError: There is none, or it is damaged.
    """
    with _opened(path, run) as file:
        names = list(file.keys())
        if check:
            check(_shapes(file))
        return {name: file.get_tensor(name) for name in names}, file.metadata() or {}


def tensor_shapes(path: Path, *, run: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays in a safetensors file of a run, without reading any of them.

    Raises:
        RunError: There is none, or it is damaged.
    """
    with _opened(path, run) as file:
        return _shapes(file)


@contextmanager
def _opened(path: Path, run: Path) -> Generator[Any]:
    """A safetensors file; its errors become a `RunError`."""
    try:
        real = regular_file(path, run=run)
        os.close(os.open(real, os.O_RDONLY))  # safetensors 0.8 calls a file missing that it may not read
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunError(f"no such file: {path}", hint=RESTORE) from error
    except OSError as error:
        raise _refusal(error.strerror or str(error), path) from error
    try:
        with safetensors.safe_open(real, framework="numpy") as file:
            yield file
    # a dtype that NumPy lacks is an AttributeError of safetensors 0.8
    except (safetensors.SafetensorError, OSError, AttributeError, MemoryError, TypeError) as error:
        raise RunError(f"{path} is not a whole safetensors file: {error}", hint=RESTORE) from error


def _shapes(file: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


def _refusal(why: str, path: Path) -> RunError:
    return RunError(f"cannot read {path}: {why}", hint=RESTORE)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name}, which is no number of JSON,")


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return True
    return False


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
