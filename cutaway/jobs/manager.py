"""Who waits for what: jobs by their key, their order, and the processes that do them."""

import base64
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from cutaway.errors import RunError
from cutaway.log import survive
from cutaway.parallel import Message, RunnerProcess, free_memory

from .queues import QUEUES, QueueName
from .specifications import LiveMap, ManagedJob
from .store import INDEX, part_names, reopen
from .trainings import Trainings

log = logging.getLogger("cutaway.jobs")

TICK_SECONDS = 0.3
"""Seconds between two looks for pages that are gone, for idle processes, and at the trainings."""

MEMORY_BYTES = 2 << 30
"""Free memory in bytes for looks to get their own process; with less, they share the process of "view"."""

SETTLE_SECONDS = 4.0
"""Seconds between the starts of two processes that are loaded ahead: by then the first one is loaded."""

WARM_SECONDS = 300.0
"""Seconds to keep a process that was loaded ahead."""

HOLD_SECONDS = 10.0
"""Seconds that looks may hold other work back: one look once it has begun, and all of them once the other work
was requested, since somebody may request one after the other."""

MAX_JOBS = 64
"""Maximum number of jobs that one person waits for, in one queue."""

MAX_ENDED = 100
"""Failures and results that are remembered for pages that ask again."""

MAX_FRAMES = 2_000
"""Frames of all runs together: of 600 samples each takes 4 kB."""

State = Literal["waiting", "running", "done", "failed", "canceled"]
Callback = Callable[[str, Any], None]


@dataclass(frozen=True)
class JobState:
    """How a job stands, as a page gets it.

    Attributes:
        key: Key of the job and its result.
        state: "waiting", "running", "done", "failed" or "canceled".
        parts: Names of the parts that were made, or the heads of frames.
        progress: A `cutaway.progress.ProgressRecord` as JSON, or None.
        error: Why it failed, or None.
        result: The result of a job without parts; otherwise None.
        place: Its number among those that wait; 0 where it does not.
    """

    key: str
    state: State
    parts: list[Any] = field(default_factory=list[Any])
    progress: dict[str, Any] | None = None
    error: str | None = None
    result: Any = None
    place: int = 0


@dataclass(eq=False)
class Job:
    """Something that pages wait for.

    Attributes:
        key: Key of its result.
        specification: Its specification.
        folder: Folder of the runs.
        callbacks: For each folder with a waiting person, a function that tells the pages that show it.
        queue: Where it waits.
        pages: The pages that wait, each after its person and a slash, and when each asked last.
        state: How it stands.
        progress: How far it is, or None.
        error: Why it failed, or None.
        result: The result, or None.
        place: Its number among those that wait; 0 where it does not.
        process: Which process runs it, or None.
        is_moved: Whether it is being stopped for something more urgent, and then waits again.
        asked: When it was first asked for.
        begun: When it was begun; infinite before.
        turn: When whoever waits was served last before it was begun.
    """

    key: str
    specification: ManagedJob
    folder: Path
    callbacks: dict[Path, Callback]
    queue: QueueName
    pages: dict[str, float] = field(default_factory=dict[str, float])
    state: State = "waiting"
    progress: dict[str, Any] | None = None
    error: str | None = None
    result: Any = None
    place: int = 0
    process: "JobProcess | None" = None
    is_moved: bool = False
    asked: float = -math.inf
    begun: float = math.inf
    turn: float = math.inf

    @property
    def people(self) -> set[str]:
        """Who waits."""
        return {page.partition("/")[0] for page in self.pages}

    def order(self, served: float) -> tuple[bool, float, int]:
        """The order of jobs: the lowest is done first.

        Args:
            served: When whoever waits for it was served last.
        """
        return self.specification.about.priority > 0, served, self.specification.about.priority

    def as_state(self, parts: Sequence[Any] = ()) -> JobState:
        """How it stands, with the parts that are there."""
        return JobState(self.key, self.state, list(parts), self.progress, self.error, self.result, self.place)

    def notify(self, **more: Any) -> None:
        """Tell the pages, all but a result, which they ask for."""
        state = {name: value for name, value in asdict(self.as_state()).items() if name not in ("parts", "result")}
        what = {"kind": self.specification.kind, "run": next(iter(self.specification.runs), None)}
        for callback in self.callbacks.values():
            callback("job", {**state, **what, **more})


@dataclass(eq=False)
class JobProcess:
    """One process of a queue, which comes and goes.

    Attributes:
        runner: The process; None while there is none.
        jobs: Its running jobs.
        begun: When its last job began.
        load_at: When it is loaded ahead of any job; infinite for never.
        needed_until: When it ends, if it has no job.
        is_stopping: Whether it is being ended: until its end is seen, it begins with nothing.
    """

    runner: RunnerProcess | None = None
    jobs: list[Job] = field(default_factory=list[Job])
    begun: float = -math.inf
    load_at: float = math.inf
    needed_until: float = 0.0
    is_stopping: bool = False


@dataclass(frozen=True)
class Frame:
    """A map of a layer after an epoch.

    Attributes:
        head: ``run``, ``epoch``, ``number`` (of the frame, from 0), ``layer``, ``samples``, ``classes``, ``split``,
            and ``colors``.
        data: uint16 (sample, 2) coordinates, then uint8 (sample,) classes, then uint8 (sample,) predicted classes.
    """

    head: dict[str, Any]
    data: bytes


class FrameStore:
    """The frames of all runs of a studio; the oldest are let go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: deque[tuple[Path, Frame]] = deque(maxlen=MAX_FRAMES)

    def of(self, run: Path) -> list[Frame]:
        """The frames of a run that are there, the oldest first."""
        with self._lock:
            return [frame for path, frame in self._frames if path == run]

    def add(self, run: Path, part: dict[str, Any]) -> dict[str, Any]:
        """Take a frame as its process sends it, with ``data`` in base64, and return its head."""
        data, known = base64.b64decode(part.pop("data")), self.of(run)
        head = {"run": run.name, **part, "number": known[-1].head["number"] + 1 if known else 0}
        with self._lock:
            self._frames.append((run, Frame(head, data)))
        return head

    def find(self, run: Path, number: int) -> Frame | None:
        """A frame of a run; None if it is not there any more."""
        return next((frame for frame in self.of(run) if frame.head["number"] == number), None)


class JobManager:
    """Has everything done that takes long, in other processes: looks, which may be canceled, and trainings.

    What pages ask for is done once for all who wait, and canceled when nobody waits any more. Trainings survive this
    process: they lie on disk, in `trainings`.

    First looks come first, but for `HOLD_SECONDS` only. Of all else, it is the turn of the person who was served least
    recently, and of what that person wants, the most urgent is done: a student who asks for a hundred maps lets all
    others pass.

    Attributes:
        frames: Where frames of live maps are.
        trainings: The trainings of all folders that are open.
    """

    def __init__(self, *, parallel: int | None = None) -> None:
        """Args: parallel: Trainings that run simultaneously; as many as the CPUs allow if None."""
        self.frames = FrameStore()
        self._awake, self._over = threading.Event(), threading.Event()
        self.trainings = Trainings(parallel=parallel, wake=self._awake.set)
        self._jobs: dict[str, Job] = {}
        self._ended: dict[str, JobState] = {}
        self._served: dict[tuple[QueueName, str], float] = {}
        self._processes: dict[QueueName, list[JobProcess]] = {
            name: [JobProcess() for _ in range(queue.processes)] for name, queue in QUEUES.items()
        }
        self._changed = threading.Condition(threading.RLock())
        self._thread = threading.Thread(target=self._watch, name="studio-jobs", daemon=True)

    def start(self) -> None:
        """Begin to hand out jobs."""
        self._thread.start()

    def close(self) -> None:
        """End the processes, except for those that train."""
        self._over.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self.trainings.close()
        with self._changed:
            runners = [process.runner for _, process in self._all() if process.runner is not None]
        for runner in runners:
            runner.close()

    def ask(
        self,
        specification: ManagedJob,
        folder: Path,
        page: str,
        callback: Callback,
        *,
        starter: Path | None = None,
        again: bool = False,
        may_write: bool = False,
    ) -> JobState:
        """Say how a job stands, and have it done if it is not.

        Args:
            specification: The job that a page wants.
            folder: Folder of the runs.
            page: Id of the page, after its person and a slash; it waits until it is done, leaves, or is closed.
            callback: Tells the pages that show this folder.
            starter: Folder of the runs of the studio's owner, if it is another one.
            again: Whether to repeat it if it failed.
            may_write: Whether whoever asks may write into the folder, for whom finished work is done again too.

        Raises:
            RunError: A run cannot be read, or too much waits.
        """
        key = specification.key(folder, starter)
        with self._changed:
            job = self._jobs.get(key)
            if job is None and again and may_write:
                reopen(key)
            parts = self._parts(specification, folder, key)  # with the lock, or it could end in between
            if job is None:
                if INDEX in parts:
                    return JobState(key, "done", parts)
                ended = self._ended.pop(key, None)
                if ended is not None and not (again and ended.state == "failed"):
                    self._ended[key] = ended
                    return replace(ended, parts=parts)
                job = self._add(key, specification, folder, page, callback)
            job.callbacks[folder] = callback
            job.pages[page] = time.monotonic()
            self._dispatch()
            self._changed.wait_for(lambda: job.state not in ("waiting", "running"), specification.about.answer_seconds)
            return job.as_state(parts)

    def leave(self, page: str, key: str | None = None) -> None:
        """A page waits no longer for a job, or for any; jobs that nobody waits for are canceled.

        Args:
            page: As for `ask`.
            key: Key of the job; all jobs if None.
        """
        with self._changed:
            for job in [job for job in self._jobs.values() if key in (None, job.key)]:
                self._forget(job, page)
            self._dispatch()

    def warm(self, *queues: QueueName) -> None:
        """Have the processes of queues loaded, one after the other: somebody is there, and will want them."""
        with self._changed:
            now = time.monotonic()
            for number, name in enumerate(queues):
                actual = self._queue_of(name)
                process = self._processes[actual][0]
                process.needed_until = max(process.needed_until, now + max(QUEUES[actual].idle, WARM_SECONDS))
                if process.runner is None:
                    process.load_at = min(process.load_at, now + number * SETTLE_SECONDS)
            self._tend()

    def _all(self) -> Iterator[tuple[QueueName, JobProcess]]:
        for name, processes in self._processes.items():
            for process in processes:
                yield name, process

    def _parts(self, specification: ManagedJob, folder: Path, key: str) -> list[Any]:
        if isinstance(specification, LiveMap):
            return [frame.head for frame in self.frames.of(folder / specification.run)]
        return part_names(key)

    def _add(self, key: str, specification: ManagedJob, folder: Path, page: str, callback: Callback) -> Job:
        queue, person = self._queue_of(specification.about.queue), page.partition("/")[0]
        if sum(person in job.people and job.queue == queue for job in self._jobs.values()) >= MAX_JOBS:
            raise RunError(f"you already have {MAX_JOBS} jobs waiting", hint="wait until some finish")
        now = time.monotonic()
        job = self._jobs[key] = Job(key, specification, folder, {folder: callback}, queue, {page: now}, asked=now)
        self._make_room(job)
        return job

    def _queue_of(self, name: QueueName) -> QueueName:
        """The queue of a job: with little memory, looks share the process of "view"."""
        has_process = self._processes[name][0].runner is not None
        return "view" if name == "look" and not has_process and free_memory() < MEMORY_BYTES else name

    def _make_room(self, job: Job) -> None:
        """Stop less urgent jobs that would not be first now; they wait again, and continue where they stopped."""
        queue = QUEUES[job.queue]
        running = [other for process in self._processes[job.queue] for other in process.jobs]
        if len(running) < queue.processes * queue.at_once:
            return
        for other in running:
            if other.is_moved or other.specification.about.priority <= job.specification.about.priority:
                continue
            turn = other.turn if other.people & job.people else self._last_served(job)
            if job.order(turn) < other.order(other.turn):
                other.is_moved = True
                self._cancel(other)
                return

    def _forget(self, job: Job, page: str) -> None:
        if job.pages.pop(page, None) is None or job.pages:
            return
        if job.state == "running":
            self._cancel(job)
        else:
            self._end(job, "canceled")

    def _cancel(self, job: Job) -> None:
        process, seconds = job.process, QUEUES[job.queue].cancel_seconds
        if process is None or process.runner is None or process.is_stopping:
            return
        if seconds:
            process.runner.cancel(job.key, seconds=seconds)
        else:
            self._stop(process)

    def _stop(self, process: JobProcess) -> None:
        if process.runner is not None:
            process.is_stopping = True
            process.runner.kill()

    def _end(self, job: Job, state: State) -> None:
        """A job is over; the lock is held."""
        job.state = state
        self._jobs.pop(job.key, None)
        if job.error is not None or job.result is not None:
            self._ended[job.key] = job.as_state()
            while len(self._ended) > MAX_ENDED:
                del self._ended[next(iter(self._ended))]
        job.notify()
        self._changed.notify_all()

    def _watch(self) -> None:
        with survive(__name__, "tidying the queues of trainings", Exception):
            self.trainings.tidy()
        while not self._over.is_set():
            self._awake.wait(TICK_SECONDS)
            self._awake.clear()
            with survive(__name__, "looking at who still waits", Exception):
                self.look()
            with survive(__name__, "looking at the trainings", Exception):  # a disk may be full, or a folder gone
                self.trainings.look()

    def look(self) -> None:
        """Cancel jobs that only closed pages wait for; load, end and use processes."""
        with self._changed:
            now = time.monotonic()
            for job in list(self._jobs.values()):
                late = now - QUEUES[job.queue].lease
                for page in [page for page, asked in job.pages.items() if asked < late]:
                    self._forget(job, page)
            self._tend()

    def _tend(self) -> None:
        """Load and end processes, and begin with jobs; the lock is held."""
        if self._over.is_set():
            return
        now = time.monotonic()
        for name, process in self._all():
            if process.runner is None and process.load_at <= now and self._thread.is_alive():
                try:
                    self._start(name, process)
                except OSError:  # the first job reports the fault
                    log.warning("no process could be loaded ahead", exc_info=True)
            elif now > process.needed_until and not process.jobs and not process.is_stopping:
                self._stop(process)
        self._dispatch()

    def _start(self, name: QueueName, process: JobProcess) -> RunnerProcess:
        process.load_at = math.inf
        process.needed_until = max(process.needed_until, time.monotonic() + QUEUES[name].idle)
        process.runner = RunnerProcess(
            name, on_message=partial(self._take, process), on_end=partial(self._process_ended, name, process)
        )
        return process.runner

    def _dispatch(self) -> None:
        """Begin all jobs that have a process; the lock is held."""
        if not self._thread.is_alive() or self._over.is_set():
            return
        for name in QUEUES:
            while waiting := [job for job in self._jobs.values() if job.queue == name and job.state == "waiting"]:
                waiting.sort(key=lambda job: job.order(self._last_served(job)))
                process = self._free_process(name)
                if process is None or self._is_held_back(name, waiting):
                    break
                self._begin(waiting[0], process)
            for place, job in enumerate(waiting, 1):
                if place != job.place:
                    job.place = place
                    job.notify()

    def _free_process(self, name: QueueName) -> JobProcess | None:
        """The process that takes the next job of a queue, or None."""
        queue = QUEUES[name]
        for process in self._processes[name]:
            if len(process.jobs) < queue.at_once and not process.is_stopping:
                return process
            if time.monotonic() - process.begun < queue.patience:
                return None  # it will soon be free
        return None

    def _begin(self, job: Job, process: JobProcess) -> None:
        now = time.monotonic()
        job.turn, job.begun, process.begun = self._last_served(job), now, now
        job.state, job.process, job.error, job.place = "running", process, None, 0
        self._served |= {(job.queue, person): now for person in job.people}
        try:
            runner = process.runner or self._start(job.queue, process)
        except OSError as error:
            job.error = f"No process can be started: {error.strerror or error}."
            self._end(job, "failed")
            return
        process.jobs.append(job)
        order = {"specification": job.specification.model_dump(mode="json"), "folder": str(job.folder), "key": job.key}
        runner.send(job.key, order)
        job.notify()

    def _last_served(self, job: Job) -> float:
        return min((self._served.get((job.queue, person), -math.inf) for person in job.people), default=math.inf)

    def _is_held_back(self, name: QueueName, waiting: Sequence[Job]) -> bool:
        """Whether nothing may begin yet: a first look takes one second alone, and two if other work goes on."""
        if not QUEUES[name].waits_for_looks:
            return False
        now = time.monotonic()
        if now - min(job.asked for job in waiting) >= HOLD_SECONDS:
            return False
        return any(job.queue == "look" and now - job.begun < HOLD_SECONDS for job in self._jobs.values())

    def _take(self, process: JobProcess, message: Message) -> None:
        """Handle the messages of a process about a job."""
        with self._changed:
            job = next((job for job in process.jobs if job.key == message.job), None)
            if job is None:
                return
            if message.kind == "progress":
                job.progress = message.value
                job.notify()
            elif message.kind == "part":
                frame = isinstance(message.value, dict)
                run = job.folder / job.specification.runs[0]
                job.notify(part=self.frames.add(run, message.value) if frame else message.value)
            elif message.kind == "result":
                job.result = message.value
            elif message.kind == "error":
                job.error = message.value
            elif message.kind == "end":
                process.jobs.remove(job)
                self._finish(job, message.value)
                process.needed_until = max(process.needed_until, time.monotonic() + QUEUES[job.queue].idle)
                self._tend()

    def _finish(self, job: Job, state: State) -> None:
        """A job has left its process; a stopped job that somebody wants waits again."""
        job.process = None
        if state == "failed" and (job.is_moved or not job.pages):  # it did not stop in time
            state, job.error = "canceled", None
        if state == "canceled" and job.pages:
            job.state, job.progress, job.is_moved, job.begun = "waiting", None, False, math.inf
            job.notify()
        else:
            self._end(job, state)

    def _process_ended(self, name: QueueName, process: JobProcess, reason: str) -> None:
        """A process is gone, whatever ended it."""
        with self._changed:
            jobs, process.jobs, process.runner = process.jobs, [], None
            was_stopped = (
                self._over.is_set() or process.is_stopping or any(job.is_moved or not job.pages for job in jobs)
            )
            process.is_stopping = False
            for job in jobs:
                if not was_stopped:
                    job.error = job.specification.about.died.format(reason=reason)
                self._finish(job, "canceled" if was_stopped else "failed")
            log.info("the process of %s jobs has ended: %s", name, "it was stopped" if was_stopped else reason)
            self._dispatch()
