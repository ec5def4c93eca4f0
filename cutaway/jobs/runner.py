"""The process that runs jobs: ``python -m cutaway.jobs.runner QUEUE``.

It reads orders from its input and writes messages to its output, a line of JSON each, and ends with its input; see
`cutaway.parallel.RunnerProcess`. Its main thread listens, which lets it cancel jobs; other threads work.
"""

import importlib
import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from cutaway.errors import Canceled, CutawayError, printable, ran_out_of_memory
from cutaway.log import shown_log, survive
from cutaway.parallel import Message, MessageKind
from cutaway.progress import CancelToken, ProgressReporter

from .queues import QUEUES, Queue, QueueName, lower_priority
from .specifications import MANAGED_JOB, JobContext

log = logging.getLogger("cutaway.jobs")


class MessageWriter:
    """Writes to whoever started us; nothing else of this process reaches its output."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)  # output of libraries is no message
        self._lock = threading.Lock()

    def write(self, kind: MessageKind, job: str = "", value: Any = None) -> None:
        """Write a message; that nobody reads it any more ends the process."""
        line = json.dumps(asdict(Message(kind, job, value)), allow_nan=False).encode() + b"\n"
        with self._lock:
            try:
                self._file.write(line)
            except OSError:  # the studio is gone
                os._exit(0)


class Runner:
    """Runs jobs: one after the other, or as many at the same time as its queue allows."""

    def __init__(self, queue: Queue, work: Callable[[Any, JobContext], Any], writer: MessageWriter) -> None:
        self._work, self._writer = work, writer
        self._tokens: dict[str, CancelToken] = {}
        self._pool = ThreadPoolExecutor(queue.at_once)

    def take(self, order: dict[str, Any]) -> None:
        """Take an order, or cancel one."""
        if "cancel" in order:
            token = self._tokens.get(order["cancel"])
            if token is not None:
                token.cancel()
            return
        self._tokens[order["job"]] = CancelToken()
        self._pool.submit(self._run, order["job"], order)

    def end(self) -> None:
        """End the process: whoever started it is gone."""
        sys.stderr.flush()
        os._exit(0)  # threads of XLA that still want the interpreter would end the process by force

    def _run(self, job: str, order: dict[str, Any]) -> None:
        state, write = "failed", self._writer.write
        write("begun", job)
        context = JobContext(
            Path(order["folder"]),
            order["key"],
            ProgressReporter(lambda progress: write("progress", job, asdict(progress))),
            lambda part: write("part", job, part),
        )
        try:
            with self._tokens[job]:
                result = self._work(MANAGED_JOB.validate_python(order["specification"]), context)
            if result is not None:
                write("result", job, result)
            state = "done"
        except Canceled:
            state = "canceled"
        except BaseException as error:  # also SystemExit of a library: in this thread it would lose the job
            words = words_on(error)
            log.warning("a job failed: %s", words, exc_info=log.isEnabledFor(logging.DEBUG))
            write("error", job, words)
        del self._tokens[job]
        write("end", job, state)


def words_on(error: BaseException) -> str:
    """Why a job failed, in one line; unexpected errors are logged."""
    if isinstance(error, CutawayError):
        return printable(str(error))
    if isinstance(error, OSError):
        return printable(
            f"the result cannot be written into your cache folder: {error.strerror or error}; next: free some space"
        )
    if ran_out_of_memory(error):
        return "memory has run out; next: show fewer samples"
    log.error("a job failed", exc_info=error)
    return printable(f"unexpected {type(error).__name__}: {error}")


def main() -> None:
    """Listen until the input ends."""
    name = cast(QueueName, sys.argv[1])
    if name == "training":
        from .training_work import train_detached

        train_detached()
    queue = QUEUES[name]
    lower_priority(queue.nice)
    writer = MessageWriter()  # before anything is printed
    work = importlib.import_module(queue.module)
    with survive(__name__, f"loading what jobs of {name} need", Exception):  # the first job reports the fault
        work.load()
    writer.write("ready")
    runner = Runner(queue, work.run, writer)
    for line in sys.stdin.buffer:
        runner.take(json.loads(line))
    runner.end()


if __name__ == "__main__":
    with shown_log():
        main()
