"""The process of a training that is loaded before there is one."""

import os
import time

import pytest

from cutaway.jobs import Form, JobQueue, QueuedTraining, Training
from cutaway.jobs.trainings.files import LOCK, open_log, read_status
from cutaway.parallel import RunnerProcess
from cutaway.runs import is_locked, take_lock

pytestmark = pytest.mark.slow


def wait_for(happens, *, seconds=120):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_without_a_job_it_ends_with_whoever_started_it():
    process = RunnerProcess("training", detached=True)
    assert process.alive
    process._socket.close()  # as the end of the studio does, whatever ends it
    wait_for(lambda: not process.alive)
    assert process._process.returncode == 0


@pytest.mark.exhaustive
def test_it_holds_the_lock_of_its_job_from_the_moment_in_which_it_is_given(tmp_path):
    queue = JobQueue(tmp_path)
    name = queue.add(
        QueuedTraining(created=1.0, task=Training(data="digits", form=Form(hidden=(4,)), settings={"epochs": 1}))
    )
    path, process = queue.path(name), RunnerProcess("training", detached=True)
    lock = take_lock(path / LOCK)
    with open_log(path) as log:
        process.send(path.name, {"folder": str(path)}, descriptors=(lock, log.fileno()))
    os.close(lock)
    assert is_locked(path / LOCK)  # it has perhaps not even begun to read
    assert take_lock(path / LOCK) is None
    wait_for(lambda: not process.alive)
    assert not is_locked(path / LOCK)
    status = read_status(path)
    assert (status.state, status.exit, status.process.pid) == ("ended", 0, process._process.pid)
    assert (tmp_path / status.run / "history.jsonl").is_file()
    assert queue.rows()[0]["state"] == "ended"


def test_one_that_is_gone_cannot_be_given_a_job(tmp_path):
    queue = JobQueue(tmp_path)
    path, process = (
        queue.path(queue.add(QueuedTraining(created=1.0, task=Training(data="digits")))),
        RunnerProcess("training", detached=True),
    )
    process._process.kill()
    wait_for(lambda: not process.alive)
    lock = take_lock(path / LOCK)
    with open_log(path) as log, pytest.raises(OSError, match="Broken pipe"):
        process.send(path.name, {"folder": str(path)}, descriptors=(lock, log.fileno()))
    os.close(lock)
    assert queue.rows()[0]["state"] == "queued"
