"""Who may come into a studio, with a link each, which stays the same when the studio is started again."""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cutaway.cache import private_folder
from cutaway.checks import check_regular, check_whole, read_regular
from cutaway.errors import UsageError
from cutaway.log import survive
from cutaway.runs import changing, write_atomic

from .settings import Person

PEOPLE = 500
"""Maximum number of people of one studio."""

FOLDER = "people"
"""The folder below the runs for people's own folders."""

NAME = re.compile(r"[^\W_][\w .'-]{0,59}")
"""Names become names of folders."""

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
FILE_BYTES = 1 << 20


def students(count: int) -> list[str]:
    """Names for so many students: "student-01" and so on.

    Raises:
        UsageError: The number is not from 1 to `PEOPLE`.
    """
    check_whole(count, name="--students", least=1, most=PEOPLE)
    digits = max(2, len(str(count)))
    return [f"student-{number:0{digits}}" for number in range(1, count + 1)]


def read_names(file: Path) -> list[str]:
    """The names in a file, one a line; empty lines and lines that begin with # are left out.

    Raises:
        UsageError: The file cannot be read, or a line is not a name.
    """
    check_regular(file)
    try:
        with file.open("rb") as opened:
            text = opened.read(FILE_BYTES + 1)
        if len(text) > FILE_BYTES:
            raise ValueError(f"more than {FILE_BYTES:,} bytes")
        lines = [line.strip() for line in text.decode("utf-8-sig").splitlines()]
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise UsageError(
            f"cannot read names of people from {file}: {why}", hint="write a text file with a name in each line"
        ) from error
    return [line for line in lines if line and not line.startswith("#")]


def make_people(
    runs: Path, names: Sequence[str] = (), *, own_folders: bool = False, renew: bool = False
) -> tuple[Person, ...]:
    """The studio's owner, and others.

    Args:
        runs: Folder of runs of the owner.
        names: Names of the others.
        own_folders: Whether each of the others has a folder of runs of their own, which is made; otherwise they may
            look at the runs of the owner.
        renew: Whether all get new links.

    Raises:
        UsageError: A name cannot be a folder's name, is there twice, or there are too many.
    """
    _check_names(names)
    people = [Person("", runs)]
    for name in names:
        folder = runs / FOLDER / name if own_folders else runs
        folder.mkdir(parents=True, exist_ok=True)
        people.append(Person(name, folder, writes=own_folders))
    # without a cache each start has new links
    with survive(__name__, "keeping the links of the last start", OSError, ValueError):
        file = _tokens_file(runs)
        with changing(file):  # another studio of this folder may start at this moment
            known = {} if renew else _read_tokens(file)
            people = [replace(person, token=known.get(person.name, person.token)) for person in people]
            tokens = known | {person.name: person.token for person in people}
            write_atomic(file, json.dumps(tokens).encode(), mode=0o600)
    return tuple(people)


def _check_names(names: Sequence[str]) -> None:
    if len(names) > PEOPLE:
        raise UsageError(
            f"{len(names):,} people are more than a studio takes ({PEOPLE})",
            hint="start several, each on its own port",
        )
    lowered = [name.casefold() for name in names]
    for name in names:
        if not NAME.fullmatch(name) or name.endswith((".", " ")):
            raise UsageError(
                f'not a name for a person: "{name:.80}"',
                hint="use up to 60 letters, digits, spaces, and . ' - or _ in the file, with a letter or digit first",
            )
        if lowered.count(name.casefold()) > 1:
            raise UsageError(f'two people are named "{name}"', hint="change one of them")


def _tokens_file(runs: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(runs)).hexdigest()[:16]
    return private_folder("studio") / f"links-{digest}.json"


def _read_tokens(file: Path) -> dict[str, str]:
    """The tokens of an earlier start by name, from a file that nobody else could have read or written."""
    with survive(__name__, f"reading {file}", OSError, ValueError, AttributeError, RecursionError):
        status = file.lstat()
        if status.st_mode & 0o177 or status.st_size > FILE_BYTES or status.st_uid != os.getuid():
            raise ValueError("it is too large, or others could have written it")
        tokens = json.loads(read_regular(file))
        return {name: token for name, token in tokens.items() if isinstance(token, str) and TOKEN.fullmatch(token)}
    return {}
