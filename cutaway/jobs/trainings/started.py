"""How often jobs were started, kept outside their folders: one that comes back as it was before never starts again."""

import errno
import functools
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cutaway.cache import private_folder
from cutaway.runs import changing, write_atomic

FILE = "started.json"

KEPT = 10_000
"""Jobs of all folders that are remembered one by one; of older ones none starts."""

ATTEMPTS = 2
"""How often a process is started for a job: one that dies before it can say anything would die for ever."""


class _Started(BaseModel):
    """The jobs that were started or canceled.

    Attributes:
        starts: How often, by id; `ATTEMPTS` once a process has begun to train.
        before: No job up to this id is remembered: ids begin with the time.
    """

    model_config = ConfigDict(frozen=True)

    starts: dict[str, int] = Field(default_factory=dict)
    before: str = ""


_PASSING: dict[str, int] = {}
"""Without a cache, jobs wait for as long as this process lives, and so long they are remembered."""


def starts_of(name: str) -> int:
    """How often a job was started; `ATTEMPTS` where it must not be started again.

    Raises:
        OSError: That is kept in a file which cannot be read.
    """
    file = _file()
    if file is None:
        return _PASSING.get(name, 0)
    known = _read(file)
    return known.starts.get(name, ATTEMPTS if name <= known.before else 0)


def note_starts(name: str, count: int) -> None:
    """Remember how often a job was started.

    Raises:
        OSError: The file cannot be written.
    """
    file = _file()
    if file is None:
        _PASSING[name] = count
        return
    with changing(file):
        known = _read(file)
        starts, before = dict(sorted({**known.starts, name: count}.items())), known.before
        while len(starts) > KEPT:
            before = max(before, next(iter(starts)))
            del starts[next(iter(starts))]
        write_atomic(file, _Started(starts=starts, before=before).model_dump_json().encode(), mode=0o600)


def _file() -> Path | None:
    try:
        return private_folder("studio") / FILE
    except OSError:
        return None


def _read(file: Path) -> _Started:
    try:
        status = file.stat()
    except FileNotFoundError:
        return _Started()
    return _parsed(file, (status.st_mtime_ns, status.st_size, status.st_ino))


@functools.lru_cache(maxsize=1)
def _parsed(file: Path, _: tuple[int, int, int]) -> _Started:
    """What is in the file, read again when it has changed."""
    try:
        return _Started.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise OSError(errno.EIO, f"{FILE} in the cache is damaged; delete it", str(file)) from error
