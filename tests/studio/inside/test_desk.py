"""Whose work is done first, without any process."""

import threading
import time

import pytest

from cutaway.studio.computing import desk as module
from cutaway.studio.computing.store import PartStore
from cutaway.studio.computing.tasks import ExploreTask, PreviewTask, SectionsTask


class Worker:
    """Does what it is told when a test lets it, and notes it."""

    def __init__(self, *, nice=0):
        self.begun, self.pid = [], 1
        self._go, self._changed, self._canceled = 0, threading.Condition(), False

    def warm(self):
        pass

    def close(self):
        with self._changed:
            self._go = 10**6
            self._changed.notify_all()

    def do(self, order, tell):
        with self._changed:
            self._canceled = False
            self.begun.append(f"{order['task']['kind']} {order['task']['run']}")
            self._changed.notify_all()
        tell({"began": True})
        with self._changed:
            self._changed.wait_for(lambda: self._go or self._canceled, 30)
            if self._canceled:
                return {"end": "canceled"}
            self._go -= 1
            return {"end": "done"}

    def cancel(self):
        with self._changed:
            self._canceled = True
            self._changed.notify_all()

    def finish(self):
        """Let what is being done end, and the next one begin."""
        with self._changed:
            self._go += 1
            self._changed.notify_all()

    def wait(self, count):
        """What was begun, once it is so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.begun) >= count, 20), self.begun
            return list(self.begun)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "Worker", Worker)
    monkeypatch.setattr(module, "free_memory", lambda: 8 << 30)
    monkeypatch.setattr("cutaway.studio.computing.tasks.run_signature", lambda *_, **__: [])
    one = module.Desk(PartStore(tmp_path))
    yield one
    one.close()


def ask(desk, folder, person, task):
    return desk.ask(task, folder, f"{person}/page", lambda *_: None)


def lane(desk, name):
    return desk._workers[name]


def test_all_first_looks_come_before_any_map(desk, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "HELD", 30.0)
    for person in "abcdefgh":
        ask(desk, tmp_path, person, ExploreTask(run=person))
        ask(desk, tmp_path, person, PreviewTask(run=person))
    desk.start()
    looks, views = lane(desk, "look"), lane(desk, "view")
    for done in range(8):
        looks.wait(done + 1)
        assert views.begun == []
        looks.finish()
    assert views.wait(1) == ["explore a"]


@pytest.mark.parametrize("late", ["waits", "runs"])
def test_a_look_that_came_late_or_does_not_end_holds_nothing_back(desk, tmp_path, monkeypatch, late):
    monkeypatch.setattr(module, "HELD", 0.2)
    if late == "waits":
        ask(desk, tmp_path, "a", ExploreTask(run="a"))
        time.sleep(0.3)
        ask(desk, tmp_path, "b", PreviewTask(run="b"))
    else:
        ask(desk, tmp_path, "b", PreviewTask(run="b"))
        ask(desk, tmp_path, "a", ExploreTask(run="a"))
    desk.start()
    assert lane(desk, "view").wait(1) == ["explore a"]


def test_who_clicks_a_lot_lets_the_others_pass(desk, tmp_path):
    for number in range(6):
        ask(desk, tmp_path, "hasty", SectionsTask(run=f"hasty{number}"))
    for person in "ab":
        ask(desk, tmp_path, person, ExploreTask(run=person))
    desk.start()
    views = lane(desk, "view")
    for done in range(1, 6):
        views.wait(done)
        views.finish()
    assert views.wait(6) == [
        "sections hasty0",
        "explore a",
        "explore b",
        "sections hasty1",
        "sections hasty2",
        "sections hasty3",
    ]


def test_a_map_gives_way_to_each_other_person_once(desk, tmp_path):
    desk.start()
    views = lane(desk, "view")
    ask(desk, tmp_path, "a", ExploreTask(run="a"))
    views.wait(1)
    ask(desk, tmp_path, "b", SectionsTask(run="b1"))
    assert views.wait(2)[-1] == "sections b1"
    views.finish()
    assert views.wait(3)[-1] == "explore a"
    ask(desk, tmp_path, "b", SectionsTask(run="b2"))
    assert not desk._running["view"].moved
    views.finish()
    assert views.wait(4)[-1] == "sections b2"


def test_a_map_gives_way_to_what_its_own_person_wants_sooner(desk, tmp_path):
    desk.start()
    views = lane(desk, "view")
    for run in ("one", "two"):
        ask(desk, tmp_path, "a", ExploreTask(run=run))
    views.wait(1)
    views.finish()
    assert views.wait(2)[-1] == "explore two"
    ask(desk, tmp_path, "a", SectionsTask(run="three"))
    assert views.wait(3)[-1] == "sections three"
    views.finish()
    assert views.wait(4)[-1] == "explore two"
