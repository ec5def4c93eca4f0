"""Writing a run folder during a training."""

import io
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from cutaway.checks import check_path, warn_user
from cutaway.errors import Hint, RunError, UsageError, os_errors, printable
from cutaway.log import survive
from cutaway.words import shown

from .atomic import remove_strays, write_atomic
from .folder import RunFolder, by_name, write_title
from .history import HistoryFile
from .layout import (
    CHECKPOINT,
    FOLDS,
    HISTORY,
    MANIFEST,
    PREDICTIONS,
    SNAPSHOTS,
    TITLE_LENGTH,
    predictions_path,
    snapshot_path,
)
from .manifest import FORMAT, SECTIONS, Manifest
from .process import ProcessRecord
from .reading import check_no_link

NAME_LENGTH = 60
"""Maximum number of characters of the middle part of a folder's name."""

NAME_BYTES = 180
"""Its maximum size in bytes: file systems take 255 for a name, and the date and the digits need 21."""


class RunWriter:
    """A run folder being written by exactly one process.

    Attributes:
        path: The folder.
        manifest: The content of run.json; change it through `update`.
        begun: Whether `begin` was called. Before, a new run does not exist yet, and a resumed one is unchanged.
    """

    def __init__(self, path: Path, manifest: Manifest, *, lines: bytes = b"") -> None:
        self.path, self.manifest, self.begun = path, manifest, False
        self._history = HistoryFile(path / HISTORY, lines=lines)

    @property
    def lines(self) -> bytes:
        """The lines of the history, for whoever closes the writer and opens another one later."""
        return bytes(self._history.lines)

    @classmethod
    def create(
        cls, runs: Path | str, *, name: str | None, otherwise: str = "", manifest: Mapping[str, Any], begin: bool = True
    ) -> "RunWriter":
        """Make a new run folder named by the time, `name` and four random digits.

        A name of other characters becomes the run's title, as it was typed.

        Args:
            runs: Folder for runs; made if it is not there.
            name: Part of the folder's name; anything but letters, digits, "-", "_" and "." becomes "-". Of more
                than `NAME_LENGTH` characters or `NAME_BYTES` bytes the rest is cut off, with a warning.
            otherwise: The middle part if there is no name, such as the name of the data.
            manifest: As for `create_at`.
            begin: As for `create_at`.

        Raises:
            UsageError: The name is not text.
            RunError: The folder cannot be made or written.
        """
        if not isinstance(name, str | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(
                f"the name of a run must be text, got {shown(name)}", hint=Hint("pass for example {}", name="first")
            )
        path = (
            check_path(runs, name="runs")
            / f"{datetime.now():%Y%m%d-%H%M%S}-{_middle(name or otherwise)}-{secrets.token_hex(2)}"
        )
        writer = cls.create_at(path, manifest=manifest, begin=begin)
        if printable(name or "", TITLE_LENGTH) not in path.name:
            with survive(__name__, f"writing the title of {path.name}", RunError):
                write_title(path, name or "")
        return writer

    @classmethod
    def create_at(cls, path: Path | str, *, manifest: Mapping[str, Any], begin: bool = True) -> "RunWriter":
        """Make a new run folder at a path of the caller's choice.

        Args:
            path: Where; nothing may be there, folders above it are made.
            manifest: Fields of `Manifest`; format, name, created and status are added.
            begin: Whether to write run.json now, which makes the folder a run; otherwise `begin` does, later.

        Raises:
            RunError: Something is there, a field is missing, or the folder cannot be made or written.
        """
        path = Path(path).absolute()
        created = datetime.now(UTC).isoformat(timespec="milliseconds")
        record = {"format": FORMAT, "name": path.name, "created": created, "status": "running", **manifest}
        checked = Manifest.read(record, where="a new run")
        checked.check(*SECTIONS)
        made = False
        try:
            if path.exists():
                raise RunError(
                    f'"{path}" exists already',
                    hint="choose another path, or delete it",
                )
            path.mkdir(parents=True)
            made = True
            for folder in (SNAPSHOTS, PREDICTIONS):
                (path / folder).mkdir()
            writer = cls(path, checked)
            if begin:
                try:
                    writer.begin()
                except OSError:
                    writer.close()
                    raise
            return writer
        except OSError as error:
            if made:
                shutil.rmtree(path, ignore_errors=True)  # ours alone, and nothing is in it yet
            raise RunError(
                f"cannot write into {error.filename or path}: {error.strerror or error}",
                hint=Hint("name another folder, with {} or path=", runs=None),
            ) from error

    @classmethod
    def reopen(cls, path: Path) -> "RunWriter":
        """Open a run that was stopped, failed or died, to continue it after `begin`.

        Raises:
            UnknownNameError: There is no such run.
            RunError: It is damaged, cannot be written, or another process is writing it.
        """
        folder = RunFolder.open(path)
        folder.manifest.check(*SECTIONS)
        for name in (SNAPSHOTS, PREDICTIONS, FOLDS):
            check_no_link(folder.path / name)
        with os_errors(
            f"cannot write into {path}", hint="check the permissions of the folder and the free space on the disk"
        ):
            return cls(folder.path, folder.manifest)

    def begin(self) -> None:
        """Write run.json with the status "running", and remove temporary files of a killed process.

        A training calls it when the checkpoint of its first step, or the one to resume from, is there: a run that is
        found can be resumed.

        Raises:
            OSError: The folder cannot be written.
        """
        self.update(status="running", why=None, process=ProcessRecord.current().model_dump())
        self.begun = True
        for name in (MANIFEST, CHECKPOINT):  # somebody may be writing decisions and the title
            remove_strays(self.path, name)
        for name in (SNAPSHOTS, PREDICTIONS, FOLDS):
            remove_strays(self.path / name)

    def discard(self) -> None:
        """Close, and remove the folder of a new run that never began: nothing in it was computed."""
        if self.begun:
            self.close()
        else:
            self._history.discard()
        if not (self.path / MANIFEST).exists():
            shutil.rmtree(self.path, ignore_errors=True)

    def update(self, **fields: Any) -> None:
        """Change fields of run.json and write it.

        Raises:
            RunError: A field does not fit `Manifest`.
        """
        self.manifest = Manifest.read(self.manifest.to_record() | fields, where=str(self.path / MANIFEST))
        write_atomic(self.path / MANIFEST, _json(self.manifest))

    def epoch(self, row: Mapping[str, Any]) -> None:
        """Append an epoch's metrics to the history."""
        self._history.append({"kind": "epoch", **row}, sync=True)

    def progress(self, row: Mapping[str, Any]) -> None:
        """Append a line between epochs to the history."""
        self._history.append({"kind": "progress", **row}, sync=False)

    def snapshot(self, epoch: int, weights: Mapping[str, np.ndarray]) -> None:
        """Keep the weights after an epoch."""
        write_atomic(snapshot_path(self.path, epoch), _tensors(weights, {"epoch": str(epoch)}))

    def predictions(self, epoch: int, probabilities: np.ndarray, *, exact: bool = False) -> None:
        """Keep the predictions of an epoch, ``(sample, class)``.

        Args:
            epoch: Its number.
            probabilities: The predictions.
            exact: Whether to keep them as float32, of numbers and for a model that cannot compute them again; otherwise
                as float16.
        """
        buffer = io.BytesIO()
        np.save(buffer, probabilities.astype(np.float32 if exact else np.float16), allow_pickle=False)
        write_atomic(predictions_path(self.path, epoch), buffer.getvalue())

    def checkpoint(self, tensors: Mapping[str, np.ndarray], position: Mapping[str, Any]) -> None:
        """Keep everything that resuming needs: the arrays, and the position in training as JSON-able data."""
        write_atomic(self.path / CHECKPOINT, _tensors(tensors, {"position": json.dumps(position)}))

    def finish(self, status: str, *, why: str | None = None, **fields: Any) -> None:
        """Write how the run ended and close it.

        Args:
            status: "finished", "stopped" or "failed".
            why: The reason, if it did not finish.
            fields: More fields of run.json, such as the final metrics.
        """
        self.update(status=status, why=why and by_name(why, self.path), process=None, **fields)
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._history.close()


def _middle(name: str) -> str:
    """The middle part of a folder's name."""
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip(".-") or "run"
    cut = os.fsencode(safe[:NAME_LENGTH])[:NAME_BYTES].decode(errors="ignore")
    if cut != safe:
        warn_user(f'the name of a run has at most {NAME_LENGTH} letters or {NAME_BYTES} bytes: "{safe:.20}..." is cut')
    return cut


def _json(manifest: Manifest) -> bytes:
    text = json.dumps(manifest.to_record(), indent=2, allow_nan=False, ensure_ascii=False)
    # half of a surrogate pair, which a damaged run.json may hold, becomes the escape of JSON that it was
    return text.encode(errors="backslashreplace") + b"\n"


def _tensors(arrays: Mapping[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    # safetensors writes the memory of an array as it lies, so a transposed view would come out wrong
    return safetensors.numpy.save({k: np.asarray(v, order="C") for k, v in arrays.items()}, metadata)
