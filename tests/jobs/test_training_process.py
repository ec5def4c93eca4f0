"""The process of a training that is loaded before there is one."""

import pytest

from cutaway.jobs import Form, QueuedTraining, Training, TrainingQueue, training_work
from cutaway.jobs.training_queue import LOCK, Status, read_status, write_status
from cutaway.jobs.training_work import do_job
from cutaway.parallel import RunnerProcess
from cutaway.runs import is_locked
from tests.execution.clusters import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def given(tmp_path):
    """A queue, and the folder of a training in it."""
    queue = TrainingQueue(tmp_path)
    task = Training(data="digits", form=Form(hidden=(4,)), settings={"epochs": 1})
    return queue, queue.path(queue.add(QueuedTraining(created=1.0, task=task)))


def test_without_a_job_it_ends_with_whoever_started_it():
    process = RunnerProcess("training", detached=True)
    assert process.alive
    process.close_input()  # as the end of the studio does, whatever ends it
    wait_until(lambda: not process.alive)
    assert process._process.returncode == 0


@pytest.mark.exhaustive
def test_it_holds_the_lock_of_its_job_until_it_ends(given, tmp_path, monkeypatch):
    queue, path = given
    monkeypatch.setattr(training_work, "LOCK_SECONDS", 0.0)  # otherwise this process takes the lock when that one ends
    process = RunnerProcess("training", detached=True)
    assert queue.begin(path.name, process)
    wait_until(lambda: is_locked(path / LOCK))
    assert do_job(path, tmp_path) == 0, "another process that was given it does nothing"
    wait_until(lambda: not process.alive)
    assert not is_locked(path / LOCK)
    status = read_status(path)
    assert (status.state, status.exit, status.process.pid) == ("ended", 0, process._process.pid)
    assert (tmp_path / status.run / "history.jsonl").is_file()
    assert queue.rows()[0]["state"] == "ended"


def test_one_that_is_gone_cannot_be_given_a_job(given):
    queue, path = given
    process = RunnerProcess("training", detached=True)
    process.kill()
    wait_until(lambda: not process.alive)
    with pytest.raises(OSError, match="Broken pipe"):
        queue.begin(path.name, process)
    assert queue.rows()[0]["state"] == "queued"


@pytest.mark.parametrize("state", ["running", "ended", "canceled"])
def test_what_was_begun_or_canceled_before_it_took_the_lock_is_not_done(given, tmp_path, state):
    _, path = given
    write_status(path, Status(state=state))
    assert do_job(path, tmp_path) == 0
    assert read_status(path).state == state
    assert list(tmp_path.iterdir()) == []
