"""Which training begins next, without any process."""

import pytest

from cutaway.errors import UsageError
from cutaway.studio.trainings import Job, JobQueue, Scheduler, Training
from cutaway.studio.trainings import scheduler as module


class Process:
    """A process that runs until it is told that it has ended."""

    def __init__(self, command, **_):
        self.job = command[4].rpartition("/")[2]

    def poll(self):
        return None


@pytest.fixture
def started(monkeypatch):
    """The processes that would have been started, in order."""
    found = []

    def start(*given, **more):
        found.append(Process(*given, **more))
        return found[-1]

    monkeypatch.setattr(module.subprocess, "Popen", start)
    return found


def queue_of(folder, jobs):
    queue = JobQueue(folder)
    return queue, [queue.add(Job(created=float(k), task=Training(data="digits"))) for k in range(jobs)]


def end(queue, job):
    module.write_status(queue.folder / job, module.Status(state="ended", exit=0))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_nobody_waits_for_all_that_another_person_has_asked(tmp_path, started, order):
    queues = [queue_of(tmp_path / name, jobs) for name, jobs in (("ada", 4), ("bob", 2), ("eve", 1))]
    owner = {job: number for number, (_, names) in enumerate(queues) for job in names}
    scheduler = Scheduler([(queues[number][0], lambda rows: None) for number in order], parallel=1)
    for _ in range(7):
        scheduler.look()
        end(queues[owner[started[-1].job]][0], started[-1].job)
    assert len({process.job for process in started}) == 7
    assert {owner[process.job] for process in started[:3]} == {0, 1, 2}
    assert {owner[process.job] for process in started[3:5]} == {0, 1}


def test_what_was_canceled_after_the_queue_was_looked_at_is_not_started(tmp_path, started):
    queue, (job,) = queue_of(tmp_path, 1)
    rows = queue.rows()
    queue.cancel(job)
    queue.rows = lambda: rows
    Scheduler([(queue, lambda rows: None)], parallel=1).look()
    assert started == []
    assert JobQueue(tmp_path).rows()[0]["state"] == "canceled"


def test_what_cannot_be_started_waits_for_as_long_as_it_takes_and_can_be_canceled(tmp_path, started, monkeypatch):
    queue, (first, second) = queue_of(tmp_path, 2)
    scheduler = Scheduler([(queue, lambda rows: None)], parallel=1)

    def refuse(*_, **__):
        raise OSError(12, "Cannot allocate memory")

    with monkeypatch.context() as without:
        without.setattr(module.subprocess, "Popen", refuse)
        for _ in range(5):
            scheduler.look()
            row = queue.row(first)
            assert (row["state"], row["note"]) == ("queued", "cannot be started: Cannot allocate memory")
    queue.cancel(first)
    scheduler.look()
    assert [process.job for process in started] == [second]
    end(queue, second)
    with pytest.raises(UsageError, match="only a training that waits is canceled"):
        queue.cancel(second)
