"""A job manager whose processes do what a test says."""

import pytest

from cutaway.jobs import JobManager
from cutaway.jobs import manager as module
from cutaway.parallel import Message


class Runner:
    """A process that notes what it is given, and ends its jobs when a test says so."""

    def __init__(self, queue, *, on_message, on_end):
        self.queue, self._on_message, self._on_end = queue, on_message, on_end
        self.begun, self.orders, self.canceled, self.kills = [], [], [], 0

    def send(self, job, order):
        specification = order["specification"]
        self.orders.append(job)
        self.begun.append(f"{specification['kind']} {specification.get('run', specification.get('data'))}")
        self.message("begun", job)

    def cancel(self, job, *, seconds):
        self.canceled.append(job)

    def kill(self):
        self.kills += 1

    def close(self):
        pass

    def message(self, kind, job=None, value=None):
        """Say something of a job, the last one if it is not named."""
        self._on_message(Message(kind, job or self.orders[-1], value))

    def finish(self, state="done", *, job=None, error=None, result=None):
        """Let a job end, the last one that was begun if it is not named."""
        if error is not None:
            self.message("error", job, error)
        if result is not None:
            self.message("result", job, result)
        self.message("end", job, state)

    def end(self, reason="it was killed"):
        """The end of the process is seen."""
        self._on_end(reason)


class Manager(JobManager):
    """A job manager that looks after its jobs only when a test says so.

    Attributes:
        runners: The processes that were started, by queue, the oldest first.
        events: What pages were told, by folder.
    """

    def __init__(self):
        super().__init__()
        self.runners, self.events = {}, {}

    def begun(self, queue):
        """What was begun in a queue."""
        return [words for runner in self.runners.get(queue, []) for words in runner.begun]

    def last(self, queue):
        """The newest process of a queue."""
        return self.runners[queue][-1]

    def want(self, folder, person, job, **options):
        """Ask for a job, as a page of a person."""
        page = person if "/" in person else f"{person}/page"
        events = self.events.setdefault(folder, [])
        return self.ask(job, folder, page, lambda _, state: events.append(state), **options)


@pytest.fixture
def memory(monkeypatch):
    """Bytes of free memory, in a list."""
    free = [8 << 30]
    monkeypatch.setattr(module, "free_memory", lambda: free[0])
    return free


@pytest.fixture
def clock(monkeypatch):
    """Seconds of the clock, in a list, which a test moves."""
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def manager(tmp_path, monkeypatch, memory):
    one = Manager()

    def start(queue, **callbacks):
        one.runners.setdefault(queue, []).append(Runner(queue, **callbacks))
        return one.last(queue)

    monkeypatch.setattr(module, "RunnerProcess", start)
    monkeypatch.setattr(module, "TICK_SECONDS", 10**6)
    monkeypatch.setattr("cutaway.jobs.specifications.run_signature", lambda *_, **__: ["0" * 64])
    yield one
    one.close()
