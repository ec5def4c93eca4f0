"""Looks at data that are canceled and asked for again, without any process."""

from pathlib import Path

import pytest

from cutaway.errors import UnknownNameError, UsageError
from cutaway.studio.data import Surveys
from cutaway.studio.data import surveys as module
from cutaway.studio.data.surveys import MEMORY, WAITING

ADA, BOB = Path("/runs/ada"), Path("/runs/bob")


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
    return Surveys()


def test_what_was_canceled_and_is_asked_for_again_is_looked_at_again(surveys):
    process = surveys._workers[0].process
    key = surveys.ask(ADA, "large", {}, seconds=0)["key"]
    surveys.cancel(ADA, key)
    assert surveys.ask(ADA, "large", {}, seconds=0)["state"] == "working"
    process.on_line({"key": key, "result": "of the process that is being ended"})
    surveys.cancel(ADA, key)
    assert surveys.ask(ADA, "large", {}, seconds=0)["state"] == "working"
    assert process.ends == 1
    process.on_end()  # the end of a process is seen a moment after it
    assert process.sent == [key, key]
    process.on_line({"key": key, "result": "new"})
    assert surveys.get(ADA, key) == {"key": key, "state": "done", "progress": None, "result": "new", "error": None}


def test_after_one_that_was_canceled_comes_the_next_one(surveys):
    process = surveys._workers[0].process
    first, second = (surveys.ask(ADA, where, {}, seconds=0)["key"] for where in ("first", "second"))
    surveys.cancel(ADA, first)
    process.on_end()
    assert process.sent == [first, second]
    assert surveys.get(ADA, first)["state"] == "canceled"
    process.on_end()  # by itself
    assert (surveys.get(ADA, second)["state"], surveys.get(ADA, second)["error"]) == ("failed", MEMORY)


def test_a_process_that_nobody_needs_ends_and_comes_back(surveys, monkeypatch):
    process = surveys._workers[0].process
    key = surveys.ask(ADA, "first", {}, seconds=0)["key"]
    monkeypatch.setattr("cutaway.studio.data.surveys.IDLE", -1.0)
    surveys.tidy()
    assert process.ends == 0, "it works"
    process.on_line({"key": key, "result": "found"})
    surveys.tidy()
    surveys.tidy()
    assert process.ends == 1
    second = surveys.ask(ADA, "second", {}, seconds=0)["key"]
    assert process.sent == [key], "the end of the process was not seen yet"
    process.on_end()
    assert process.sent == [key, second]
    assert surveys.get(ADA, second)["state"] == "working"
    assert surveys.get(ADA, key)["result"] == "found"


def test_one_process_looks_for_all_in_turn_and_nobody_sees_what_another_one_asked_for(surveys):
    told = []
    for folder in (ADA, BOB):
        surveys.listen(folder, lambda said, folder=folder: told.append((folder, said["key"], said["state"])))
    many = [surveys.ask(ADA, f"data {k}", {}, seconds=0)["key"] for k in range(3)]
    mine = surveys.ask(BOB, "data 0", {}, seconds=0)["key"]
    assert mine not in many
    for call in (surveys.get, surveys.cancel):
        with pytest.raises(UnknownNameError, match="a look at data is kept for a while"):
            call(BOB, many[0])
    first, second = (worker.process for worker in surveys._workers)
    for key in (many[0], mine, many[1], many[2]):
        assert first.sent[-1] == key
        first.on_line({"key": key, "result": "found"})
    assert second.sent == []
    assert told == [(BOB if key == mine else ADA, key, "done") for key in first.sent]


def test_who_looks_at_a_large_table_holds_nobody_up(surveys, monkeypatch):
    large, small, third = (
        surveys.ask(folder, "data", {"n": n}, seconds=0)["key"] for n, folder in enumerate((ADA, BOB, ADA))
    )
    first, second = (worker.process for worker in surveys._workers)
    surveys.tidy()
    assert (first.sent, second.sent) == ([large], [])
    monkeypatch.setattr(module, "PATIENCE", -1.0)
    surveys.tidy()
    assert (first.sent, second.sent) == ([large], [small])
    second.on_line({"key": small, "result": "found"})
    assert (first.sent, second.sent) == ([large], [small, third])
    surveys.cancel(ADA, large)
    assert (first.ends, second.ends) == (1, 0)


def test_the_list_of_one_folder_is_not_filled_by_another(surveys):
    for number in range(WAITING):
        surveys.ask(ADA, f"data {number}", {}, seconds=0)
    with pytest.raises(UsageError, match=f"at most {WAITING} looks at data wait"):
        surveys.ask(ADA, "one more", {}, seconds=0)
    assert surveys.ask(BOB, "one more", {}, seconds=0)["state"] == "working"
