"""Looks at data that are canceled and asked for again, in two processes, without any process."""

from dataclasses import replace
from pathlib import Path

import pytest

from cutaway.errors import RunError
from cutaway.jobs import KINDS, Survey
from cutaway.jobs import manager as module
from cutaway.jobs.queues import QUEUES

ADA, BOB = Path("/runs/ada"), Path("/runs/bob")


@pytest.fixture(autouse=True)
def started(manager, monkeypatch):
    monkeypatch.setitem(KINDS, "survey", replace(KINDS["survey"], answer_seconds=0.0))
    manager.start()


def test_what_was_canceled_and_is_asked_for_again_is_looked_at_again(manager):
    key = manager.want(ADA, "ada", Survey(data="large")).key
    first = manager.last("data")
    manager.leave("ada/page", key)
    assert first.kills == 1
    assert manager.want(ADA, "ada", Survey(data="large")).state == "running"
    manager.leave("ada/page", key)
    manager.want(ADA, "ada", Survey(data="large"))
    assert first.kills == 1
    first.end()  # the end of a process is seen a moment after it
    second = manager.last("data")
    assert (first.orders, second.orders) == ([key], [key])
    second.finish(result="new")
    state = manager.want(ADA, "ada", Survey(data="large"))
    assert (state.state, state.result) == ("done", "new")


def test_a_file_that_is_added_to_a_folder_of_images_or_changed_in_one_of_tables_is_looked_at_again(tmp_path):
    for folder in ("cats", "train/dogs"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "rows.parquet").write_bytes(b"old")
    looks = [Survey(data=str(tmp_path)).inputs(ADA)]
    for name, content in (("cats/1.png", b"1"), ("train/dogs/1.png", b"1"), ("rows.parquet", b"other")):
        (tmp_path / name).write_bytes(content)
        looks.append(Survey(data=str(tmp_path)).inputs(ADA))
        assert looks[-1] not in looks[:-1], name
    assert Survey(data=str(tmp_path)).inputs(ADA) == looks[-1]


def test_after_one_that_was_canceled_comes_the_next_one(manager):
    first, second = (manager.want(ADA, "ada", Survey(data=data)).key for data in ("first", "second"))
    manager.leave("ada/page", first)
    manager.last("data").end()
    assert manager.last("data").orders == [second]
    assert [event["state"] for event in manager.events[ADA] if event["key"] == first][-1] == "canceled"
    manager.last("data").end()  # by itself
    state = manager.want(ADA, "ada", Survey(data="second"))
    assert (state.state, bool(state.error)) == ("failed", True)


def test_a_process_that_nobody_needs_ends_and_comes_back(manager, clock):
    manager.want(ADA, "ada", Survey(data="first"))
    process = manager.last("data")
    clock[0] += QUEUES["data"].idle + 1
    manager.look()
    assert process.kills == 0, "it works"
    process.finish(result="something")
    clock[0] += QUEUES["data"].idle + 1
    manager.look()
    manager.look()
    assert process.kills == 1
    assert manager.want(ADA, "ada", Survey(data="second")).state == "running", "by the other process"
    process.end()
    assert [runner.begun for runner in manager.runners["data"]] == [["survey first"], ["survey second"]]
    assert manager.want(ADA, "ada", Survey(data="first")).result == "something"


def test_one_process_looks_for_all_in_turn_and_nobody_sees_what_another_one_asked_for(manager):
    many = [manager.want(ADA, "ada", Survey(data=f"data {k}")).key for k in range(3)]
    mine = manager.want(BOB, "bob", Survey(data="data 0")).key
    assert mine not in many
    (process,) = manager.runners["data"]
    for key in (many[0], mine, many[1], many[2]):
        assert process.orders[-1] == key
        process.finish(result="something")
    assert len(manager.runners["data"]) == 1
    assert [{event["key"] for event in manager.events[folder]} for folder in (ADA, BOB)] == [set(many), {mine}]


def test_who_looks_at_a_large_table_holds_nobody_up(manager, clock):
    large, small, third = (
        manager.want(folder, person, Survey(data="data", options={"n": n})).key
        for n, (folder, person) in enumerate(((ADA, "ada"), (BOB, "bob"), (ADA, "ada")))
    )
    manager.look()
    assert [runner.orders for runner in manager.runners["data"]] == [[large]]
    clock[0] += QUEUES["data"].patience + 1
    manager.look()
    first, second = manager.runners["data"]
    assert (first.orders, second.orders) == ([large], [small])
    second.finish(result="something")
    assert (first.orders, second.orders) == ([large], [small, third])
    manager.leave("ada/page", large)
    assert (first.kills, second.kills) == (1, 0)


def test_the_list_of_one_person_is_not_filled_by_another(manager, monkeypatch):
    monkeypatch.setattr(module, "MAX_JOBS", 20)
    for number in range(20):
        manager.want(ADA, "ada", Survey(data=f"data {number}"))
    with pytest.raises(RunError):
        manager.want(ADA, "ada", Survey(data="one more"))
    assert manager.want(BOB, "bob", Survey(data="one more")).state == "waiting"
