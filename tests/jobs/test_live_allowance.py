"""Live maps take a small share of the machine from a training, beyond a few seconds."""

import threading

import pytest

from cutaway import Canceled, CancelToken
from cutaway.jobs import LiveMap
from cutaway.jobs import live_work as child
from cutaway.jobs.specifications import JobContext


@pytest.fixture
def clock(monkeypatch):
    """Seconds on the wall and of the CPU, which a test moves."""
    now = {"wall": 100.0, "cpu": 7.0}
    monkeypatch.setattr(child.time, "monotonic", lambda: now["wall"])
    monkeypatch.setattr(child.time, "process_time", lambda: now["cpu"])
    return now


def test_a_long_training_loses_two_in_a_hundred(clock):
    allowance = child.Allowance()
    spent = 0.0
    for _ in range(60_000):  # an hour, with a new epoch every 60 ms
        clock["wall"] += 0.06
        if allowance.is_left:
            with allowance.spending():
                clock["cpu"] += 0.2
            spent += 0.2
    assert child.SHARE * child.CPUS * 3600 < spent < child.SHARE * child.CPUS * 3600 + child.FREE + 0.4


def test_a_short_training_shows_every_epoch(clock):
    allowance = child.Allowance()
    for _ in range(20):
        clock["wall"] += 0.8
        assert allowance.is_left
        with allowance.spending():
            clock["cpu"] += 0.15


def test_frames_that_fail_count_as_well(clock):
    allowance = child.Allowance()

    def fail():
        with allowance.spending():
            clock["cpu"] += child.FREE + 1
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert not allowance.is_left


def test_a_map_that_waits_for_its_turn_can_be_canceled(tmp_path):
    token = CancelToken()
    timer = threading.Timer(0.2, token.cancel)
    with child.ONE_BY_ONE, token:
        timer.start()
        with pytest.raises(Canceled):
            child.run(LiveMap(run="run"), JobContext(tmp_path, "", lambda _: None, lambda _: None))
    assert child.ONE_BY_ONE.acquire(blocking=False)
    child.ONE_BY_ONE.release()
