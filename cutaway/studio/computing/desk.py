"""Who waits for what: jobs by their key, the order in which they are done, and the threads that hand them out."""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutaway.errors import RunError
from cutaway.parallel import free_memory

from .store import INDEX, PartStore
from .tasks import Lane, Task
from .worker import Worker, WorkerDied

LEASE = 100.0
"""Seconds after which a page that has not asked again does not wait any more: it was closed without a word. Pages ask
every 20 seconds, and hidden ones, whose clocks browsers slow down, every minute."""

LOOK = 5.0
"""Seconds between two looks at who still waits."""

NICE: dict[Lane, int] = {"look": 0, "view": 5, "long": 10}
"""Priority of each process: a look is not slowed by what another page has computed, and neither is a training much."""

IDLE: dict[Lane, float] = {"look": 3600.0, "view": 600.0, "long": 60.0}
"""Seconds without work, or a page that was opened, after which a process is ended: each holds the data of runs."""

MEMORY = 2 << 30
"""Bytes that must be free before looks have a process of their own; with less, they share that of what pages show."""

SETTLED = 4.0
"""Seconds from when somebody has come until the second process is loaded: by then the first one is."""

HELD = 10.0
"""Seconds for which a look holds other work back at most, once it has begun; one that is asked for so much later than
other work does not: somebody may ask for one after the other."""

MOST_JOBS = 64
"""Jobs that one person waits for at most."""

MOST_FAILED = 100
"""Failures that are remembered, so that pages that ask again are told why."""

Tell = Callable[[str, Any], None]


@dataclass(eq=False)
class Job:
    """Something that pages wait for.

    Attributes:
        key: Of its result.
        task: What to do.
        folder: Folder of the runs.
        tell: Tells the pages that show this folder.
        lane: Which process does it.
        pages: The pages that wait, each after its person and a slash, and when each asked last.
        state: "waiting", "running", "done", "failed" or "canceled".
        progress: How far it is, or None.
        error: Why it failed, or None.
        moved: Whether it was stopped for something more urgent, and waits again.
        asked: When it was first asked for.
        begun: When it was begun; infinite before.
        turn: When whoever waits was served last before it was begun.
    """

    key: str
    task: Task
    folder: Path
    tell: Tell
    lane: Lane
    pages: dict[str, float] = field(default_factory=dict[str, float])
    state: str = "waiting"
    progress: dict[str, Any] | None = None
    error: str | None = None
    moved: bool = False
    asked: float = field(default_factory=time.monotonic)
    begun: float = math.inf
    turn: float = math.inf

    @property
    def people(self) -> set[str]:
        """Who waits."""
        return {page.partition("/")[0] for page in self.pages}


class Desk:
    """Takes tasks from pages, has each done once, and tells the pages that wait.

    First looks come first. Of all else, it is the turn of the person who was served least recently, and of what that
    person wants, the most urgent is done: a student who asks for a hundred maps lets all others pass.

    Attributes:
        store: Where results are.
    """

    def __init__(self, store: PartStore | None = None) -> None:
        self.store = store or PartStore()
        self._jobs: dict[str, Job] = {}
        self._failed: dict[str, str] = {}
        self._served: dict[str, float] = {}
        self._changed = threading.Condition()
        self._workers: dict[Lane, Worker] = {lane: Worker(nice=nice) for lane, nice in NICE.items()}
        self._running: dict[Lane, Job | None] = dict.fromkeys(NICE)
        self._used: dict[Lane, float] = dict.fromkeys(NICE, 0.0)
        self._warmed = -SETTLED
        self._ending, self._over = False, threading.Event()
        self._threads = [threading.Thread(target=self._look, name="studio-leases", daemon=True)]
        self._threads += [
            threading.Thread(target=self._work, args=(lane,), name=f"studio-{lane}", daemon=True)
            for lane in self._workers
        ]

    def start(self) -> None:
        """Begin to hand out jobs."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the processes."""
        with self._changed:
            self._ending = True
            self._over.set()
            self._changed.notify_all()
        for worker in self._workers.values():
            worker.close()

    def ask(self, task: Task, folder: Path, page: str, tell: Tell, *, again: bool = False) -> dict[str, Any]:
        """Say how a task stands, and have it done if it is not.

        Args:
            task: What a page wants.
            folder: Folder of the runs.
            page: Id of the page, after its person and a slash; it waits until it is done, leaves, or is closed.
            tell: Tells the pages that show this folder.
            again: Whether it is done again where it failed, or was done before.

        Raises:
            RunError: A run cannot be read, or too much waits.
        """
        key = task.key(folder)
        if again:
            self.store.reopen(key)
        parts = self.store.names(key)
        with self._changed:
            job = self._jobs.get(key)
            if job is None and INDEX in parts:
                return {"key": key, "state": "done", "parts": parts, "progress": None, "error": None}
            if again:
                self._failed.pop(key, None)
            if job is None and key in self._failed:
                return {"key": key, "state": "failed", "parts": parts, "progress": None, "error": self._failed[key]}
            if job is None:
                person = page.partition("/")[0]
                if sum(person in job.people for job in self._jobs.values()) >= MOST_JOBS:
                    raise RunError(
                        f"at most {MOST_JOBS} jobs of one person wait", got="as many", hint="wait until some are done"
                    )
                job = self._jobs[key] = Job(key, task, folder, tell, self._lane(task.lane), {page: time.monotonic()})
                self._make_room(job)
            job.pages[page] = time.monotonic()
            self._changed.notify_all()
            return {**self._state(job), "parts": parts}

    def leave(self, key: str, page: str) -> None:
        """A page does not wait for a job any more; it is canceled where no other page does."""
        with self._changed:
            job = self._jobs.get(key)
            if job is not None:
                self._forget(job, page)

    def leave_all(self, page: str) -> None:
        """A page is closed."""
        with self._changed:
            for job in list(self._jobs.values()):
                self._forget(job, page)

    def warm(self) -> None:
        """Have the processes for looks and views loaded, one after the other: somebody is there, and will want them."""
        with self._changed:
            now = time.monotonic()
            is_warming = now - self._warmed < SETTLED
            self._warmed = self._used["look"] = self._used["view"] = now
            self._changed.notify_all()
        are_there = self._workers["look"].pid and self._workers["view"].pid
        if not is_warming and not are_there and self._threads[0].is_alive():
            threading.Thread(target=self._warm, daemon=True).start()

    def _warm(self) -> None:
        with contextlib.suppress(OSError):  # the first job says what is wrong
            if self._lane("look") == "look":
                self._workers["look"].warm()
                if self._over.wait(SETTLED):
                    return
            self._workers["view"].warm()
        with self._changed:  # from now on they count as unused
            self._used["look"] = self._used["view"] = time.monotonic()
            self._changed.notify_all()

    def _lane(self, lane: Lane) -> Lane:
        """Which process does the tasks of a lane."""
        shares = lane == "look" and self._workers["look"].pid is None and free_memory() < MEMORY
        return "view" if shares else lane

    def _look(self) -> None:
        """Cancel what only closed pages have asked for."""
        while not self._over.wait(LOOK):
            late = time.monotonic() - LEASE
            with self._changed:
                for job in list(self._jobs.values()):
                    for page in [page for page, asked in job.pages.items() if asked < late]:
                        self._forget(job, page)

    def _forget(self, job: Job, page: str) -> None:
        if job.pages.pop(page, None) is None or job.pages:
            return
        if job.state == "running":
            self._workers[job.lane].cancel()
        else:
            self._end(job, "canceled")

    def _make_room(self, job: Job) -> None:
        """Stop what is less urgent, and would not be first now; it waits again, and finds what it had finished."""
        running = self._running[job.lane]
        if running is None or running.moved or running.task.priority <= job.task.priority:
            return
        turn = running.turn if running.people & job.people else self._last_served(job)
        if _order(job, turn) < _order(running, running.turn):
            running.moved = True
            self._workers[job.lane].cancel()

    def _state(self, job: Job) -> dict[str, Any]:
        return {"key": job.key, "state": job.state, "progress": job.progress, "error": job.error}

    def _tell(self, job: Job, **more: Any) -> None:
        job.tell("work", {**self._state(job), "run": job.task.run, "kind": job.task.kind, **more})

    def _end(self, job: Job, state: str, error: str | None = None) -> None:
        job.state, job.error = state, error
        self._jobs.pop(job.key, None)
        if error is not None:
            self._failed[job.key] = error
            while len(self._failed) > MOST_FAILED:
                del self._failed[next(iter(self._failed))]
        self._tell(job)

    def _work(self, lane: Lane) -> None:
        """Do the jobs of a lane, one after the other."""
        while True:
            job = self._next(lane)
            if job is None:
                return
            self._tell(job)
            try:
                order = {"task": job.task.model_dump(mode="json"), "folder": str(job.folder), "key": job.key}
                said = self._workers[lane].do(order, lambda said, job=job: self._said(job, said))
            except WorkerDied as error:
                said = {"end": "error", "error": f"The process that computes ended: {error}. Next: try again."}
            except OSError as error:
                said = {"end": "error", "error": f"No process can be started: {error.strerror or error}."}
            with self._changed:
                self._running[lane] = None
                self._finish(job, said)
                self._changed.notify_all()  # the end of a look lets other work begin
                if self._ending:
                    return

    def _finish(self, job: Job, said: dict[str, Any]) -> None:
        if said["end"] == "error" and (job.moved or not job.pages):  # it did not stop, and was ended
            said = {"end": "canceled"}
        if said["end"] == "canceled" and job.moved and job.pages:
            job.moved, job.state, job.progress = False, "waiting", None
            self._tell(job)
        elif said["end"] == "error":
            self._end(job, "failed", said["error"])
        else:
            self._end(job, said["end"])

    def _next(self, lane: Lane) -> Job | None:
        """The next job of a lane, when there is one; None at the end."""
        with self._changed:
            self._used[lane] = time.monotonic()
            while not self._ending:
                waiting = [job for job in self._jobs.values() if job.lane == lane and job.state == "waiting"]
                if waiting and not self._is_held_back(lane, waiting):
                    job = min(waiting, key=lambda job: _order(job, self._last_served(job)))
                    job.state, self._running[lane] = "running", job
                    job.turn, job.begun = self._last_served(job), time.monotonic()
                    self._served |= dict.fromkeys(job.people, job.begun)
                    return job
                left = HELD if waiting else self._used[lane] + IDLE[lane] - time.monotonic()
                if left <= 0:
                    self._workers[lane].close()
                self._changed.wait(left if left > 0 else None)
            return None

    def _last_served(self, job: Job) -> float:
        return min((self._served.get(person, -math.inf) for person in job.people), default=math.inf)

    def _is_held_back(self, lane: Lane, waiting: Sequence[Job]) -> bool:
        """Whether nothing may begin yet: beside other work a first look takes two seconds, and alone one."""
        late, now = min(job.asked for job in waiting) + HELD, time.monotonic()
        looks = [job for job in self._jobs.values() if job.lane == "look"] if lane != "look" else []
        return any(job.asked < late and now - job.begun < HELD for job in looks)

    def _said(self, job: Job, said: dict[str, Any]) -> None:
        """Hand on what the process says of a job."""
        if "began" in said:
            with self._changed:  # everybody may have left while the process started
                if not job.pages or job.moved:
                    self._workers[job.lane].cancel()
        if "progress" in said:
            job.progress = said["progress"]
            self._tell(job)
        if "part" in said:
            self._tell(job, part=said["part"])


def _order(job: Job, served: float) -> tuple[bool, float, int]:
    """What decides which job is done first: that with the lowest.

    Args:
        job: The job.
        served: When whoever waits for it was served last.
    """
    return job.task.priority > 0, served, job.task.priority
