"""Live maps take a small share of the machine from a training, beyond a few seconds."""

import pytest

from cutaway.jobs import live_work as child


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
