"""Which training begins next, what those that wait are told, and which processes there are; without any process."""

import json
import os
import random
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from cutaway.errors import UsageError
from cutaway.jobs import Continuation, QueuedTraining, Repeat, Training, TrainingQueue, Trainings
from cutaway.jobs import trainings as module
from cutaway.jobs.training_queue import Status, write_status
from cutaway.jobs.training_work import do_job
from cutaway.jobs.trainings import Waiting, comparable, starting_order
from cutaway.runs import take_lock


class Process:
    """A process that trains, and holds the lock of its job, until a test lets it end."""

    def __init__(self, started):
        self.alive, self.path, self._started = True, None, started

    @property
    def job(self):
        return self.path and self.path.name

    def send(self, job, order):
        self.path = Path(order["folder"])
        self._lock = take_lock(self.path / "lock")
        assert self.job == job
        self._started.append(self)

    def finish(self, **status):
        write_status(self.path, Status(**({"state": "ended", "exit": 0} | status)))
        os.close(self._lock)
        self.alive = False

    def close(self):
        assert self.job is None, "a training was ended"
        self.alive = False


@pytest.fixture
def started(monkeypatch):
    """The processes that were given a job, in order; all that were made are in ``made``."""

    class Started(list):
        made = []

    found = Started()

    def make(queue, *, detached):
        assert (queue, detached) == ("training", True)
        found.made.append(Process(found))
        return found.made[-1]

    monkeypatch.setattr(module, "RunnerProcess", make)
    monkeypatch.setattr(module, "free_memory", lambda: 8 << 30)
    return found


def queue_of(folder, jobs, **task):
    queue = TrainingQueue(folder)
    return queue, [
        queue.add(QueuedTraining(created=float(k), task=Training(data="digits", **task))) for k in range(jobs)
    ]


def quiet(*queues, parallel=1):
    trainings = Trainings(parallel=parallel)
    for queue in queues:
        trainings.watch(queue, lambda rows: None)
    return trainings


def places(trainings, *queues):
    """The place of each job that waits, by its id, at one moment: the seconds that are left decide it too."""
    now = time.monotonic()
    with pytest.MonkeyPatch.context() as frozen:
        frozen.setattr(module, "time", SimpleNamespace(monotonic=lambda: now, time=time.time))
        rows = [row for queue in queues for row in trainings.rows(queue)]
    return {row["id"]: row["place"] for row in rows if row["state"] == "queued"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_nobody_waits_for_all_that_another_person_has_asked(tmp_path, started, order):
    queues = [queue_of(tmp_path / name, jobs) for name, jobs in (("ada", 4), ("bob", 2), ("eve", 1))]
    owner = {job: number for number, (_, names) in enumerate(queues) for job in names}
    trainings = quiet(*(queues[number][0] for number in order))
    for _ in range(7):
        trainings.look()
        started[-1].finish()
    assert len({process.job for process in started}) == 7
    assert {owner[process.job] for process in started[:3]} == {0, 1, 2}
    assert {owner[process.job] for process in started[3:5]} == {0, 1}


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in (0, 2, 3, 4, 5))])
def test_places_are_told_in_the_order_in_which_trainings_start(tmp_path, started, seed):
    draw = random.Random(seed)
    parallel = 1 + seed % 3
    queues = [TrainingQueue(tmp_path / str(number)) for number in range(4)]
    trainings = quiet(*queues, parallel=parallel)
    for created in range(12):
        draw.choice(queues).add(QueuedTraining(created=float(created), task=Training(data="digits")))
    told = places(trainings, *queues)
    assert sorted(told.values()) == list(range(1, 13))
    before = told
    for ended in range(12):
        trainings.look()
        now = places(trainings, *queues)
        assert sorted(now.values()) == list(range(1, len(now) + 1))
        assert all(now[job] <= before[job] for job in now), "somebody was sent back"
        before = now
        started[ended].finish()
    assert [process.job for process in started] == sorted(told, key=told.get)


def test_twenty_who_ask_at_the_same_moment_wait_in_the_order_in_which_they_asked(tmp_path, started):
    queues = [TrainingQueue(tmp_path / str(number)) for number in range(20)]
    trainings = quiet(*queues)
    asked = random.Random(0).sample(queues, 20)
    rows = [trainings.add(queue, Training(data="digits"), person=str(k)) for k, queue in enumerate(asked)]
    assert [(row["place"], row["waiting"]) for row in rows] == [(k, k) for k in range(1, 21)]
    assert [trainings.rows(queue)[0]["place"] for queue in asked] == list(range(1, 21))
    trainings.look()
    assert started[0].job == rows[0]["id"]
    assert [trainings.rows(queue)[0]["place"] for queue in asked] == [None, *range(1, 20)]


def test_a_page_is_told_its_place_among_all_and_nothing_of_the_others(tmp_path, started):
    told = {}
    names = ("ada", "bob")
    queues = [queue_of(tmp_path / name, 2)[0] for name in names]
    trainings = Trainings(parallel=1)
    for queue, name in zip(queues, names, strict=True):
        trainings.watch(queue, lambda rows, name=name: told.update({name: rows}))
    trainings.look()
    assert sorted(row["place"] for rows in told.values() for row in rows) == [1, 2, 3, 4]
    assert {row["waiting"] for rows in told.values() for row in rows} == {4}
    others = [row["id"] for row in told["bob"]]
    assert not any(name in json.dumps(told["ada"]) for name in ["bob", *others])
    trainings.look()
    told.clear()
    trainings.look()
    assert told == {}, "nothing has changed"
    queues[1].cancel(others[1])
    trainings.look()
    assert [row["waiting"] for row in told["ada"]] == [None, 2]


def test_the_time_is_told_once_trainings_like_it_have_ended(tmp_path, started, clock):
    (first, names), (second, others) = queue_of(tmp_path / "ada", 2), queue_of(tmp_path / "bob", 2)
    trainings = quiet(first, second)
    trainings.look()
    waiting = [(second, others[0]), (first, names[1]), (second, others[1])]
    assert [trainings.row(*job)["starts_in"] for job in waiting] == [None, None, None]
    clock[0] += 40
    started[0].finish()
    trainings.look()
    assert started[1].job == others[0]
    clock[0] += 15
    # the one that trains still takes 25 s of 40, and then the next one 40
    assert [trainings.row(*job)["starts_in"] for job in waiting] == [None, 30, 75]
    clock[0] += 100
    assert [trainings.row(*job)["starts_in"] for job in waiting] == [None, 0, 45]


def test_a_training_that_was_stopped_or_failed_says_nothing_of_the_time_of_others(tmp_path, started, clock):
    queue, names = queue_of(tmp_path, 4)
    trainings = quiet(queue)
    for status in ({"exit": 130}, {"exit": 1, "error": "no"}):
        trainings.look()
        clock[0] += 5
        started[-1].finish(**status)
    trainings.look()
    assert started[-1].job == names[2]
    assert trainings.row(queue, names[3])["starts_in"] is None


def test_trainings_are_alike_whatever_their_seed_and_their_name():
    one, other = (Training(data="digits", settings={"epochs": 3, "seed": k}, name=f"n{k}") for k in (1, 2))
    assert comparable(one) == comparable(other)
    longer = Training(data="digits", settings={"epochs": 30})
    assert comparable(longer)[0] != comparable(one)[0]
    assert comparable(longer)[1] == comparable(one)[1] == "digits"
    assert comparable(Repeat(run="a", settings={"seed": 1})) == comparable(Repeat(run="a"))
    assert comparable(Continuation(run="a")) == ()


def test_unknown_times_hide_only_those_behind_them(tmp_path):
    a, b, c = (TrainingQueue(tmp_path / name) for name in "abc")
    jobs = [Waiting(a, "1", 1.0, 10.0), Waiting(b, "2", 2.0, float("inf")), Waiting(c, "3", 3.0, 10.0)]
    turns = starting_order(jobs, [], parallel=1, begun={})
    assert [(job.job, seconds) for job, seconds in turns] == [("1", 0.0), ("2", 10.0), ("3", float("inf"))]
    turns = starting_order(jobs, [(a, 5.0)], parallel=2, begun={a: 7.0})
    assert [(job.job, seconds) for job, seconds in turns] == [("2", 0.0), ("3", 5.0), ("1", 15.0)]


def test_a_process_is_loaded_while_others_train_and_used_for_the_next(tmp_path, started):
    queue, names = queue_of(tmp_path, 3)
    trainings = quiet(queue)
    for _ in range(3):
        trainings.look()
    assert [process.job for process in started.made] == [names[0], None], "one ahead, not one at each look"
    started[0].finish()
    trainings.look()
    assert [process.job for process in started.made] == names[:2]
    trainings.look()
    assert [process.job for process in started.made] == [*names[:2], None]
    trainings.close()
    assert [process.alive for process in started.made] == [False, True, False], "the one that trains goes on"


def test_what_was_loaded_ahead_ends_when_nothing_has_waited_for_a_while(tmp_path, started, clock):
    queue, names = queue_of(tmp_path, 2)
    trainings = quiet(queue)
    for _ in range(2):
        trainings.look()
    ahead = started.made[1]
    queue.cancel(names[1])
    trainings.look()
    assert ahead.alive
    clock[0] += module.IDLE + 1
    trainings.look()
    assert not ahead.alive


def test_nothing_is_loaded_ahead_where_memory_is_short(tmp_path, started, monkeypatch):
    monkeypatch.setattr(module, "free_memory", lambda: 1 << 30)
    queue, _ = queue_of(tmp_path, 2)
    trainings = quiet(queue)
    for _ in range(2):
        trainings.look()
    assert len(started.made) == len(started) == 1


def test_a_process_that_died_while_it_waited_is_replaced(tmp_path, started):
    queue, names = queue_of(tmp_path, 2)
    trainings = quiet(queue)
    for _ in range(2):
        trainings.look()
    started.made[1].alive = False
    started[0].finish()
    trainings.look()
    assert [process.job for process in started.made] == [names[0], None, names[1]]


def test_what_was_canceled_after_the_queue_was_looked_at_is_not_started(tmp_path, started):
    queue, (job,) = queue_of(tmp_path, 1)
    rows = queue.rows()
    queue.cancel(job)
    queue.rows = lambda: rows
    quiet(queue).look()
    assert started == []
    assert TrainingQueue(tmp_path).rows()[0]["state"] == "canceled"


@pytest.mark.parametrize("what", ["the folder's lock", "the job's lock"])
def test_a_folder_whose_lock_cannot_be_taken_stops_no_other_folder(tmp_path, started, what):
    queues = [TrainingQueue(tmp_path / name) for name in "ab"]
    trainings = quiet(*queues)
    first, second = (queue.add(QueuedTraining(created=1.0, task=Training(data="digits"))) for queue in queues)
    if what == "the job's lock":
        (queues[0].path(first) / "lock").mkdir()
    else:
        queues[0].folder.with_name(f"{queues[0].folder.name}.lock").mkdir()
    trainings.look()
    trainings.look()
    assert [process.job for process in started] == [second]
    row = queues[0].rows()[0]
    assert row["state"] == "queued"
    assert row["note"]
    started[0].finish()


def test_what_cannot_be_started_waits_for_as_long_as_it_takes_and_can_be_canceled(tmp_path, started, monkeypatch):
    queue, (first, second) = queue_of(tmp_path, 2)
    trainings = quiet(queue)

    def refuse(*_, **__):
        raise OSError(12, "Cannot allocate memory")

    with monkeypatch.context() as without:
        without.setattr(module, "RunnerProcess", refuse)
        for _ in range(5):
            trainings.look()
            row = queue.row(first)
            assert (row["state"], bool(row["note"])) == ("queued", True)
    queue.cancel(first)
    trainings.look()
    assert [process.job for process in started] == [second]
    started[0].finish()
    with pytest.raises(UsageError):
        queue.cancel(second)


def test_what_a_process_has_not_taken_yet_is_starting_here_and_can_be_canceled(tmp_path, monkeypatch, started):
    queue, (job,) = queue_of(tmp_path, 1)
    monkeypatch.setattr(module, "RunnerProcess", lambda *_, **__: SimpleNamespace(alive=True, send=lambda *_: None))
    trainings = quiet(queue)
    trainings.look()
    assert queue.row(job)["state"] == "starting"
    assert TrainingQueue(tmp_path).row(job)["state"] == "queued", "another server knows no process of it"
    trainings.remove(queue, job)
    assert do_job(queue.path(job), tmp_path) == 0
    assert queue.row(job)["state"] == "canceled"


def test_of_two_servers_one_starts_what_waits(tmp_path, started):
    queue, (job,) = queue_of(tmp_path, 1)
    first, second = quiet(queue), quiet(TrainingQueue(tmp_path))
    for trainings in (first, second, first, second):
        trainings.look()
    assert [process.job for process in started] == [job]
    first.close()
    other = TrainingQueue(tmp_path).add(QueuedTraining(created=5.0, task=Training(data="digits")))
    second.parallel = 2
    second.look()
    assert [process.job for process in started] == [job, other]
    for process in started:
        process.finish()


def test_a_training_whose_folder_of_runs_is_gone_waits_until_it_is_back(tmp_path, started):
    queue, (job,) = queue_of(tmp_path / "runs", 1)
    trainings = quiet(queue)
    (tmp_path / "runs").rmdir()
    trainings.look()
    row = queue.row(job)
    assert (row["state"], bool(row["note"]), started) == ("queued", True, [])
    (tmp_path / "runs").mkdir()
    trainings.look()
    started[0].finish()
    assert queue.row(job)["note"] == ""
