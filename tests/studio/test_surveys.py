"""Looks at data that are canceled and asked for again, without any process."""

import pytest

from cutaway.studio.data import Surveys
from cutaway.studio.data.surveys import MEMORY


class Process:
    """A process that answers when a test says so."""

    def __init__(self, _, *, on_line, on_end):
        self.on_line, self.on_end, self.sent, self.ends, self.alive = on_line, on_end, [], 0, False

    def send(self, record):
        self.sent.append(record["key"])
        self.alive = True

    def end(self):
        self.ends += 1
        self.alive = False


@pytest.fixture
def surveys(monkeypatch):
    monkeypatch.setattr("cutaway.studio.data.surveys.LineProcess", Process)
    return Surveys(lambda told: None)


def test_what_was_canceled_and_is_asked_for_again_is_looked_at_again(surveys):
    process = surveys._process
    key = surveys.ask("large", {}, seconds=0)["key"]
    surveys.cancel(key)
    assert surveys.ask("large", {}, seconds=0)["state"] == "working"
    process.on_line({"key": key, "result": "of the process that is being ended"})
    surveys.cancel(key)
    assert surveys.ask("large", {}, seconds=0)["state"] == "working"
    assert process.ends == 1
    process.on_end()  # the end of a process is seen a moment after it
    assert process.sent == [key, key]
    process.on_line({"key": key, "result": "new"})
    assert surveys.get(key) == {"key": key, "state": "done", "progress": None, "result": "new", "error": None}


def test_after_one_that_was_canceled_comes_the_next_one(surveys):
    process = surveys._process
    first, second = (surveys.ask(where, {}, seconds=0)["key"] for where in ("first", "second"))
    surveys.cancel(first)
    process.on_end()
    assert process.sent == [first, second]
    assert surveys.get(first)["state"] == "canceled"
    process.on_end()  # by itself
    assert (surveys.get(second)["state"], surveys.get(second)["error"]) == ("failed", MEMORY)


def test_a_process_that_nobody_needs_ends_and_comes_back(surveys, monkeypatch):
    process = surveys._process
    key = surveys.ask("first", {}, seconds=0)["key"]
    monkeypatch.setattr("cutaway.studio.data.surveys.IDLE", -1.0)
    surveys.tidy()
    assert process.ends == 0, "it works"
    process.on_line({"key": key, "result": "found"})
    surveys.tidy()
    surveys.tidy()
    assert process.ends == 1
    second = surveys.ask("second", {}, seconds=0)["key"]
    assert process.sent == [key], "the end of the process was not seen yet"
    process.on_end()
    assert process.sent == [key, second]
    assert surveys.get(second)["state"] == "working"
    assert surveys.get(key)["result"] == "found"
