"""Folders of images that people upload: in several requests, and there whole or not at all."""

import os
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyio import to_thread

from cutaway.errors import DataError, UnknownNameError, UsageError
from cutaway.runs import check_own

from .picture_names import ComingPicture, checked_folders, checked_pictures, safe_folder_name
from .request_body import RequestBody
from .uploads import PIECE, Uploads, check_room, place, remove_tree, unwritten

FILES = 100_000
"""Images of one folder at most."""

OPEN = 4
"""Folders that arrive at the same time at most."""

IDLE = 120.0
"""Seconds without a request after which a folder counts as one that broke off."""


@dataclass
class _Arriving:
    """A folder that arrives.

    Attributes:
        name: What it will be called.
        path: Where it is until it is whole.
        folders: Of images, relative to it.
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

    One is announced with its folders, then images are brought, several in each request, and at its end it gets its
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
            folders: Each folder with images in it, as the names that lead to it.
            files: How many images will come.
            size: How many bytes they have.

        Returns:
            The key of the upload.

        Raises:
            UsageError: Its shape or a name is wrong, or too many arrive at the same time.
            DataError: It is too large.
            RunError: It cannot be written, or the folder of uploads is a link.
        """
        check_own(self._runs, self._uploads.folder.relative_to(self._runs))
        paths = checked_folders(folders)
        if not 1 <= files <= FILES:
            raise DataError(
                f"a folder that is uploaded has 1 to {FILES:,} images",
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
        arriving = _Arriving(safe_folder_name(name), self._uploads.folder / f".{key}.part", paths, files, size)
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
        """Write some of the images.

        Args:
            key: Key of the upload.
            pieces: A line of JSON with ``[number of a folder, name, bytes]`` for each image, and then their contents
                one after the other.

        Returns:
            ``files`` and ``bytes``, how many have come so far.

        Raises:
            UnknownNameError: No folder with this key arrives.
            UsageError: The line is wrong, or another request brings images right now.
            DataError: There is more or less than was announced, or two names differ in case only.
            RunError: It cannot be written.
        """
        arriving = self._find(key)
        if arriving.busy:
            raise UsageError(
                "requests of an upload come one after the other", got="two simultaneously", hint="upload it again"
            )
        arriving.busy, whole = True, False
        try:
            body = RequestBody(pieces)
            coming = checked_pictures(await body.line(), folders=arriving.folders, known=arriving.known)
            _check_announced(arriving, coming)
            for picture in coming:
                await self._write(arriving, picture, body)
            if await body.rest():
                raise DataError("images are as large as announced", got="more bytes", hint="upload the folder again")
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
            DataError: Some images are missing.
            RunError: It cannot be written.
        """
        arriving = self._find(key)
        try:
            if arriving.busy or (len(arriving.known), arriving.written) != (arriving.files, arriving.bytes):
                raise DataError(
                    "an upload is whole",
                    got=f"{len(arriving.known):,} of {arriving.files:,} images",
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

    async def _write(self, arriving: _Arriving, picture: ComingPicture, body: RequestBody) -> None:
        mode = "xb"
        async for piece in body.next(picture.size):
            await to_thread.run_sync(_append, arriving.path / picture.path, mode, piece)
            mode = "ab"
            if len(piece) == PIECE:
                check_room(self._uploads.folder, 0)
        arriving.known.add(picture.folded)
        arriving.written += picture.size
        arriving.seen = time.monotonic()

    def _place(self, arriving: _Arriving) -> str:
        if hasattr(os, "sync"):  # once for all files, of which there may be thousands
            os.sync()
        return place(arriving.path, self._uploads.folder, arriving.name)


def _check_announced(arriving: _Arriving, coming: Sequence[ComingPicture]) -> None:
    size = sum(picture.size for picture in coming)
    if len(arriving.known) + len(coming) > arriving.files or arriving.written + size > arriving.bytes:
        raise DataError("as many images come as announced", got="more", hint="upload the folder again")


def _append(path: Path, mode: str, piece: bytes) -> None:
    with open(path, mode) as file:
        file.write(piece)
