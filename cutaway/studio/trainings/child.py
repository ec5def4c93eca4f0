"""The process of one training: ``python -m cutaway.studio.trainings.child SOCKET``.

Through the socket it is given the folder of a job, the job's lock, and its log. Where there is none yet, it loads
meanwhile what trainings need; it ends with whoever could have given it one. From then on it needs nobody. It holds the
lock of its job for as long as it lives, and writes into the job's folder which run it makes and how it ended. SIGINT or
SIGTERM stops the training as Ctrl-C does: everything up to the last step is kept.
"""

import importlib
import logging
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.errors import Canceled, CutawayError
from cutaway.log import shown_log, survive
from cutaway.progress import CancelToken, Progress
from cutaway.runs import ProcessRecord, labels_path

from .files import find_run_of, read_job, read_status, write_status
from .job import Continuation, Repeat, Status, Training
from .started import ATTEMPTS, note_starts

if TYPE_CHECKING:
    from cutaway.api.run import Run

log = logging.getLogger("cutaway.studio.trainings")

LOADED = ("cutaway.api.recipe", "cutaway.api.train", "cutaway.training", "sklearn.datasets")
"""What is loaded before there is a job: 1.8 s of CPU time on the machine of the benchmarks, and 240 MB."""

NOTE_SECONDS = 1.0
"""Seconds between two notes on what is done before the training begins."""


class _Teller:
    """Writes how a job stands."""

    def __init__(self, path: Path, runs: Path) -> None:
        before = read_status(path)
        self._path, self._runs, self._noted = path, runs, time.monotonic()
        self._status = Status(
            state="running", attempts=before.attempts if before else 1, process=ProcessRecord.current()
        )
        try:
            note_starts(path.name, ATTEMPTS)
        except OSError:
            log.warning("an older copy of the folder of %s could be started once more", path.name, exc_info=True)
        write_status(path, self._status)

    def on_progress(self, now: Progress) -> None:
        """Say what is done, and which run it is once the training has begun."""
        if now.task == "training":
            if self._status.run is None:
                process = self._status.process
                self._tell(run=process and find_run_of(self._runs, process), note="")
        elif now.ended or time.monotonic() - self._noted > NOTE_SECONDS:
            self._noted = time.monotonic()
            share = f" {now.done / now.total:.0%}" if now.total else ""
            self._tell(note=f"{now.task}{share}")

    def end(self, code: int, *, run: str | None = None, error: str | None = None) -> int:
        """Say how it ended, and return the exit code."""
        known = run or self._status.run
        self._tell(state="ended", exit=code, run=known, error=error, note="")
        return code

    def _tell(self, **fields: Any) -> None:
        self._status = self._status.model_copy(update=fields)
        # a full disk must not end a training that may yet get through
        with survive(log, "writing how the job stands", OSError):
            write_status(self._path, self._status)


def train_job(path: Path, lock: int) -> int:
    """Do what a job says, and return the exit code.

    Args:
        path: Folder of the job.
        lock: Descriptor of its lock, which whoever started us holds no longer.
    """
    runs = path.parent.parent.parent
    job = read_job(path)
    token = CancelToken()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: token.cancel())
    teller = _Teller(path, runs)
    try:
        with token:
            run = _do(job.task, runs, teller)
        return teller.end(0, run=run.path.name)
    except Canceled:
        return teller.end(Canceled.exit_code)
    except CutawayError as error:
        sys.stderr.write(f"{error}\n")
        return teller.end(error.exit_code, error=_by_name(str(error), job.task, runs))
    except BaseException as error:
        log.exception("the training failed")
        said = " ".join(_by_name(str(error), job.task, runs).split())[:300]
        return teller.end(1, error=f"unexpected {type(error).__name__}: {said}; next: look into the log of the job")


def _by_name(message: str, task: Training | Repeat | Continuation, runs: Path) -> str:
    """A message that names data and runs as a page knows them, without their paths."""
    paths = [task.data, str(task.options.get("test") or "")] if isinstance(task, Training) else []
    for path in filter(os.path.isabs, paths):
        message = message.replace(path, os.path.basename(path))
    return message.replace(f"{runs}{os.sep}", "")


def _do(task: Training | Repeat | Continuation, runs: Path, teller: _Teller) -> "Run":
    from cutaway.api.recipe import train_recipe
    from cutaway.api.train import resume, train_like
    from cutaway.models import import_lean_keras, lean_keras
    from cutaway.topics.labels.deciding import read_all

    lean_keras()
    import_lean_keras()
    if isinstance(task, Continuation):
        return resume(str(runs / task.run), runs=runs, progress=teller.on_progress)
    if isinstance(task, Repeat):
        run = runs / task.run  # without any decision, reading the file says so
        labels = {"labels": read_all(run) or labels_path(run)} if task.labels else {}
        settings: dict[str, Any] = {**task.settings, **labels, "progress": teller.on_progress}
        return train_like(str(runs / task.run), runs=runs, from_epoch=task.from_epoch, name=task.name, **settings)
    form = task.form.model_dump()
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in task.options.items()}
    settings = {**form, **task.settings, "progress": teller.on_progress}
    return train_recipe(task.data, options=options, runs=runs, name=task.name, **settings)


def _load() -> None:
    """Load what trainings need."""
    from cutaway.models import import_lean_keras, lean_keras

    lean_keras()
    import_lean_keras()
    for name in LOADED:
        importlib.import_module(name)


def main() -> int:
    """Wait for a job, do it, and return the exit code."""
    with socket.socket(fileno=int(sys.argv[1])) as given:
        if not select.select([given], [], [], 0)[0]:
            with survive(log, "loading what trainings need", Exception):  # the training says what is wrong
                _load()
        path, descriptors, _, _ = socket.recv_fds(given, 65_536, 2)
    if not path:
        return 0  # whoever started us is gone, or needs us no more
    lock, file = descriptors
    os.set_inheritable(lock, False)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.close(file)
    return train_job(Path(os.fsdecode(path)), lock)


if __name__ == "__main__":
    with shown_log():
        code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads of XLA may still want the interpreter, which taking itself apart would end by force
