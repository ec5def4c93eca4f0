"""A run folder, read without Keras."""

import hashlib
import io
import json
import math
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.checks import check_path, check_whole, meant
from cutaway.errors import CutawayError, Hint, RunError, UnknownNameError, UsageError, os_errors, printable
from cutaway.log import survive
from cutaway.metrics import best_epoch
from cutaway.words import shown

from .atomic import changing, write_atomic
from .history import read_history
from .layout import (
    CHECKPOINT,
    HISTORY,
    MANIFEST,
    PREDICTIONS,
    RUNS,
    SNAPSHOTS,
    SWEEP,
    TITLE,
    TITLE_LENGTH,
    predictions_path,
    snapshot_path,
)
from .manifest import Manifest
from .reading import (
    MANIFEST_BYTES,
    RESTORE,
    Shapes,
    check_own,
    file_digest,
    read_bytes,
    read_json,
    read_tensors,
    tensor_shapes,
)

SNAPSHOT_NAME = re.compile(r"epoch-(\d{4,9})\.safetensors", re.ASCII)
PREDICTIONS_NAME = re.compile(r"epoch-(\d{4,9})\.npy", re.ASCII)

TRAIN_FIRST = "train one first: cutaway train mnist"

PREDICTIONS_BYTES = 2 << 30
"""A predictions file takes at most 134 MB; before 0.2 there was no limit, and 1,000,000 of 1,000 classes took 2 GB."""


@dataclass(frozen=True)
class DamagedRun:
    """A folder with a run.json that cannot be read.

    Attributes:
        path: The folder.
        why: What is wrong, as a line.
    """

    path: Path
    why: str


@dataclass(frozen=True)
class RunFolder:
    """A run on disk, finished or not.

    Attributes:
        path: The folder.
        manifest: The content of run.json.
    """

    path: Path
    manifest: Manifest = field(repr=False)

    @classmethod
    def open(cls, path: Path | str) -> "RunFolder":
        """Open a run folder.

        Raises:
            UnknownNameError: There is no run.json.
            RunError: It is damaged, or of another format.
        """
        path = Path(path).absolute()  # found after a change of the working directory
        file = path / MANIFEST
        try:
            data = read_bytes(file, run=path, limit=MANIFEST_BYTES)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise UnknownNameError(
                f'no run in "{path}": it has no run.json', hint="list the runs with: cutaway runs"
            ) from error
        return cls(path, Manifest.read(read_json(data, where=str(file)), where=str(file)))

    @property
    def status(self) -> str:
        """How the training is or ended: "running", "finished", "stopped" or "failed"."""
        return self.manifest.status

    @property
    def state(self) -> str:
        """As `status`, but "died" if the training process is gone without an error; "damaged": see `damage`."""
        process = self.manifest.process
        died = self.status == "running" and process is not None and process.alive is False
        return "died" if died else "damaged" if self.damage else self.status

    @property
    def damage(self) -> RunError | None:
        """The error of a finished training whose history or folder is gone; None if both are there."""
        if self.status != "finished" or not self.manifest.kept_epoch:
            return None
        if self.is_gone:
            return self._gone
        try:
            size = (self.path / HISTORY).stat().st_size
        except OSError:  # what cannot be read is damaged as well
            size = 0
        got = f"no line in {self.path / HISTORY}"
        return None if size else RunError(f"the training finished without a history: there is {got}", hint=RESTORE)

    @property
    def is_gone(self) -> bool:
        """Whether the folder was deleted or moved since it was opened."""
        return not self.path.is_dir()

    def _check_there(self) -> None:
        """Check that the folder is there: a run that is gone must not look like a run without epochs.

        Raises:
            RunError: It was deleted or moved since it was opened.
        """
        if self.is_gone:
            raise self._gone

    @property
    def _gone(self) -> RunError:
        return RunError(
            f"the run folder {self.path} is gone",
            hint="open it at its new place, or train again",
        )

    @property
    def title(self) -> str:
        """What a person called it; "" if nobody did."""
        return read_title(self.path)

    @property
    def called(self) -> str:
        """What it is called: its title, or else its data and its model."""
        return self.title or self.manifest.in_words

    def identity(self, *epochs: int) -> list[Any]:
        """A key for everything computed from a run, as `cutaway.cache.cached` takes it; copies of a run share it.

        That is the model, the weights after some epochs, the data and how they are read, the split and the settings.

        Args:
            epochs: The epochs whose weights are used.

        Raises:
            CutawayError: A snapshot is missing or damaged, or so is the record of the model.
        """
        self.manifest.check("model")
        return [self._recorded, epochs, [self.snapshot_digest(epoch) for epoch in epochs]]

    @cached_property
    def _recorded(self) -> str:
        """A digest of the training in run.json, without its path, names, dates and results."""
        parts = {"origin", "dataset", "split", "model", "first_weights", "sample_weight", "config", "seed"}
        record = self.manifest.model_dump(include=parts | (self.manifest.model_extra or {}).keys())
        del record["dataset"]["name"]
        record["dataset"]["origin"].pop("path", None)
        return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()

    def history(self, *, kind: str = "epoch") -> list[dict[str, Any]]:
        """The lines of one kind ("epoch" or "progress") of history.jsonl, oldest first, without their kind.

        Raises:
            RunError: The folder is gone, or a line is damaged.
        """
        self._check_there()
        rows = read_history(self.path / HISTORY)
        return [{k: v for k, v in row.items() if k != "kind"} for row in rows if row.get("kind") == kind]

    @property
    def epochs(self) -> list[int]:
        """Epochs with a snapshot, ascending; 0 is the model as initialized.

        Raises:
            RunError: The folder is gone.
        """
        self._check_there()
        return _epochs_in(self.path / SNAPSHOTS, SNAPSHOT_NAME)

    @property
    def predicted_epochs(self) -> list[int]:
        """Epochs with a snapshot and recorded predictions, ascending."""
        return sorted({*self.epochs}.intersection(_epochs_in(self.path / PREDICTIONS, PREDICTIONS_NAME)))

    def resolve_epoch(self, epoch: int | None = None) -> int:
        """The number of an epoch that has a snapshot.

        Args:
            epoch: Its number; negative numbers count from the last; None is the kept epoch: with `patience` the epoch
                with the lowest validation loss, otherwise the last; before the first epoch has ended it is epoch 0.

        Raises:
            RunError: The run has no snapshot at all, or the snapshot of the kept epoch is gone.
            UnknownNameError: There is no snapshot of that epoch.
            UsageError: It is neither a whole number nor None.
        """
        epochs = self.epochs
        if not epochs:
            folder = self.path / SNAPSHOTS
            if folder.is_dir() and not os.access(folder, os.R_OK):
                raise RunError(f"cannot read {folder}", hint=RESTORE)
            raise RunError(
                f"no snapshot of the first weights in {folder}",
                hint="resume it with: cutaway resume",
            )
        if epoch is None:
            kept = self.manifest.kept_epoch
            if kept is None and self.manifest.config.get("patience") is not None:
                kept = kept_so_far(self.manifest, self.history())
            if kept is None or kept in epochs:
                return epochs[-1] if kept is None else kept
            raise RunError(
                f"the snapshot of the kept epoch {kept} is missing",
                hint=f"restore the file from a copy of the run, or ask for another epoch, such as {epochs[-1]}",
            )
        epoch = check_whole(epoch, name="epoch")
        if epoch < 0 and -epoch <= len(epochs):
            return epochs[epoch]
        if epoch in epochs:
            return epoch
        raise UnknownNameError(
            f"no snapshot of epoch {epoch}; this run has epochs {epochs[0]} to {epochs[-1]}",
            hint=f"choose one of these, or -1 for the last ({epochs[-1]})",
        )

    def snapshot(self, epoch: int | None = None) -> dict[str, np.ndarray]:
        """The weights after an epoch by name, such as ``"dense_1/kernel"``.

        Raises:
            UnknownNameError: There is no snapshot of that epoch.
            RunError: The file is damaged, or holds something else than weights.
        """
        path = snapshot_path(self.path, self.resolve_epoch(epoch))
        weights = read_tensors(path, run=self.path)[0]
        if other := [f'{each.dtype} as "{name}"' for name, each in weights.items() if each.dtype.kind != "f"]:
            raise RunError(f"the weight {other[0]} at {path} is not floating point", hint=RESTORE)
        return weights

    def snapshot_shapes(self, epoch: int | None = None) -> dict[str, tuple[int, ...]]:
        """The shapes of the weights after an epoch by name, without reading any of them.

        Raises:
            UnknownNameError, RunError: See `snapshot`.
        """
        return tensor_shapes(snapshot_path(self.path, self.resolve_epoch(epoch)), run=self.path)

    def parameters(self) -> int | None:
        """The number of values in the weights of the kept epoch, without reading any of them; None without a snapshot.

        Raises:
            RunError: See `snapshot`.
        """
        return sum(math.prod(shape) for shape in self.snapshot_shapes().values()) if self.epochs else None

    def snapshot_digest(self, epoch: int | None = None) -> str:
        """The SHA-256 of the file with the weights after an epoch, hexadecimal.

        Raises:
            UnknownNameError: There is no snapshot of that epoch.
            RunError: The file cannot be read.
        """
        self.snapshot_shapes(epoch)  # reads only the header: a sparse file of gigabytes is not read
        return file_digest(snapshot_path(self.path, self.resolve_epoch(epoch)), run=self.path).hexdigest()

    def checkpoint(
        self, *, check: Callable[[Shapes], None] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """The arrays and the position from where training can continue.

        Args:
            check: Called with the shapes by name before any array is read.

        Raises:
            RunError: There is none, or it is damaged.
        """
        self._check_there()
        path = self.path / CHECKPOINT
        tensors, metadata = read_tensors(path, run=self.path, check=check)
        position = read_json(metadata.get("position", "null").encode(errors="replace"), where=f"the position in {path}")
        if not isinstance(position, dict):
            raise RunError(f"the checkpoint {path} does not say how far the training was", hint=RESTORE)
        return tensors, position

    def predictions(self, epoch: int | None = None) -> np.ndarray:
        """Predictions recorded in an epoch, float16 ``(sample, class)``, rows in the order train, val, test.

        Rows of the training split were recorded as the samples were trained on: in training mode, before that step's
        update. Rows of the others are of the snapshot after the epoch.

        Raises:
            RunError: None were recorded in that epoch, or the file is damaged.
        """
        path = predictions_path(self.path, self.resolve_epoch(epoch))
        try:
            return np.load(io.BytesIO(read_bytes(path, run=self.path, limit=PREDICTIONS_BYTES)), allow_pickle=False)
        except FileNotFoundError as error:
            raise RunError(
                f"no recorded predictions at {path}: they are kept if samples times classes are at most 33,554,432",
                hint="use Run.predictions, which computes them",
            ) from error
        except RunError:
            raise
        except Exception as error:  # NumPy's parser of headers raises more kinds than can be listed
            raise RunError(f"damaged predictions at {path}: {error}", hint=RESTORE) from error


def kept_so_far(manifest: Manifest, rows: Sequence[Mapping[str, Any]]) -> int | None:
    """The epoch whose weights a run keeps; of a training that has not ended, the one that it would keep now.

    With `patience` that is the epoch of the lowest validation loss, otherwise the last.

    Args:
        manifest: The content of run.json.
        rows: The epochs of the history.

    Returns:
        Its number; None before the first epoch has ended.
    """
    if manifest.kept_epoch is not None or not rows:
        return manifest.kept_epoch
    best = None if manifest.config.get("patience") is None else best_epoch(rows)
    return rows[-1]["epoch"] if best is None else best


def _epochs_in(folder: Path, name: re.Pattern[str]) -> list[int]:
    """The epochs in the file names of a folder, ascending; none if there is no such folder."""
    with survive(__name__, f"listing {folder}", OSError):
        names = [name.fullmatch(file.name) for file in folder.iterdir()]
        return sorted({int(found[1]) for found in names if found})
    return []


def list_runs(runs: Path | str) -> list[RunFolder | DamagedRun]:
    """All runs of a folder, oldest first, then those that are damaged by name; other folders are not among them."""
    return sorted(
        (read_run(path.parent) for path in sorted(check_path(runs, name="runs").glob(f"*/{MANIFEST}"))), key=_age
    )


def read_run(path: Path) -> RunFolder | DamagedRun:
    """The run in a folder, or why it cannot be read."""
    try:
        return RunFolder.open(path)
    except CutawayError as error:
        return DamagedRun(path, str(error))
    except OSError as error:
        return DamagedRun(path, error.strerror or str(error))


def _age(run: RunFolder | DamagedRun) -> tuple[bool, str, str]:
    """The key for sorting runs: when they were made, which is not known of damaged ones."""
    damaged = isinstance(run, DamagedRun)
    return damaged, "" if damaged else run.manifest.created, run.path.name


def run_argument(path: Path) -> str:
    """How a command finds a run: by its name in the folder "runs", elsewhere by its path."""
    return path.name if path.parent.resolve() == Path(RUNS).resolve() else str(path)


def run_command(name: str, path: Path) -> str:
    """A command on a run as it is typed, such as ``cutaway resume NAME``."""
    return f"cutaway {name} {shlex.quote(run_argument(path))}{data_option(path)}"


def by_name(words: str, path: Path) -> str:
    """Words with the name of a run in place of its path: a copy of the run, which may say the same, lies elsewhere."""
    return words.replace(shlex.quote(str(path)), shlex.quote(path.name))


def data_option(path: Path) -> str:
    """The option of a command on a run whose data its folder does not keep, such as " --data FILE.npz"; or ""."""
    try:
        record = RunFolder.open(path).manifest.dataset
    except (CutawayError, OSError):  # a sweep, or a run that is damaged or not written yet
        return ""
    if record.origin["kind"] != "arrays":
        return ""
    return f" --data FILE.{'npz' if record.preparation is None else 'csv'}"


def find_run(run: Path | str, *, runs: Path | str = RUNS) -> RunFolder:
    """Open a run by its path, its folder's name in `runs`, the name it was given, or the newest one as ``"latest"``.

    Raises:
        UnknownNameError: There is no such run, or there are several with that name.
        UsageError: It is no path or name.
        RunError: It is damaged.
    """
    if not isinstance(run, str | os.PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(
            f"not a run, nor its path or name: {shown(run)}",
            hint='pass the run itself; a Keras model has its own save("model.keras"), and record makes it a run',
        )
    if str(run) == "latest":
        listed = list_runs(runs)
        known = [each for each in listed if isinstance(each, RunFolder)]
        if not known:
            raise UnknownNameError(
                f'no run in the folder "{runs}"' + (" that is not damaged" if listed else ""),
                hint=TRAIN_FIRST + Hint(", or name the folder with {}", runs=None),
            )
        return known[-1]
    for path in (Path(run), check_path(runs, name="runs") / run):
        if os.path.lexists(path / MANIFEST):
            return RunFolder.open(path)
        if os.path.lexists(path / SWEEP):
            report = f"cutaway report {shlex.quote(run_argument(path))}"
            raise UnknownNameError(
                f'"{run}" is a sweep, not a run',
                hint=f"name a trial, such as {path / 'trial-0000'}, or see all: {report}",
            )
    listed = list_runs(runs)
    # an existing path always means that path, even if it is not a run
    given = [] if os.path.lexists(run) else [each.path for each in listed if str(run) in _given_names(each)]
    if len(given) == 1:
        return RunFolder.open(given[0])
    if given:
        raise UnknownNameError(
            f'{len(given):,} runs in the folder "{runs}" are named "{run}"',
            hint=f"choose one of: {', '.join(path.name for path in given[-5:])}",
        )
    names = [each.path.name for each in listed]
    choose = f"choose one of: {', '.join(names[-5:])}"
    similar = meant(run, ["latest", *names], "")
    raise UnknownNameError(
        f'no such run: "{run}", as a path or in the folder "{runs}"',
        hint=(f"{similar} or {choose}" if similar else choose) if names else TRAIN_FIRST,
    )


def read_title(run: Path) -> str:
    """The title in a run folder, one line of at most `TITLE_LENGTH` characters; "" if there is none."""
    with survive(__name__, f"reading the title of {run.name}", OSError, RunError):
        found = read_bytes(run / TITLE, run=run, limit=8 * TITLE_LENGTH)
        return printable(found.decode(errors="replace"), TITLE_LENGTH)
    return ""


def write_title(run: Path, title: str) -> None:
    """Write the title of a run; "" removes it.

    Args:
        run: The folder of the run.
        title: At most `TITLE_LENGTH` characters count.

    Raises:
        RunError: The folder cannot be written, or the file is a link.
    """
    check_own(run.parent, Path(run.name) / TITLE)
    line = printable(title, TITLE_LENGTH)
    hint = "check the permissions of its folder and the free space on the disk"
    with os_errors(f"cannot write the title of {run.name}", hint=hint), changing(run / TITLE):
        if line:
            write_atomic(run / TITLE, f"{line}\n".encode())
        else:
            (run / TITLE).unlink(missing_ok=True)


def _given_names(run: RunFolder | DamagedRun) -> set[str]:
    """The names of a run when it was made: the middle part of its folder's name, and its title."""
    found = re.fullmatch(r"\d{8}-\d{6}-(.+)-[0-9a-f]{4}", run.path.name)
    return {name for name in (found and found[1], read_title(run.path)) if name}
