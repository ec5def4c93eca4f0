"""Who waits for what: jobs by their key, the order in which they are done, and the processes that do them."""

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from cutaway.errors import RunError
from cutaway.log import survive
from cutaway.parallel import Message, RunnerProcess, free_memory

from .frames import FrameStore
from .job import Callback, Job, JobProcess, JobState, State
from .queues import QUEUES, QueueName
from .specification import Specification
from .specifications import LiveMap
from .store import INDEX, PartStore

log = logging.getLogger("cutaway.jobs")

TICK_SECONDS = 0.5
"""Between two looks at who still waits, and at processes that nobody needs."""

MEMORY_BYTES = 2 << 30
"""That must be free before looks have a process of their own; with less, they share that of what pages show."""

SETTLE_SECONDS = 4.0
"""Between the starts of two processes that are loaded ahead: by then the first one is."""

WARM_SECONDS = 300.0
"""For which a process that was loaded ahead is kept at least."""

HOLD_SECONDS = 10.0
"""For which looks hold other work back at most: one look once it has begun, and all of them once the other work was
asked for, since somebody may ask for one after the other."""

MAX_JOBS = 64
"""Jobs that one person waits for at most, in one queue."""

MAX_ENDED = 100
"""Failures and results that are remembered, so that pages that ask again are told."""


class JobManager:
    """Takes jobs from pages, has each done once, and tells the pages that wait.

    First looks come first, but for `HOLD_SECONDS` only. Of all else, it is the turn of the person who was served least
    recently, and of what that person wants, the most urgent is done: a student who asks for a hundred maps lets all
    others pass.

    Attributes:
        store: Where parts of results are.
        frames: Where frames of live maps are.
    """

    def __init__(self, store: PartStore | None = None) -> None:
        self.store, self.frames = store or PartStore(), FrameStore()
        self._jobs: dict[str, Job] = {}
        self._ended: OrderedDict[str, JobState] = OrderedDict()
        self._served: dict[tuple[QueueName, str], float] = {}
        self._processes: dict[QueueName, list[JobProcess]] = {
            name: [JobProcess() for _ in range(queue.processes)] for name, queue in QUEUES.items()
        }
        self._changed = threading.Condition(threading.RLock())
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="studio-jobs", daemon=True)

    def start(self) -> None:
        """Begin to hand out jobs."""
        self._thread.start()

    def close(self) -> None:
        """End the processes."""
        with self._changed:
            self._over.set()
            runners = [process.runner for _, process in self._all() if process.runner is not None]
        for runner in runners:
            runner.close()

    def ask(
        self,
        specification: Specification,
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
            specification: What a page wants.
            folder: Folder of the runs.
            page: Id of the page, after its person and a slash; it waits until it is done, leaves, or is closed.
            callback: Tells the pages that show this folder.
            starter: Folder of the runs of the one who started the studio, if it is another one.
            again: Whether it is done again where it failed.
            may_write: Whether whoever asks may write into the folder, who then also has what is done made again.

        Raises:
            RunError: A run cannot be read, or too much waits.
        """
        key = specification.key(folder, starter)
        with self._changed:
            job = self._jobs.get(key)
            if job is None and again and may_write:
                self.store.reopen(key)
            parts = self._parts(specification, folder, key)  # with the lock, so that it does not end in between
            if job is None:
                if INDEX in parts:
                    return JobState(key, "done", parts)
                if again and self._is_failed(key):
                    del self._ended[key]
                if key in self._ended:
                    self._ended.move_to_end(key)
                    return replace(self._ended[key], parts=parts)
                job = self._add(key, specification, folder, page, callback)
            job.callbacks[folder] = callback
            job.pages[page] = time.monotonic()
            self._dispatch()
            self._changed.wait_for(lambda: job.state not in ("waiting", "running"), specification.answer_seconds)
            return job.as_state(parts)

    def leave(self, page: str, key: str | None = None) -> None:
        """A page waits no longer for a job, or for any; what nobody waits for is canceled.

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

    def _parts(self, specification: Specification, folder: Path, key: str) -> list[Any]:
        if isinstance(specification, LiveMap):
            return list(self.frames.heads(folder / specification.run))
        return list(self.store.names(key))

    def _is_failed(self, key: str) -> bool:
        return key in self._ended and self._ended[key].state == "failed"

    def _add(self, key: str, specification: Specification, folder: Path, page: str, callback: Callback) -> Job:
        queue, person = self._queue_of(specification.queue), page.partition("/")[0]
        if sum(person in job.people and job.queue == queue for job in self._jobs.values()) >= MAX_JOBS:
            raise RunError(
                f"at most {MAX_JOBS} jobs of one person wait", got="as many", hint="wait until some are done"
            )
        now = time.monotonic()
        job = self._jobs[key] = Job(key, specification, folder, {folder: callback}, queue, {page: now}, asked=now)
        self._make_room(job)
        return job

    def _queue_of(self, name: QueueName) -> QueueName:
        """Where the jobs of a queue wait: with little memory, looks share a process with what pages show."""
        has_process = self._processes[name][0].runner is not None
        return "view" if name == "look" and not has_process and free_memory() < MEMORY_BYTES else name

    def _make_room(self, job: Job) -> None:
        """Stop what is less urgent, and would not be first now; it waits again, and finds what it had finished."""
        queue = QUEUES[job.queue]
        running = [other for process in self._processes[job.queue] for other in process.jobs]
        if len(running) < queue.processes * queue.at_once:
            return
        for other in running:
            if other.is_moved or other.specification.priority <= job.specification.priority:
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
        process, seconds = job.process, QUEUES[job.queue].stop_seconds
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
                self._ended.popitem(last=False)
        job.notify()
        self._changed.notify_all()

    def _watch(self) -> None:
        while not self._over.wait(TICK_SECONDS):
            with survive(log, "looking at who still waits", Exception):
                self.look()

    def look(self) -> None:
        """Cancel what only closed pages have asked for; load, end and use processes."""
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
                except OSError:  # the first job says what is wrong
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
        """Begin with all jobs for which there is a process; the lock is held."""
        if not self._thread.is_alive() or self._over.is_set():
            return
        for name in QUEUES:
            while waiting := [job for job in self._jobs.values() if job.queue == name and job.state == "waiting"]:
                process = self._free_process(name)
                if process is None or self._is_held_back(name, waiting):
                    break
                self._begin(min(waiting, key=lambda job: job.order(self._last_served(job))), process)

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
        job.state, job.process, job.error = "running", process, None
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
        """Whether nothing may begin yet: beside other work a first look takes two seconds, and alone one."""
        if not QUEUES[name].waits_for_looks:
            return False
        now = time.monotonic()
        if now - min(job.asked for job in waiting) >= HOLD_SECONDS:
            return False
        return any(job.queue == "look" and now - job.begun < HOLD_SECONDS for job in self._jobs.values())

    def _take(self, process: JobProcess, message: Message) -> None:
        """Take what a process says of a job."""
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
        """A job has left its process; what was stopped, and somebody wants, waits again."""
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
            was_stopped = process.is_stopping or any(job.is_moved or not job.pages for job in jobs)
            process.is_stopping = False
            for job in jobs:
                if not was_stopped:
                    job.error = job.specification.died.format(reason=reason)
                self._finish(job, "canceled" if was_stopped else "failed")
            log.info("the process of %s jobs has ended: %s", name, "it was stopped" if was_stopped else reason)
            self._dispatch()
