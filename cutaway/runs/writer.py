"""What a training writes while it runs."""

import contextlib
import io
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from cutaway.errors import RunError

from .atomic import write_atomic
from .history import HistoryFile
from .layout import (
    CHECKPOINT,
    EMBEDDINGS,
    FORMAT,
    HISTORY,
    MANIFEST,
    PREDICTIONS,
    SNAPSHOTS,
    predictions_path,
    snapshot_path,
)


class RunWriter:
    """A run folder being written by exactly one process.

    Attributes:
        path: The folder.
        manifest: What run.json holds; change it through `update`.
    """

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path, self.manifest = path, manifest
        self._history = HistoryFile(path / HISTORY)

    @classmethod
    def create(cls, runs: Path | str, *, name: str, manifest: Mapping[str, Any]) -> "RunWriter":
        """Make a new run folder named by the time, `name` and four random digits.

        Args:
            runs: Folder for runs; made if it is not there.
            name: Middle part of the folder's name; anything but letters, digits, "-", "_" and "." becomes "-".
            manifest: JSON-able record for run.json; format, name, created and status are added.

        Raises:
            RunError: The folder cannot be made or written.
        """
        now = datetime.now().astimezone()
        safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip(".-")[:60] or "run"
        path = Path(runs) / f"{now:%Y%m%d-%H%M%S}-{safe}-{secrets.token_hex(2)}"
        record = {
            "format": FORMAT,
            "name": path.name,
            "created": now.isoformat(timespec="seconds"),
            "status": "running",
            "why": None,
            **manifest,
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir()
            for folder in (SNAPSHOTS, PREDICTIONS, EMBEDDINGS):
                (path / folder).mkdir()
            write_atomic(path / MANIFEST, _json(record))
            return cls(path, record)
        except OSError as error:
            raise RunError(
                "the folder for runs must be one that can be written",
                came=f"{error.strerror or error} at {error.filename or path}",
                fix="name another folder with --runs or runs=",
            ) from error

    def update(self, **fields: Any) -> None:
        """Change fields of run.json and write it anew."""
        self.manifest.update(fields)
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

    def predictions(self, epoch: int, probabilities: np.ndarray) -> None:
        """Keep the predictions of an epoch, ``(sample, class)``, as float16."""
        buffer = io.BytesIO()
        np.save(buffer, probabilities.astype(np.float16), allow_pickle=False)
        write_atomic(predictions_path(self.path, epoch), buffer.getvalue())

    def checkpoint(self, tensors: Mapping[str, np.ndarray], position: Mapping[str, Any]) -> None:
        """Keep everything that resuming needs: the arrays, and the position in training as JSON-able data."""
        write_atomic(self.path / CHECKPOINT, _tensors(tensors, {"position": json.dumps(position)}))

    def finish(self, status: str, *, why: str | None = None, **fields: Any) -> None:
        """Write how the run ended and close it.

        Args:
            status: "finished", "stopped" or "failed".
            why: The reason, where it did not finish.
            fields: More fields of run.json, such as the final metrics.
        """
        self.update(status=status, why=why, **fields)
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._history.close()

    def discard(self) -> None:
        """Remove the folder of a run that failed before it had anything to keep."""
        self.close()
        for file in sorted(self.path.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        with contextlib.suppress(OSError):
            self.path.rmdir()


def _json(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False).encode() + b"\n"


def _tensors(arrays: Mapping[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    # safetensors writes the memory of an array as it lies, so a transposed view would come out wrong
    return safetensors.numpy.save({k: np.ascontiguousarray(v) for k, v in arrays.items()}, metadata)
