"""First looks have a process of their own: they wait for nothing that is computed for other pages."""

import os
import signal
import threading
import time

import pytest

from cutaway.errors import RunError
from cutaway.studio.computing import desk as module
from cutaway.studio.computing.desk import Desk
from cutaway.studio.computing.store import PartStore
from cutaway.studio.computing.tasks import ExploreTask, PreviewTask


def wait_until(happens, *, seconds=60):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_first_look_needs_nothing_of_the_process_that_computes_for_another_run(own_studio, wait_for, worker_of):
    asked = "explore?run=first&page=a&split=all"
    wait_for(own_studio, asked, until=["running"])
    busy = worker_of(own_studio, "view")
    os.kill(busy, signal.SIGSTOP)  # it can neither go on nor give way
    try:
        assert wait_for(own_studio, "preview?run=second&page=b")["state"] == "done"
        assert own_studio.ask(f"/api/computing/{asked}").json["state"] == "running"
    finally:
        os.kill(busy, signal.SIGCONT)
    assert wait_for(own_studio, asked, until=["done", "failed", "canceled", "waiting"])["state"] == "done"
    assert worker_of(own_studio, "view") == busy
    assert worker_of(own_studio, "look") not in (None, busy)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_both_processes_are_loaded_once_somebody_comes_and_the_second_gives_way(
    trained, tmp_path, start_studio, worker_of
):
    studio = start_studio(trained, environment={"CUTAWAY_MOST_NICE": "19"})
    assert worker_of(studio, "look") is worker_of(studio, "view") is None
    studio.ask("/")
    for lane in ("look", "view"):
        wait_until(lambda lane=lane: worker_of(studio, lane))
    pid, least = worker_of(studio, "view"), max(module.NICE["view"], os.getpriority(os.PRIO_PROCESS, 0))
    wait_until(lambda: os.getpriority(os.PRIO_PROCESS, pid) == least)


class Fake:
    """A process that notes what it is told to do, and works until it is let go or canceled."""

    def __init__(self):
        self.pid, self.kinds, self.closed = None, [], 0
        self.free, self.canceled = threading.Event(), threading.Event()

    def warm(self):
        self.pid = 1

    def do(self, order, tell):
        self.warm()
        self.kinds.append(order["task"]["kind"])
        while not self.free.is_set():
            if self.canceled.wait(0.01):
                self.canceled.clear()
                return {"end": "canceled"}
        return {"end": "done"}

    def cancel(self):
        self.canceled.set()

    def close(self):
        self.closed += self.pid is not None
        self.pid = None
        self.free.set()


@pytest.fixture
def desk(tmp_path):
    """A desk whose processes are not there."""
    one = Desk(PartStore(tmp_path))
    one._workers = {lane: Fake() for lane in module.NICE}
    yield one
    one.close()


def ask(desk, folder, *tasks, page="a/1"):
    told = []
    for task in tasks:
        desk.ask(task, folder, page, lambda name, data: told.append((data["kind"], data["state"])))
    return told


def test_looks_share_a_process_where_there_is_little_memory(monkeypatch, desk, trained):
    monkeypatch.setattr(module, "free_memory", lambda: module.MEMORY - 1)
    look, view = desk._workers["look"], desk._workers["view"]
    desk.start()
    desk.warm()
    wait_until(lambda: view.pid)
    told = ask(desk, trained, ExploreTask(run="first"))
    wait_until(lambda: view.kinds == ["explore"])
    told += ask(desk, trained, PreviewTask(run="second"))
    wait_until(lambda: view.kinds == ["explore", "preview"])
    view.free.set()
    wait_until(lambda: view.kinds == ["explore", "preview", "explore"])
    assert ("explore", "waiting") in told, "it gave way"
    assert look.pid is None


def test_looks_have_their_own_process_where_there_is_memory(monkeypatch, desk, trained):
    monkeypatch.setattr(module, "free_memory", lambda: module.MEMORY)
    desk.start()
    told = ask(desk, trained, ExploreTask(run="first"))
    wait_until(lambda: desk._workers["view"].kinds == ["explore"])
    looked = ask(desk, trained, PreviewTask(run="second"))
    wait_until(lambda: desk._workers["look"].kinds == ["preview"])
    desk._workers["look"].free.set()
    wait_until(lambda: ("preview", "done") in looked)
    assert ("explore", "waiting") not in told


def test_a_process_that_nobody_needs_ends_and_comes_back_with_the_next_page(monkeypatch, desk):
    monkeypatch.setattr(module, "IDLE", dict.fromkeys(module.NICE, 0.3))
    monkeypatch.setattr(module, "SETTLED", 0.0)
    monkeypatch.setattr(module, "free_memory", lambda: module.MEMORY)
    desk.start()
    for times in (1, 2):
        desk.warm()
        wait_until(lambda times=times: all(desk._workers[lane].closed == times for lane in ("look", "view")))


def test_what_is_asked_for_beside_a_look_begins_after_it(monkeypatch, desk, trained):
    monkeypatch.setattr(module, "free_memory", lambda: module.MEMORY)
    look, view = desk._workers["look"], desk._workers["view"]
    desk.start()
    told = ask(desk, trained, PreviewTask(run="first"))
    wait_until(lambda: look.kinds == ["preview"])
    told += ask(desk, trained, ExploreTask(run="first"))
    time.sleep(0.2)
    assert view.kinds == []
    look.free.set()
    wait_until(lambda: view.kinds == ["explore"])


def test_looks_one_after_the_other_hold_other_work_back_for_a_while_only(monkeypatch, desk, trained):
    monkeypatch.setattr(module, "free_memory", lambda: module.MEMORY)
    monkeypatch.setattr(module, "HELD", 0.3)
    desk.start()
    ask(desk, trained, PreviewTask(run="first"))
    wait_until(lambda: desk._workers["look"].kinds == ["preview"])
    ask(desk, trained, ExploreTask(run="first"), page="b/1")
    time.sleep(0.4)
    ask(desk, trained, PreviewTask(run="second"))  # what comes or ends wakes the others
    wait_until(lambda: desk._workers["view"].kinds == ["explore"])


def test_who_asks_for_much_lets_others_pass_and_fills_nobodys_list(monkeypatch, desk, trained):
    monkeypatch.setattr(module, "MOST_JOBS", 5)
    many = [ExploreTask(run="first", samples=100 + k) for k in range(5)]
    ask(desk, trained, *many, page="ada/1")
    with pytest.raises(RunError, match="at most 5 jobs of one person wait"):
        ask(desk, trained, ExploreTask(run="first"), page="ada/2")
    ask(desk, trained, ExploreTask(run="second"), ExploreTask(run="slow"), page="bob/1")
    view = desk._workers["view"]
    view.free.set()
    order = []
    monkeypatch.setattr(view, "do", lambda order_, tell: order.append(order_["task"]["run"]) or {"end": "done"})
    desk.start()
    wait_until(lambda: len(order) == 7)
    assert order == ["first", "second", "first", "slow", "first", "first", "first"]
