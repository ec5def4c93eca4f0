"""Folders of pictures that people upload: in several requests, and there whole or not at all."""

import contextlib
import json
import os
import re
import secrets
import time
import unicodedata
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyio import to_thread

from cutaway.data import PICTURE_ENDINGS
from cutaway.errors import DataError, UnknownNameError, UsageError
from cutaway.studio.folders import check_own

from .uploads import NAME_BYTES, PIECE, Uploads, check_room, place, remove_tree, unwritten

FILES = 100_000
"""Pictures of one folder at most."""

FOLDERS = 5_000
"""Folders of one upload at most."""

OPEN = 4
"""Folders that arrive at the same time at most."""

IDLE = 120.0
"""Seconds without a request after which a folder counts as one that broke off."""

HEAD_BYTES = 1 << 18
"""Of the line that says which files a request brings."""

RULE = "a folder of pictures has a folder for each class, perhaps inside folders train, val and test"


@dataclass
class _Arriving:
    """A folder that arrives.

    Attributes:
        name: What it will be called.
        path: Where it is until it is whole.
        folders: Of pictures, relative to it.
        files, bytes: How many were announced.
        written: Bytes that have come.
        known: The files that have come, as a file system that ignores case takes their names.
        busy: Whether a request brings some right now.
        seen: When something came last, on the clock of `time.monotonic`.
    """

    name: str
    path: Path
    folders: Sequence[Path]
    files: int
    bytes: int
    written: int = 0
    known: set[str] = field(default_factory=set[str])
    busy: bool = False
    seen: float = field(default_factory=time.monotonic)


class FolderUploads:
    """Folders that arrive in a folder of runs.

    One is announced with its folders, then pictures are brought, several in each request, and at its end it gets its
    name. Any request that fails ends the whole upload and removes what has come.

    Args:
        runs: The folder of runs.
        uploads: Where finished ones are.
    """

    def __init__(self, runs: Path, uploads: Uploads) -> None:
        self._runs, self._uploads = runs, uploads
        self._arriving: dict[str, _Arriving] = {}

    def begin(self, name: str, *, folders: Sequence[Sequence[str]], files: int, size: int) -> str:
        """Announce a folder.

        Args:
            name: What it is called on the other machine.
            folders: Each folder with pictures in it, as the names that lead to it.
            files: How many pictures will come.
            size: How many bytes they have.

        Returns:
            The key of the upload.

        Raises:
            UsageError: Its shape or a name is wrong, or too many arrive at the same time.
            DataError: It is too large.
            RunError: It cannot be written, or the folder of uploads is a link.
        """
        check_own(self._runs, self._uploads.folder.relative_to(self._runs))
        paths = _checked_folders(folders)
        if not 1 <= files <= FILES:
            raise DataError(
                f"a folder that is uploaded has 1 to {FILES:,} pictures",
                got=f"{files:,}",
                hint="copy it into a folder of --data",
            )
        check_room(self._uploads.folder, size)
        self.remove_idle()
        if len(self._arriving) >= OPEN:
            raise UsageError(
                f"at most {OPEN} folders arrive at the same time", got="one more", hint="wait until one is there"
            )
        key = secrets.token_hex(8)
        arriving = _Arriving(_safe_folder_name(name), self._uploads.folder / f".{key}.part", paths, files, size)
        try:
            self._uploads.tidy()
            for path in paths:
                (arriving.path / path).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            remove_tree(arriving.path)
            raise unwritten(error) from error
        self._arriving[key] = arriving
        return key

    async def receive(self, key: str, pieces: AsyncIterator[bytes]) -> dict[str, Any]:
        """Write some of the pictures.

        Args:
            key: Of the upload.
            pieces: A line of JSON with ``[number of a folder, name, bytes]`` for each picture, and then their contents
                one after the other.

        Returns:
            ``files`` and ``bytes``, how many have come so far.

        Raises:
            UnknownNameError: No folder with this key arrives.
            UsageError: The line is wrong, or another request brings pictures right now.
            DataError: There is more or less than was announced, or two names differ in case only.
            RunError: It cannot be written.
        """
        arriving = self._find(key)
        if arriving.busy:
            raise UsageError("one request after the other brings pictures", got="two at once", hint="upload it again")
        arriving.busy, whole = True, False
        try:
            body = _Body(pieces)
            for path, size in self._checked_files(arriving, await body.line()):
                await self._write(arriving, path, size, body)
            if await body.rest():
                raise DataError("pictures are as large as announced", got="more bytes", hint="upload the folder again")
            whole = True
        except OSError as error:
            raise unwritten(error) from error
        finally:
            arriving.busy = False
            if not whole:
                await to_thread.run_sync(self.cancel, key)
        return {"files": len(arriving.known), "bytes": arriving.written}

    async def finish(self, key: str) -> str:
        """Give a folder its name, when all of it is there.

        Returns:
            What it is called here.

        Raises:
            UnknownNameError: No folder with this key arrives.
            DataError: Some pictures are missing.
            RunError: It cannot be written.
        """
        arriving = self._find(key)
        try:
            if arriving.busy or (len(arriving.known), arriving.written) != (arriving.files, arriving.bytes):
                raise DataError(
                    "an upload is whole",
                    got=f"{len(arriving.known):,} of {arriving.files:,} pictures",
                    hint="upload the folder again",
                )
            return await to_thread.run_sync(self._place, arriving)
        except OSError as error:
            raise unwritten(error) from error
        finally:
            await to_thread.run_sync(self.cancel, key)

    def cancel(self, key: str) -> None:
        """Forget a folder that arrives and remove what has come; nothing happens if there is none with this key."""
        arriving = self._arriving.pop(key, None)
        if arriving is not None:
            remove_tree(arriving.path)

    def remove_idle(self, *, seconds: float = IDLE) -> None:
        """Remove folders of which nothing came for some time."""
        now = time.monotonic()
        for key, arriving in list(self._arriving.items()):
            if not arriving.busy and now - arriving.seen >= seconds:
                self.cancel(key)

    def _find(self, key: str) -> _Arriving:
        if key not in self._arriving:
            raise UnknownNameError("a folder is uploaded in one go", got="one that broke off", hint="upload it again")
        return self._arriving[key]

    def _checked_files(self, arriving: _Arriving, line: bytes) -> list[tuple[Path, int]]:
        """Where the pictures of a request go, and how large they are."""
        try:
            rows = [(int(number), str(name), int(size)) for number, name, size in json.loads(line)]
            if any(not 0 <= number < len(arriving.folders) or size < 0 for number, _, size in rows):
                raise ValueError
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise UsageError(
                "a request lists its pictures as [folder, name, bytes]", got="something else", hint="reload the page"
            ) from None
        found = [(arriving.folders[number] / _plain_name(name), size) for number, name, size in rows]
        if others := [path.name for path, _ in found if path.suffix.lower() not in PICTURE_ENDINGS]:
            raise UsageError(
                f"pictures end in {', '.join(PICTURE_ENDINGS)}", got=f'"{others[0]:.80}"', hint="leave it out"
            )
        coming = sum(size for _, size in found)
        if len(arriving.known) + len(found) > arriving.files or arriving.written + coming > arriving.bytes:
            raise DataError("as many pictures come as announced", got="more", hint="upload the folder again")
        for path, _ in found:
            if (folded := _folded(path)) in arriving.known:
                raise _same_name(path)
            arriving.known.add(folded)
        return found

    async def _write(self, arriving: _Arriving, path: Path, size: int, body: "_Body") -> None:
        mode = "xb"
        async for piece in body.next(size):
            await to_thread.run_sync(_append, arriving.path / path, mode, piece)
            mode = "ab"
            if len(piece) == PIECE:
                check_room(self._uploads.folder, 0)
        arriving.written += size
        arriving.seen = time.monotonic()

    def _place(self, arriving: _Arriving) -> str:
        if hasattr(os, "sync"):  # once for all files, of which there may be thousands
            os.sync()
        return place(arriving.path, self._uploads.folder, arriving.name)


class _Body:
    """The body of a request, read in parts of a known size."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces, self._waiting = pieces, bytearray()

    async def line(self) -> bytes:
        while (end := self._waiting.find(b"\n")) < 0:
            if len(self._waiting) > HEAD_BYTES or not await self._more():
                raise UsageError(
                    f"a request begins with a line of at most {HEAD_BYTES:,} bytes", got="none", hint="reload the page"
                )
        line = bytes(self._waiting[:end])
        del self._waiting[: end + 1]
        return line

    async def next(self, size: int) -> AsyncIterator[bytes]:
        """The next bytes in pieces of at most a megabyte, at least one piece."""
        while True:
            while len(self._waiting) < min(size, PIECE):
                if not await self._more():
                    raise DataError(
                        "pictures are as large as announced", got="fewer bytes", hint="upload the folder again"
                    )
            piece = bytes(self._waiting[: min(size, PIECE)])
            del self._waiting[: len(piece)]
            size -= len(piece)
            yield piece
            if not size:
                return

    async def rest(self) -> bool:
        """Whether there is more."""
        while not self._waiting:
            if not await self._more():
                return False
        return True

    async def _more(self) -> bool:
        with contextlib.suppress(StopAsyncIteration):
            self._waiting += await anext(self._pieces)
            return True
        return False


def _append(path: Path, mode: str, piece: bytes) -> None:
    with open(path, mode) as file:
        file.write(piece)


def _checked_folders(folders: Sequence[Sequence[str]]) -> list[Path]:
    if not 1 <= len(folders) <= FOLDERS or any(not 1 <= len(parts) <= 2 for parts in folders):
        deep = next(("/".join(parts) for parts in folders if len(parts) > 2), None)
        got = f'"{deep:.100}"' if deep else "pictures outside of such folders" if folders else "no pictures"
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


def _safe_folder_name(name: str) -> str:
    """A name for a folder, from one that a stranger chose."""
    safe = re.sub(r"[^\w.+ -]", "-", re.split(r"[/\\]", name)[-1]).strip(". ")
    return safe.encode(errors="ignore")[:NAME_BYTES].decode(errors="ignore").strip(". ") or "pictures"


def _folded(path: Path) -> str:
    """A path as a file system compares it that ignores case and how letters are composed."""
    return unicodedata.normalize("NFC", path.as_posix().casefold())


def _same_name(path: Path) -> DataError:
    return DataError(
        "names in a folder differ in more than upper and lower case",
        got=f'two files or folders "{path.as_posix():.100}"',
        hint="rename one of them",
    )
