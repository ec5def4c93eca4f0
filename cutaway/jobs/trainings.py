"""Which training starts next and when: the same rule starts them and tells a page its place."""

import contextlib
import math
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from cutaway.errors import CutawayError
from cutaway.log import survive
from cutaway.parallel import RunnerProcess, cpu_count, free_memory

from .specifications import Continuation, Training, TrainingJob
from .training_queue import ENDED, QueuedTraining, TrainingQueue

CPUS = 4
"""CPUs for each training, if nobody says how many train simultaneously: about what XLA and the loop use."""

MEMORY = 2 << 30
"""Bytes that must be free before another training is started while one runs."""

IDLE = 30.0
"""Seconds without a training that waits after which the process that was loaded ahead is ended: it holds 240 MB."""

RECENT = 9
"""Trainings whose median time those like them are expected to take."""

ROUGHLY = 15
"""Rounding in seconds of the estimated start time, in minutes from two on: pages are not updated every second."""

Rows = list[dict[str, Any]]


class Waiting(NamedTuple):
    """A training that waits.

    Attributes:
        queue: Its queue.
        job: Its id.
        created: When it was requested, in seconds since 1970.
        seconds: How long it is expected to take; infinite if that is not known.
    """

    queue: TrainingQueue
    job: str
    created: float
    seconds: float


def starting_order(
    waiting: Sequence[Waiting],
    running: Sequence[tuple[TrainingQueue, float]],
    *,
    parallel: int,
    begun: Mapping[TrainingQueue, float],
) -> list[tuple[Waiting, float]]:
    """The order in which trainings will start, if no other one is requested.

    The next one is from the queue with the fewest running ones; of several queues, from the one whose last start is
    longest ago; of several that never started one, the earliest request.

    Args:
        waiting: The trainings, in order within each queue.
        running: The queue of each one that runs, the first one that began first, and the seconds that it will still
            take; infinite if that is not known.
        parallel: How many run simultaneously.
        begun: When each queue began one last, on any clock.

    Returns:
        The trainings and the seconds until they start; infinite if that is not known.
    """
    queues: dict[TrainingQueue, list[Waiting]] = {}
    for job in waiting:
        queues.setdefault(job.queue, []).append(job)
    for jobs in queues.values():
        jobs.reverse()  # the next one is taken from the end
    active, last = Counter(queue for queue, _ in running), dict(begun)
    ends = [(seconds, number, queue) for number, (queue, seconds) in enumerate(running)]
    now, turns = 0.0, list[tuple[Waiting, float]]()
    latest = max(begun.values(), default=0.0)
    while queues:
        if len(ends) >= parallel:
            ended = min(ends, key=lambda end: end[:2])
            ends.remove(ended)
            now = max(now, ended[0])
            active[ended[2]] -= 1
        queue = min(queues, key=lambda queue: (active[queue], last.get(queue, -math.inf), queues[queue][-1].created))
        job = queues[queue].pop()
        if not queues[queue]:
            del queues[queue]
        turns.append((job, now))
        active[queue] += 1
        last[queue] = latest + len(turns)
        ends.append((now + job.seconds, len(running) + len(turns), queue))
    return turns


def comparable(task: TrainingJob) -> tuple[str, ...]:
    """Properties that trainings of about the same duration share, the closest first; nothing if unknown."""
    if isinstance(task, Continuation):
        return ()
    alike = {"name": None, "settings": {name: value for name, value in task.settings.items() if name != "seed"}}
    same = task.model_copy(update=alike).model_dump_json()
    return (same, task.data) if isinstance(task, Training) else (same,)


class Trainings:
    """The trainings of all folders that a studio has open.

    It starts as many simultaneously as the machine allows, in the order of `starting_order`. While one waits, the
    process of the next one is loaded already: of a small training most of the time is loading.

    Args:
        parallel: How many train simultaneously; as many as the CPUs allow if None.
        wake: Lets the job manager look now.
    """

    def __init__(self, *, parallel: int | None = None, wake: Callable[[], None] = lambda: None) -> None:
        self.parallel = parallel or max(1, cpu_count() // CPUS)
        self._wake = wake
        self._queues: dict[TrainingQueue, Callable[[Rows], None]] = {}
        self._told: dict[TrainingQueue, Rows] = {}
        self._begun: dict[TrainingQueue, float] = {}
        self._next: RunnerProcess | None = None
        self._wanted = 0.0
        self._started: dict[str, float] = {}
        self._like: dict[str, tuple[str, ...]] = {}
        self._took: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=RECENT))
        self._adding, self._looking = threading.Lock(), threading.Lock()

    def watch(self, queue: TrainingQueue, tell: Callable[[Rows], None]) -> None:
        """Start the trainings of a queue from now on.

        Args:
            queue: The queue.
            tell: Called with the rows of its trainings when one has changed.
        """
        self._queues[queue] = tell

    def close(self) -> None:
        """Start no more; trainings that run go on."""
        self._let_go()
        for queue in self._queues:
            queue.close()

    def tidy(self) -> None:
        """Remove old trainings, and files that killed processes left."""
        for queue in self._queues:
            queue.tidy()
            queue.remove_leavings()

    def add(self, queue: TrainingQueue, task: TrainingJob, *, person: str = "") -> dict[str, Any]:
        """Put a training at the end of a queue, and return its row, as in `rows`.

        Raises:
            UsageError, RunError: See `TrainingQueue.add`.
        """
        with self._adding:  # a place that somebody has seen stays before those of later requests
            name = queue.add(QueuedTraining(created=time.time(), person=person, task=task))
        self._wake()
        return self.row(queue, name)

    def remove(self, queue: TrainingQueue, name: str) -> Rows:
        """Cancel a training that waits, or remove one that has ended from the list, and return the rows.

        Raises:
            UnknownNameError, UsageError, RunError: See `TrainingQueue.cancel` and `TrainingQueue.forget`.
        """
        (queue.cancel if queue.row(name)["state"] in ("queued", "starting") else queue.forget)(name)
        self._wake()
        return self.rows(queue)

    def row(self, queue: TrainingQueue, name: str) -> dict[str, Any]:
        """How one training stands, as in `rows`.

        Raises:
            UnknownNameError: There is none of this id.
        """
        queue.path(name)
        return next(row for row in self.rows(queue) if row["id"] == name)

    def rows(self, queue: TrainingQueue) -> Rows:
        """How the trainings of a queue stand.

        Returns:
            The rows of `TrainingQueue.rows`; and of each that waits, otherwise None: ``place``, from 1, among all that
            wait in whatever queue, ``waiting``, how many those are, and ``starts_in``, the seconds until it starts,
            roughly, or None if they are unknown.
        """
        return self._look()[0][queue]

    def look(self) -> None:
        """Start all trainings that can start, and tell pages about changed ones."""
        rows, turns = self._look()
        for queue, tell in self._queues.items():
            if rows[queue] != self._told.get(queue, []):
                self._told[queue] = rows[queue]
                tell(rows[queue])
        running = sum(row["state"] in ("starting", "running") for each in rows.values() for row in each)
        tried = set[TrainingQueue]()
        for (queue, name, *_), _ in turns:
            if queue in tried or not self._is_ours(queue, name):
                continue
            if running and free_memory() < MEMORY:
                break
            if running >= self.parallel:
                with survive(__name__, "loading a process ahead of the next training", OSError):  # its row will say why
                    self._load()
                break
            tried.add(queue)
            if self._begin(queue, name):
                running += 1
                self._wake()  # another one may follow immediately
        if time.monotonic() - self._wanted > IDLE:
            self._let_go()

    def _look(self) -> tuple[dict[TrainingQueue, Rows], list[tuple[Waiting, float]]]:
        """The state of all trainings, and the order of the waiting ones."""
        with self._looking:
            rows = {queue: [dict(row) for row in queue.rows()] for queue in self._queues}
            turns = self._order([(queue, row) for queue in rows for row in rows[queue]])
        places = {job.job: (place, seconds) for place, (job, seconds) in enumerate(turns, start=1)}
        for row in (row for each in rows.values() for row in each):
            place, seconds = places.get(row["id"], (None, math.inf))
            row |= {"place": place, "waiting": None if place is None else len(turns), "starts_in": _roughly(seconds)}
        return rows, turns

    def _order(self, rows: Sequence[tuple[TrainingQueue, dict[str, Any]]]) -> list[tuple[Waiting, float]]:
        now, names = time.monotonic(), {row["id"] for _, row in rows}
        self._started = {name: started for name, started in self._started.items() if name in names}
        self._like = {name: like for name, like in self._like.items() if name in names}
        waiting, running = list[Waiting](), list[tuple[float, TrainingQueue, float]]()
        for queue, row in rows:
            name, started = row["id"], self._started.get(row["id"])
            if row["state"] == "queued":
                waiting.append(Waiting(queue, name, row["created"], self._expected(queue, name)))
            elif row["state"] not in ENDED:
                started = now if started is None else started
                running.append((started, queue, max(0.0, self._expected(queue, name) - (now - started))))
            elif started is not None:
                del self._started[name]
                if row["state"] == "ended" and not row["stopped"]:
                    for each in self._alike(queue, name):
                        self._took[each].append(now - started)
        running.sort(key=lambda job: job[0])
        return starting_order(waiting, [job[1:] for job in running], parallel=self.parallel, begun=self._begun)

    def _expected(self, queue: TrainingQueue, name: str) -> float:
        """The seconds that a training will take, as those like it did; infinite if there was none."""
        return median(next((self._took[each] for each in self._alike(queue, name) if each in self._took), [math.inf]))

    def _alike(self, queue: TrainingQueue, name: str) -> tuple[str, ...]:
        if name not in self._like:
            with contextlib.suppress(CutawayError):  # it was removed, or is damaged, which its row says
                self._like[name] = comparable(queue.job(name).task)
        return self._like.get(name, ())

    def _is_ours(self, queue: TrainingQueue, name: str) -> bool:
        """Whether this server starts the trainings of a queue, whose next one is named."""
        try:
            return queue.is_ours()
        except OSError as error:  # other folders go on
            queue.cannot_begin(name, error)
            return False

    def _begin(self, queue: TrainingQueue, name: str) -> bool:
        """Give a training to a process; False if that is not possible now."""
        try:
            self._load()
            assert self._next is not None
            if not queue.begin(name, self._next):
                return False
        except OSError as error:  # it is tried again: a disk or a memory that is full now may not be later
            queue.cannot_begin(name, error)
            return False
        self._next = None
        self._begun[queue] = self._started[name] = time.monotonic()
        return True

    def _load(self) -> None:
        """Start the process of the next training.

        Raises:
            OSError: It cannot be started.
        """
        self._wanted = time.monotonic()
        if self._next is None or not self._next.alive:
            self._next = RunnerProcess("training", detached=True)

    def _let_go(self) -> None:
        process, self._next = self._next, None
        if process is not None:
            process.close()


def _roughly(seconds: float) -> int | None:
    """Seconds, rounded up as people say them; None for infinitely many."""
    if not math.isfinite(seconds):
        return None
    step = ROUGHLY if seconds <= 6 * ROUGHLY else 60
    return step * math.ceil(seconds / step)
