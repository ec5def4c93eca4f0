"""Which names of folders and images are taken from another machine, and where the images go."""

import json
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from cutaway.data import PICTURE_ENDINGS
from cutaway.errors import DataError, UsageError

from .uploads import NAME_BYTES

FOLDERS = 5_000
"""Folders of one upload at most."""

RULE = "a folder of images has a folder for each class, perhaps inside folders train, val and test"


@dataclass(frozen=True)
class ComingPicture:
    """An image that a request brings.

    Attributes:
        path: Where it goes, relative to the folder that arrives.
        size: Its bytes.
        folded: Its path as a file system compares it that ignores case.
    """

    path: Path
    size: int
    folded: str


def checked_folders(folders: Sequence[Sequence[str]]) -> list[Path]:
    """The paths of folders of images, each given as the names that lead to it.

    Raises:
        UsageError: There are none or too many, they are too deep, or a name is wrong.
        DataError: Two names differ in case only.
    """
    if not 1 <= len(folders) <= FOLDERS or any(not 1 <= len(parts) <= 2 for parts in folders):
        deep = next(("/".join(parts) for parts in folders if len(parts) > 2), None)
        got = f'"{deep:.100}"' if deep else "images outside of such folders" if folders else "no images"
        if len(folders) > FOLDERS:
            got = f"{len(folders):,} folders"
        raise UsageError(RULE, got=got, hint="choose the folder that holds the folders of the classes")
    paths = [Path(*map(_plain_name, parts)) for parts in folders]
    spelled: dict[str, Path] = {}
    for path in paths:
        for part in (path, *path.parents[:-1]):
            if spelled.setdefault(_folded(part), part) != part:
                raise _same_name(part)
    if len(set(paths)) != len(paths):
        raise UsageError("each folder is named once", got="one twice", hint="reload the page")
    return paths


def checked_pictures(line: bytes, *, folders: Sequence[Path], known: Collection[str]) -> list[ComingPicture]:
    """The images that a request says it brings.

    Args:
        line: JSON, ``[number of a folder, name, bytes]`` for each.
        folders: As `checked_folders` returned them.
        known: What is there already, as `ComingPicture.folded`.

    Raises:
        UsageError: The line or a name is wrong.
        DataError: Two names differ in case only.
    """
    try:
        rows = [(int(number), str(name), int(size)) for number, name, size in json.loads(line)]
        if any(not 0 <= number < len(folders) or size < 0 for number, _, size in rows):
            raise ValueError
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise UsageError(
            "a request lists its images as [folder, name, bytes]", got="something else", hint="reload the page"
        ) from None
    found: dict[str, ComingPicture] = {}
    for number, name, size in rows:
        path = folders[number] / _plain_name(name)
        if path.suffix.lower() not in PICTURE_ENDINGS:
            raise UsageError(
                f"images end in {', '.join(PICTURE_ENDINGS)}", got=f'"{path.name:.80}"', hint="leave it out"
            )
        folded = _folded(path)
        if folded in known or folded in found:
            raise _same_name(path)
        found[folded] = ComingPicture(path, size, folded)
    return list(found.values())


def safe_folder_name(name: str) -> str:
    """A name for a folder, from one that a stranger chose."""
    safe = re.sub(r"[^\w.+ -]", "-", re.split(r"[/\\]", name)[-1]).strip(". ")
    return safe.encode(errors="ignore")[:NAME_BYTES].decode(errors="ignore").strip(". ") or "pictures"


def _plain_name(name: str) -> str:
    """A name as it was given, if it is one name that every file system takes, and not hidden."""
    good = bool(name) and not name.startswith(".") and not re.search(r"[/\\\x00-\x1f\x7f\ud800-\udfff]", name)
    if not good or len(name.encode(errors="replace")) > NAME_BYTES or name != name.strip():
        raise UsageError(
            f"a name has 1 to {NAME_BYTES} bytes, begins with no dot and has no slash",
            got=ascii(name[:80]),
            hint="rename it on your machine",
        )
    return name


def _folded(path: Path) -> str:
    """A path as a file system compares it that ignores case and how letters are composed."""
    return unicodedata.normalize("NFC", path.as_posix().casefold())


def _same_name(path: Path) -> DataError:
    return DataError(
        "names in a folder differ in more than upper and lower case",
        got=f'two files or folders "{path.as_posix():.100}"',
        hint="rename one of them",
    )
