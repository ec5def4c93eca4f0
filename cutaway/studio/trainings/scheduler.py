"""Who starts the trainings that wait: a thread of the server, for all folders that it serves."""

import contextlib
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cutaway.parallel import cpu_count, free_memory
from cutaway.runs import open_regular, take_lock

from .files import LOCK, LOG, read_status, why_not_started, write_status
from .job import Status
from .queue import JobQueue
from .started import note_starts, starts_of

TICK = 0.3
"""Seconds between two looks at the queues."""

CPUS = 4
"""CPUs for each training, where nobody says how many train at once: XLA and the loop use about so many."""

MEMORY = 2 << 30
"""Bytes that must be free before another training is started beside one that runs."""

LOCKED = "scheduler.lock"

Rows = list[dict[str, Any]]


class Scheduler:
    """Starts jobs of several queues, as many at once as the machine allows, from the queue with the fewest first.

    Of queues with as many, the one that has waited longest is first: nobody waits for all that another person wants.

    Of several studios that serve one folder, the one that holds its ``scheduler.lock`` starts its jobs; when it ends,
    however it ends, another one does.

    Attributes:
        parallel: How many train at once.
    """

    def __init__(
        self, queues: Sequence[tuple[JobQueue, Callable[[Rows], None]]], *, parallel: int | None = None
    ) -> None:
        self.parallel = parallel or max(1, cpu_count() // CPUS)
        self._queues = queues
        self._locks: dict[Path, int] = {}
        self._children: list[subprocess.Popen[bytes]] = []
        self._told: dict[Path, Rows] = {}
        self._begun: dict[Path, float] = {}
        self._ending, self._awake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="studio-trainings", daemon=True)

    def start(self) -> None:
        """Begin to start jobs."""
        self._thread.start()

    def close(self) -> None:
        """Stop starting jobs; those that run go on."""
        self._ending.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(5)
        for descriptor in self._locks.values():
            os.close(descriptor)
        self._locks = {}

    def wake(self) -> None:
        """Look at the queues now."""
        self._awake.set()

    def _run(self) -> None:
        for queue, _ in self._queues:
            queue.tidy()
        while not self._ending.is_set():
            # a folder may be gone for a while, or its disk full; and no file in it, whatever it holds, ends this thread
            with contextlib.suppress(Exception):
                self.look()
            self._awake.wait(TICK)
            self._awake.clear()

    def look(self) -> None:
        """Start what can be started, and tell pages how the jobs stand where that has changed."""
        self._children = [child for child in self._children if child.poll() is None]
        rows = {queue: queue.rows() for queue, _ in self._queues}
        for queue, tell in self._queues:
            if rows[queue] != self._told.get(queue.folder, []):
                self._told[queue.folder] = [dict(row) for row in rows[queue]]
                tell(rows[queue])
        active = {queue: sum(row["state"] in ("starting", "running") for row in rows[queue]) for queue in rows}
        waiting = [queue for queue in rows if any(row["state"] == "queued" for row in rows[queue])]
        for queue in sorted(waiting, key=lambda queue: (active[queue], self._begun.get(queue.folder, -math.inf))):
            running = sum(active.values())
            if running >= self.parallel or (running and free_memory() < MEMORY):
                return
            if self._is_ours(queue):
                first = next(row["id"] for row in rows[queue] if row["state"] == "queued")
                if self._begin(queue, queue.folder / first):
                    active[queue] += 1
                    self._begun[queue.folder] = time.monotonic()
                    self._awake.set()  # another one may follow at once

    def _is_ours(self, queue: JobQueue) -> bool:
        """Whether it is this server that starts the jobs of a queue."""
        file = queue.folder.parent / LOCKED
        if queue.folder in self._locks:
            if file.exists():
                return True
            os.close(self._locks.pop(queue.folder))  # the folder was removed, and a new one is there
        lock = take_lock(file)
        if lock is not None:
            self._locks[queue.folder] = lock
        return lock is not None

    def _begin(self, queue: JobQueue, path: Path) -> bool:
        """Start the process of a job, which is given the job's lock; False if that is not possible now."""
        lock = take_lock(path / LOCK)
        if lock is None:
            return False
        before = read_status(path)
        attempts, started = before.attempts if before else 0, None
        try:
            if (before is not None and before.state != "starting") or why_not_started(path):
                return False  # it was canceled, or exchanged, after its queue was looked at
            started = starts_of(path.name)
            note_starts(path.name, started + 1)
            write_status(path, Status(state="starting", attempts=attempts + 1))
            with open(open_regular(path / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, mode=0o666), "ab") as log:
                command = [sys.executable, "-P", "-m", "cutaway.studio.trainings.child", str(path), str(lock)]
                self._children.append(
                    subprocess.Popen(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                        pass_fds=[lock],
                    )
                )
        except OSError as error:  # it is tried again: a disk or a memory that is full now may not be later
            queue.trouble[path.name] = f"cannot be started: {error.strerror or error}"
            with contextlib.suppress(OSError):
                if started is not None:
                    note_starts(path.name, started)
                write_status(path, Status(state="starting", attempts=attempts))
            return False
        finally:
            os.close(lock)
        queue.trouble.pop(path.name, None)
        return True
