"""Progress as a process of jobs sends it: with rate and time left, a few times a second."""

import math

import pytest

from cutaway import progress as module
from cutaway.progress import Progress, ProgressReporter


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_rate_and_time_left_are_added_and_not_every_report_is_sent(clock):
    sent = []
    report = ProgressReporter(sent.append)
    for done in range(101):
        report(Progress("rows", done, 100, "rows"))
        clock[0] += 1 / 16
    assert sent[0] == module.ProgressRecord("rows", 0, 100, "rows", "", None, None)
    assert [record.done for record in sent[:4]] == [0, 4, 8, 12]
    assert sent[10].rate == pytest.approx(16.0)
    assert sent[10].left == pytest.approx((100 - sent[10].done) / 16)
    assert (sent[-1].done, sent[-1].left) == (100, 0.0)


def test_a_new_task_is_sent_at_once_and_work_that_knows_more_says_what_is_left(clock):
    sent = []
    report = ProgressReporter(sent.append)
    report(Progress("rows", 5, 10))
    report(Progress("columns", 0, 10, seconds_left=7.0))
    report(Progress("models", 0, 10, seconds_left=math.inf))
    assert [(record.task, record.left) for record in sent] == [("rows", None), ("columns", 7.0), ("models", None)]
