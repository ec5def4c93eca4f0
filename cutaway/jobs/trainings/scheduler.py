"""Who starts the trainings that wait: a thread of the server, for all folders that it serves."""

import contextlib
import logging
import math
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from cutaway.errors import CutawayError
from cutaway.jobs.specifications import TrainingJob
from cutaway.log import survive
from cutaway.parallel import RunnerProcess, cpu_count, free_memory
from cutaway.runs import take_lock

from .files import LOCK, open_log, read_status, why_not_started, write_status
from .order import Turn, Waiting, comparable, starting_order
from .queue import JobQueue
from .records import QueuedTraining, Status
from .started import note_starts, starts_of

log = logging.getLogger("cutaway.jobs.trainings")

TICK = 0.3
"""Seconds between two looks at the queues."""

CPUS = 4
"""CPUs for each training, if nobody says how many train simultaneously: about what XLA and the loop use."""

MEMORY = 2 << 30
"""Bytes that must be free before another training is started beside one that runs."""

IDLE = 30.0
"""Seconds without a training that waits after which the process that was loaded ahead is ended: it holds 240 MB."""

RECENT = 9
"""Trainings whose median time those like them are expected to take."""

ROUGHLY = 15
"""Seconds that the time until a training begins is told in, and minutes from two on: a page is told what changes."""

LOCKED = "scheduler.lock"

Rows = list[dict[str, Any]]


class Scheduler:
    """Starts jobs of several queues, as many simultaneously as the machine allows, in the order of `starting_order`.

    While one waits, the process of the next one is loaded already: of a small training most of the time is loading.

    Of several studios that serve one folder, the one that holds its ``scheduler.lock`` starts its jobs; when it ends,
    however it ends, another one does.

    Attributes:
        parallel: How many train simultaneously.
    """

    def __init__(
        self, queues: Sequence[tuple[JobQueue, Callable[[Rows], None]]], *, parallel: int | None = None
    ) -> None:
        self.parallel = parallel or max(1, cpu_count() // CPUS)
        self._queues = queues
        self._locks: dict[Path, int] = {}
        self._children: list[RunnerProcess] = []
        self._next: RunnerProcess | None = None
        self._wanted = 0.0
        self._told: dict[Path, Rows] = {}
        self._begun: dict[Path, float] = {}
        self._started: dict[str, float] = {}
        self._like: dict[str, tuple[str, ...]] = {}
        self._took: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=RECENT))
        self._adding, self._looking = threading.Lock(), threading.Lock()
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
        self._let_go()
        for descriptor in self._locks.values():
            os.close(descriptor)
        self._locks = {}

    def wake(self) -> None:
        """Look at the queues now."""
        self._awake.set()

    def add(self, queue: JobQueue, task: TrainingJob, *, person: str = "") -> dict[str, Any]:
        """Put a job at the end of a queue, and return its row, as in `rows`.

        Raises:
            UsageError, RunError: See `JobQueue.add`.
        """
        with self._adding:  # who is told a place stays before those who ask later
            name = queue.add(QueuedTraining(created=time.time(), person=person, task=task))
        self.wake()
        return self.row(queue, name)

    def row(self, queue: JobQueue, name: str) -> dict[str, Any]:
        """How one job stands, as in `rows`.

        Raises:
            UnknownNameError: There is none of this id.
        """
        queue.path(name)
        return next(row for row in self.rows(queue) if row["id"] == name)

    def rows(self, queue: JobQueue) -> Rows:
        """How the jobs of a queue stand.

        Returns:
            What `JobQueue.rows` says; and of each that waits, otherwise None: ``place``, from 1, among all that wait in
            whatever queue, ``waiting``, how many those are, and ``starts_in``, the seconds until it starts, roughly, or
            None where they are not known.
        """
        return self._look()[0][queue]

    def _look(self) -> tuple[dict[JobQueue, Rows], list[Turn]]:
        """How all jobs stand, and in which order those that wait will start."""
        with self._looking:
            rows = {queue: [dict(row) for row in queue.rows()] for queue, _ in self._queues}
            turns = self._order([(queue, row) for queue in rows for row in rows[queue]])
        places = {turn.job.job: (place, turn.seconds) for place, turn in enumerate(turns, start=1)}
        for row in (row for each in rows.values() for row in each):
            place, seconds = places.get(row["id"], (None, math.inf))
            row |= {"place": place, "waiting": None if place is None else len(turns), "starts_in": _roughly(seconds)}
        return rows, turns

    def _order(self, rows: Sequence[tuple[JobQueue, dict[str, Any]]]) -> list[Turn]:
        now, names = time.monotonic(), {row["id"] for _, row in rows}
        self._started = {name: started for name, started in self._started.items() if name in names}
        self._like = {name: like for name, like in self._like.items() if name in names}
        waiting, running = list[Waiting](), list[tuple[float, Path, float]]()
        for queue, row in rows:
            name, started = row["id"], self._started.get(row["id"])
            if row["state"] == "queued":
                waiting.append(Waiting(queue.folder, name, row["created"], self._expected(queue, name)))
            elif row["state"] in ("starting", "running"):
                started = now if started is None else started
                left = max(0.0, self._expected(queue, name) - (now - started))
                running.append((started, queue.folder, left))
            elif started is not None:
                del self._started[name]
                if row["state"] == "ended" and not row["stopped"]:
                    for each in self._alike(queue, name):
                        self._took[each].append(now - started)
        running.sort(key=lambda job: job[0])
        return starting_order(waiting, [job[1:] for job in running], parallel=self.parallel, begun=self._begun)

    def _expected(self, queue: JobQueue, name: str) -> float:
        """The seconds that a job will take, as those like it did; infinite if there was none."""
        return median(next((self._took[each] for each in self._alike(queue, name) if each in self._took), [math.inf]))

    def _alike(self, queue: JobQueue, name: str) -> tuple[str, ...]:
        if name not in self._like:
            with contextlib.suppress(CutawayError):  # it was removed, or is damaged, which its row says
                self._like[name] = comparable(queue.job(name).task)
        return self._like.get(name, ())

    def _run(self) -> None:
        for queue, _ in self._queues:
            with survive(log, f"tidying {queue.folder}", Exception):
                queue.tidy()
        while not self._ending.is_set():
            # a folder may be gone for a while, or its disk full; and no file in it, whatever it holds, ends this thread
            with survive(log, f"looking at the queues of {len(self._queues)} folders", Exception):
                self.look()
            self._awake.wait(TICK)
            self._awake.clear()

    def look(self) -> None:
        """Start what can be started, and tell pages how the jobs stand where that has changed."""
        self._children = [child for child in self._children if child.alive]
        rows, turns = self._look()
        queues = {queue.folder: queue for queue in rows}
        for queue, tell in self._queues:
            if rows[queue] != self._told.get(queue.folder, []):
                self._told[queue.folder] = rows[queue]
                tell(rows[queue])
        running = sum(row["state"] in ("starting", "running") for each in rows.values() for row in each)
        tried = set[Path]()
        for queue, name in ((queues[turn.job.queue], turn.job.job) for turn in turns):
            if queue.folder in tried or not self._is_ours(queue, name):
                continue
            if running and free_memory() < MEMORY:
                break
            if running >= self.parallel:
                self._load_next()
                break
            tried.add(queue.folder)
            if self._begin(queue, name):
                running += 1
                self._awake.set()  # another one may follow immediately
        if time.monotonic() - self._wanted > IDLE:
            self._let_go()

    def _load_next(self) -> None:
        """Have the process of the next job loaded while others run."""
        self._wanted = time.monotonic()
        if self._next is None or not self._next.alive:
            try:
                self._next = RunnerProcess("training", detached=True)
            except OSError:  # it is tried again when the job begins, whose row then says why
                log.warning("no process could be loaded ahead of the next training", exc_info=True)

    def _let_go(self) -> None:
        process, self._next = self._next, None
        if process is not None:
            process.close()

    def _is_ours(self, queue: JobQueue, name: str) -> bool:
        """Whether it is this server that starts the jobs of a queue, the next of which is named."""
        file = queue.folder.parent / LOCKED
        if queue.folder in self._locks:
            if file.exists():
                return True
            os.close(self._locks.pop(queue.folder))  # the folder was removed, and a new one is there
        try:
            lock = take_lock(file)
        except OSError as error:  # such as a link, or the file of another user: other folders go on
            _cannot_start(queue, name, error)
            return False
        if lock is not None:
            self._locks[queue.folder] = lock
        return lock is not None

    def _begin(self, queue: JobQueue, name: str) -> bool:
        """Give a job and its lock to a process; False if that is not possible now."""
        path = queue.folder / name
        try:
            lock = take_lock(path / LOCK)
        except OSError as error:
            _cannot_start(queue, name, error)
            return False
        if lock is None:
            return False
        before = read_status(path)
        attempts, started = before.attempts if before else 0, None
        try:
            if (before is not None and before.state != "starting") or why_not_started(path):
                return False  # it was canceled, or exchanged, after its queue was looked at
            with open_log(path) as output:  # before anything is written or started: it may be a link, each time again
                started = starts_of(path.name)
                note_starts(path.name, started + 1)
                write_status(path, Status(state="starting", attempts=attempts + 1))
                process, self._next = self._next, None
                if process is None or not process.alive:
                    process = RunnerProcess("training", detached=True)
                self._children.append(process)
                process.send(name, {"folder": str(path)}, descriptors=(lock, output.fileno()))
        except OSError as error:  # it is tried again: a disk or a memory that is full now may not be later
            _cannot_start(queue, name, error)
            with survive(log, f"writing that {name} waits again", OSError):
                if started is not None:
                    note_starts(path.name, started)
                write_status(path, Status(state="starting", attempts=attempts))
            return False
        finally:
            os.close(lock)
        queue.trouble.pop(name, None)
        self._begun[queue.folder] = self._started[name] = time.monotonic()
        return True


def _cannot_start(queue: JobQueue, name: str, error: OSError) -> None:
    """Say in the row of a job why it could not be started; it waits, and is tried again."""
    words = f"cannot be started: {error.strerror or error}"
    if queue.trouble.get(name) != words:
        queue.trouble[name] = words
        log.warning("%s in %s %s", name, queue.folder, words)


def _roughly(seconds: float) -> int | None:
    """Seconds, rounded up as people say them; None for infinitely many."""
    if not math.isfinite(seconds):
        return None
    step = ROUGHLY if seconds <= 6 * ROUGHLY else 60
    return step * math.ceil(seconds / step)
