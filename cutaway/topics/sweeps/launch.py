"""Local workers of a sweep, each a process of its own, and the one that waits for them."""

import contextlib
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import IO

from cutaway.errors import RunError
from cutaway.log import last_line
from cutaway.parallel import RunnerProcess, cpu_count
from cutaway.runs import open_regular

from .worker import WAIT_SECONDS, SweepReporter

END_SECONDS = 60.0
"""Seconds that workers get to keep their trial when they are stopped."""

JOB = "worker"


def watch_workers(folder: Path, *, storage: str | None, study: str, workers: int, reporter: SweepReporter) -> None:
    """Start workers on this machine and wait until all trials are done.

    Raises:
        Canceled: `reporter` raised it; the workers were stopped, and what they did is kept.
        RunError: All workers ended before the trials were done.
    """
    with _started(folder, storage=storage, study=study, workers=workers) as processes:
        while True:
            running = any(process.alive for process in processes)
            trials = reporter.look()
            if len(trials) >= reporter.study.total and all(trial.ended for trial in trials):
                return
            if not running:
                raise RunError(
                    "workers of a sweep end when all trials are done",
                    got=f"none left of {workers}; the last one said: {_last_words(folder)}",
                    hint="continue with the same command",
                )
            time.sleep(WAIT_SECONDS)


@contextlib.contextmanager
def _started(folder: Path, *, storage: str | None, study: str, workers: int) -> Generator[list[RunnerProcess]]:
    log, processes = folder / "workers.log", list[RunnerProcess]()
    try:
        with _new_log(log) as errors:
            for number in range(workers):
                processes.append(RunnerProcess("sweep", errors=errors))
                # not as arguments, which everybody on the machine can read: a URL may hold a password
                worker = {"kind": "sweep-worker", "storage": storage, "study": study, "cpus": _share(number, workers)}
                processes[-1].send(JOB, {"specification": worker, "folder": str(folder), "key": ""})
        yield processes
    finally:
        _stop(processes)
        with contextlib.suppress(OSError):  # an empty log stays
            if not log.stat().st_size:
                log.unlink()


def _new_log(log: Path) -> IO[bytes]:
    """The file into which workers write their errors, empty.

    Raises:
        RunError: It cannot be written, or is a link.
    """
    try:
        return open(open_regular(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o666), "wb")
    except OSError as error:
        raise RunError(
            "workers of a sweep write their errors into its folder",
            got=f"{error.strerror or error} at {log}",
            hint="make the folder writable, or delete what is there",
        ) from error


def _stop(processes: list[RunnerProcess]) -> None:
    for process in processes:
        process.close_input()  # it then stops as by Ctrl-C
    deadline = time.monotonic() + END_SECONDS
    for process in processes:
        process.wait(max(deadline - time.monotonic(), 0.1))
        process.close()


def _share(number: int, workers: int) -> list[int]:
    """The CPUs of a worker: as many for each, or all of them where there are fewer than workers."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    cpus = sorted(os.sched_getaffinity(0))
    each = min(len(cpus), max(cpu_count(), 1)) // workers
    return cpus[number * each : (number + 1) * each] if each else cpus


def _last_words(folder: Path) -> str:
    """The last line that a worker wrote."""
    try:
        with open(open_regular(folder / "workers.log", os.O_RDONLY), "rb") as file:
            return last_line(file).removeprefix("a job failed: ") or "nothing"
    except OSError:
        return "nothing"
