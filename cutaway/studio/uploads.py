"""Files that people upload: written to a temporary file, then renamed, so they are there whole or not at all."""

import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from anyio import to_thread

from cutaway.data import find_source
from cutaway.errors import DataError, RunError, UnknownNameError, UsageError, os_errors
from cutaway.log import survive
from cutaway.runs import check_own, names_in

UPLOADS = Path(".studio") / "uploads"

BYTES = 4 << 30
"""Maximum size of one upload in bytes."""

LEFT = 1 << 30
"""Bytes that stay free on the disk."""

NAME_BYTES = 180
"""Of a name at most: file systems take 255, and a number may be added."""

PIECE = 1 << 20
STALE = 3600
"""Seconds after which a half-written upload of a killed server is removed."""


class Uploads:
    """The uploads of a folder of runs.

    Args:
        runs: The folder of runs.

    Attributes:
        folder: Where they are.
    """

    def __init__(self, runs: Path) -> None:
        self._runs, self.folder = runs, runs / UPLOADS

    def rows(self) -> list[dict[str, Any]]:
        """All uploads by name, each with ``name`` and ``bytes``."""
        with survive(__name__, f"listing {self.folder}", OSError, RunError):
            check_own(self._runs, UPLOADS)
            names = names_in(self.folder, files=True)
            return [{"name": name, "bytes": (self.folder / name).lstat().st_size} for name in names]
        return []

    def path(self, name: str) -> Path:
        """The file of an upload.

        Raises:
            UnknownNameError: There is none of this name.
        """
        if name not in [row["name"] for row in self.rows()]:
            raise UnknownNameError(f'no such upload: "{name:.100}"', hint="upload it again")
        return (self.folder / name).resolve()

    def remove(self, name: str) -> None:
        """Delete an upload.

        Raises:
            UnknownNameError: There is none of this name.
            RunError: It cannot be deleted.
        """
        path = self.path(name)
        with os_errors("cannot delete the upload", hint="check the permissions of its folder"):
            path.unlink()

    async def receive(self, name: str, pieces: AsyncIterator[bytes], *, length: int | None) -> str:
        """Write an upload piece by piece.

        Args:
            name: Name of the file on the other machine.
            pieces: Its content.
            length: How many bytes will come, if that is known.

        Returns:
            Its name here.

        Raises:
            UsageError: Data are not called so.
            DataError: It is too large, or came only in part.
            RunError: It cannot be written, or the folder of uploads is a link.
        """
        safe = upload_name(name)
        check_own(self._runs, UPLOADS)
        _check_room(self.folder, length or 0)
        partial = self.folder / f".{secrets.token_hex(8)}.part"
        try:
            with os_errors("cannot write the upload", hint="free some space on the disk"):
                written = await self._write(partial, pieces)
                if length is not None and written != length:
                    raise DataError(f"the upload stopped after {written:,} of {length:,} bytes", hint="upload it again")
                return await to_thread.run_sync(_place, partial, self.folder, safe)
        finally:
            partial.unlink(missing_ok=True)

    async def _write(self, partial: Path, pieces: AsyncIterator[bytes]) -> int:
        self._tidy()
        written, waiting = 0, bytearray()
        with open(partial, "xb") as file:
            async for piece in pieces:
                waiting += piece
                written += len(piece)
                if written > BYTES:
                    _check_room(self.folder, written)
                if len(waiting) >= PIECE:
                    await to_thread.run_sync(file.write, bytes(waiting))
                    waiting.clear()
                    _check_room(self.folder, 0)
            file.write(bytes(waiting))
            file.flush()
            await to_thread.run_sync(os.fsync, file.fileno())
        return written

    def _tidy(self) -> None:
        """Make the folder if there is none, and remove half-written uploads of killed servers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for stray in self.folder.glob(".*.part"):
            with survive(__name__, "removing an upload that was never finished", OSError):
                if time.time() - stray.lstat().st_mtime > STALE:
                    stray.unlink(missing_ok=True)


def _check_room(folder: Path, coming: int) -> None:
    """Refuse an upload that is too large, or that would fill the disk.

    Raises:
        DataError: It is too large.
        RunError: The disk is full.
    """
    if coming > BYTES:
        raise DataError(
            f"the upload has {coming:,} bytes, and the limit is {BYTES >> 30} GB",
            hint="copy it into a folder of --data",
        )
    parent = next((each for each in (folder, *folder.parents) if each.is_dir()), Path("/"))
    disk = shutil.disk_usage(parent)
    if disk.free - coming < min(LEFT, disk.total // 10):
        raise RunError(f"the disk has only {disk.free / 1e6:,.0f} MB free", hint="free some space")


def _place(partial: Path, folder: Path, name: str) -> str:
    """Give a file its name, or the next one that is free; several may be placed simultaneously.

    Raises:
        RunError: Thousands have this name.
    """
    stem, dot, ending = name.partition(".")
    for number in range(1, 10_000):
        free = name if number == 1 else f"{stem}-{number}{dot}{ending}"
        try:
            os.link(partial, folder / free)  # unlike a rename, it replaces nothing
        except FileExistsError:
            continue
        return free
    raise RunError(f"thousands of uploads are named {name}", hint="delete some")


def upload_name(name: str) -> str:
    """A name for a file, from one that a stranger chose.

    Raises:
        UsageError: Data are not called so.
    """
    last = re.split(r"[/\\]", name)[-1]
    # names that a file system takes stay as they are
    safe = "".join(c if c.isprintable() and c not in ':*?"<>|' else "-" for c in last).strip(". ")
    safe = safe.encode()[-NAME_BYTES:].decode(errors="ignore").strip(". ")
    if not safe or find_source(Path("/nowhere") / safe) is None:
        raise UsageError(
            f'"{last:.80}" is neither a table (CSV, TSV, Excel, ODS, Parquet, Feather or Arrow) nor an .npz file',
            hint="choose such a file; put a folder of images into a folder of --data",
        )
    return safe
