"""Where data are: as a page says it, without a path, and as a path that leaves no folder it must not leave.

Data are a bundled dataset, an upload, or a folder that was named when the studio was started and parts below it, which
are followed without leaving it.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from cutaway.data import dataset_names, find_source
from cutaway.errors import DataError, UnknownNameError, os_errors
from cutaway.jobs import Options
from cutaway.runs import is_text

from .uploads import Uploads

DEPTH = 3
"""Maximum depth of nested folders of data: train, a class, its images."""

ENTRIES = 2_000_000
"""Entries of a folder of data that are looked at for links."""

Part = Annotated[str, Field(min_length=1, max_length=255)]


class DataReference(BaseModel, frozen=True, extra="forbid"):
    """Data, as a page names them.

    Attributes:
        place: "bundled", "upload" or "folder".
        name: Name of a bundled dataset, or an upload.
        folder: Number of a folder that was named when the studio was started.
        parts: Names from there on, one below the other.
    """

    place: Literal["bundled", "upload", "folder"]
    name: Annotated[str, Field(max_length=255)] = ""
    folder: Annotated[int, Field(ge=0, le=1_000)] = 0
    parts: Annotated[tuple[Part, ...], Field(max_length=64)] = ()


class WantedData(BaseModel, extra="forbid"):
    """Data that a page wants to have looked at or trained on.

    Attributes:
        data: The data.
        test: Their test samples, where these are apart.
        options: Options for the data; the path of test samples is none that a page has.
    """

    data: DataReference
    test: DataReference | None = None
    options: Options = {}

    def paths(self, places: "DataRoots") -> dict[str, Any]:
        """``data`` and ``options`` as a `Specification` of jobs has them. Errors are as in `resolve`."""
        options = {name: value for name, value in self.options.items() if name != "test"}
        if self.test is not None:
            options["test"] = resolve(self.test, places)
        return {"data": resolve(self.data, places), "options": options}


@dataclass(frozen=True)
class DataRoots:
    """Where data may be.

    Attributes:
        runs: The folder of runs, which has the uploads.
        folders: Folders that were named when the studio was started.
        others: Folders of runs of other people, which may be below these.
    """

    runs: Path
    folders: Sequence[Path]
    others: Sequence[Path] = ()

    @cached_property
    def _closed(self) -> frozenset[Path]:
        return frozenset(folder.resolve() for folder in self.others)

    def opens(self, path: Path, root: Path) -> bool:
        """Whether a path below a named folder is outside of other people's folders of runs; both are resolved."""
        for each in (path, *path.parents):
            if each in (root, self.runs.resolve()):
                return True
            if each in self._closed:
                return False
        return True


def resolve(reference: DataReference, places: DataRoots) -> str:
    """The name or the absolute path of data, as `cutaway.load_dataset` takes it.

    Raises:
        UnknownNameError: There are none of this name.
        DataError: They, or a link among them, leave the folder for data.
    """
    if reference.place == "bundled":
        names = [info.name for info in dataset_names()]
        if reference.name not in names:
            raise UnknownNameError(f'no bundled dataset "{reference.name}"; datasets: {", ".join(names)}')
        return reference.name
    if reference.place == "upload":
        return str(Uploads(places.runs).path(reference.name))
    path = folder_path(reference, places)
    _check_links(path, places.folders[reference.folder].resolve())
    return str(path)


def folder_path(reference: DataReference, places: DataRoots) -> Path:
    """A path below a folder of the studio, with links followed. Hidden files are not offered.

    Raises:
        UnknownNameError: There is nothing.
        DataError: It is outside the folder.
    """
    where = "/".join(reference.parts)
    if reference.folder >= len(places.folders):
        raise UnknownNameError("the data is in none of the listed folders", hint="choose from the list")
    root = places.folders[reference.folder].resolve()
    try:
        if not all(_is_plain(part) and not part.startswith(".") for part in reference.parts):
            raise FileNotFoundError
        path = root.joinpath(*reference.parts).resolve(strict=True)
        if not places.opens(path, root) or not (path.is_file() or path.is_dir()):  # reading a pipe would never end
            raise FileNotFoundError
    except (OSError, RuntimeError, ValueError):  # RuntimeError: links in a circle, before Python 3.13
        raise UnknownNameError(f'no such file or folder: "{where:.200}"', hint="choose from the list") from None
    _check_inside(path, root, where)
    return path


def list_folder(reference: DataReference, places: DataRoots, *, most: int = 2_000) -> dict[str, Any]:
    """The content of a folder of the studio.

    Returns:
        ``entries``, folders first, each with ``name``, ``folder`` (bool) and ``bytes`` (None for a folder), and
        ``more``, whether some were left out. Hidden files, files that are no data by themselves, links that lead
        outside and special files are not listed.

    Raises:
        UnknownNameError, DataError: See `folder_path`; or the folder cannot be read.
    """
    path = folder_path(reference, places)
    root = places.folders[reference.folder].resolve()
    with (
        os_errors("cannot read the folder", hint="check its permissions", kind=DataError),
        os.scandir(path) as entries,
    ):
        offered = (entry for entry in entries if _is_offered(entry, root, places))
        found = [(entry.name, entry.is_dir(), entry.stat().st_size) for entry in islice(offered, most)]
        more = next(offered, None) is not None
    found.sort(key=lambda each: (not each[1], each[0].casefold(), each[0]))
    rows = [
        {"name": name, "folder": is_folder, "bytes": None if is_folder else size} for name, is_folder, size in found
    ]
    return {"entries": rows, "more": more}


def _is_plain(name: str) -> bool:
    """Whether something is one name, not a path; a page cannot name what is not valid UTF-8."""
    return bool(name) and name not in (".", "..") and not {"/", "\0", os.sep} & {*name} and is_text(name)


def _is_offered(entry: os.DirEntry[str], root: Path, places: DataRoots) -> bool:
    if entry.name.startswith(".") or not _is_plain(entry.name):
        return False
    if entry.is_symlink() or places.others:
        target = _target(entry)
        if not target.is_relative_to(root) or not places.opens(target, root):
            return False
    with suppress(OSError):  # links in a circle
        return entry.is_dir() or (entry.is_file() and find_source(Path(entry.path)) is not None)
    return False


def _check_inside(path: Path, root: Path, where: str) -> None:
    if not path.is_relative_to(root):
        raise DataError(
            f'"{where:.200}" is a link that leads out of the folders of the studio',
            hint="copy the data into the folder, or start the studio with --data FOLDER",
        )


def _target(entry: os.DirEntry[str]) -> Path:
    """Where a link leads; one in a circle leads nowhere, which is outside of everything."""
    try:
        return Path(entry.path).resolve()
    except (OSError, RuntimeError):  # links in a circle
        return Path("/")


def _check_links(path: Path, root: Path) -> None:
    """Refuse a folder with a link that leads out of the allowed folder."""
    waiting, seen = [(path, 0)], 0
    while waiting:
        folder, depth = waiting.pop()
        if not folder.is_dir():
            continue
        with os.scandir(folder) as entries:
            for entry in entries:
                seen += 1
                if entry.is_symlink():
                    _check_inside(_target(entry), root, entry.name)
                elif depth + 1 < DEPTH and entry.is_dir(follow_symlinks=False):
                    waiting.append((Path(entry.path), depth + 1))
                if seen > ENTRIES:
                    raise DataError(f"the folder has more than {ENTRIES:,} entries", hint="choose a folder below it")
