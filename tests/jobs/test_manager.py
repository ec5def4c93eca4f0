"""Whose job is done first, when processes come and go, and what is remembered, without any process."""

import logging
import threading

import pytest

from cutaway.errors import RunError
from cutaway.jobs import manager as module
from cutaway.jobs.queues import QUEUES
from cutaway.jobs.specifications import SectionJob
from cutaway.jobs.store import INDEX, part_names, write_part

SHEET = SectionJob(kind="sheet", run="first")


def test_all_first_looks_come_before_any_map(manager, tmp_path):
    for person in "abcdefgh":
        manager.want(tmp_path, person, SectionJob(kind="explore", run=person))
        manager.want(tmp_path, person, SectionJob(kind="preview", run=person))
    manager.start()
    manager.look()
    for done in range(8):
        assert len(manager.begun("look")) == done + 1
        assert manager.begun("view") == []
        manager.last("look").finish()
    assert manager.begun("view") == ["explore a"]


@pytest.mark.parametrize("late", ["waits", "runs"])
def test_a_look_that_came_late_or_does_not_end_holds_nothing_back(manager, tmp_path, clock, late):
    look, other = ("b", SectionJob(kind="preview", run="b")), ("a", SectionJob(kind="explore", run="a"))
    first, second = (other, look) if late == "waits" else (look, other)
    if late == "runs":
        manager.start()
    manager.want(tmp_path, *first)
    clock[0] += module.HOLD_SECONDS + 1 if late == "waits" else 1
    manager.want(tmp_path, *second)
    if late == "waits":
        manager.start()
        manager.look()
    else:
        assert manager.begun("view") == []
        clock[0] += module.HOLD_SECONDS
        manager.look()
    assert manager.begun("view") == ["explore a"]


def test_what_is_asked_for_beside_a_look_begins_after_it(manager, tmp_path):
    manager.start()
    manager.want(tmp_path, "a", SectionJob(kind="preview", run="first"))
    manager.want(tmp_path, "a", SectionJob(kind="explore", run="first"))
    assert (manager.begun("look"), manager.begun("view")) == (["preview first"], [])
    manager.last("look").finish()
    assert manager.begun("view") == ["explore first"]


def test_looks_one_after_the_other_hold_other_work_back_for_a_while_only(manager, tmp_path, clock):
    manager.start()
    manager.want(tmp_path, "a", SectionJob(kind="preview", run="first"))
    manager.want(tmp_path, "b", SectionJob(kind="explore", run="first"))
    clock[0] += module.HOLD_SECONDS + 1
    manager.want(tmp_path, "a", SectionJob(kind="preview", run="second"))
    assert manager.begun("view") == ["explore first"]


def test_many_looks_of_one_person_hold_the_work_of_others_back_for_a_while_only(manager, tmp_path, clock):
    manager.start()
    for number in range(20):
        manager.want(tmp_path, "a", SectionJob(kind="preview", run=f"run{number}"))
    manager.want(tmp_path, "b", SectionJob(kind="sections", run="first"))
    for _ in range(5):
        clock[0] += module.HOLD_SECONDS / 5 - 0.1
        manager.last("look").finish()
        assert manager.begun("view") == []
    clock[0] += 1
    manager.last("look").finish()
    assert manager.begun("view") == ["sections first"]


def test_who_clicks_a_lot_lets_the_others_pass(manager, tmp_path):
    for number in range(6):
        manager.want(tmp_path, "hasty", SectionJob(kind="sections", run=f"hasty{number}"))
    for person in "ab":
        manager.want(tmp_path, person, SectionJob(kind="explore", run=person))
    manager.start()
    manager.look()
    for _ in range(5):
        manager.last("view").finish()
    assert manager.begun("view") == [
        "sections hasty0",
        "explore a",
        "explore b",
        "sections hasty1",
        "sections hasty2",
        "sections hasty3",
    ]


def test_a_map_gives_way_to_each_other_person_once(manager, tmp_path):
    manager.start()
    manager.want(tmp_path, "a", SectionJob(kind="explore", run="a"))
    view = manager.last("view")
    manager.want(tmp_path, "b", SectionJob(kind="sections", run="b1"))
    assert view.canceled == view.orders[:1]
    view.finish("canceled")
    assert view.begun[-1] == "sections b1"
    view.finish()
    assert view.begun[-1] == "explore a"
    manager.want(tmp_path, "b", SectionJob(kind="sections", run="b2"))
    assert len(view.canceled) == 1
    view.finish()
    assert view.begun[-1] == "sections b2"


def test_a_map_gives_way_to_what_its_own_person_wants_sooner(manager, tmp_path):
    manager.start()
    for run in ("one", "two"):
        manager.want(tmp_path, "a", SectionJob(kind="explore", run=run))
    view = manager.last("view")
    view.finish()
    assert view.begun[-1] == "explore two"
    manager.want(tmp_path, "a", SectionJob(kind="sections", run="three"))
    view.finish("canceled")
    assert view.begun[-1] == "sections three"
    view.finish()
    assert view.begun[-1] == "explore two"


def test_what_does_not_give_way_in_time_is_ended_and_waits_again(manager, tmp_path):
    manager.start()
    manager.want(tmp_path, "a", SectionJob(kind="explore", run="a"))
    assert manager.want(tmp_path, "b", SectionJob(kind="sections", run="b")).place == 1
    manager.last("view").end()  # as `RunnerProcess.cancel` does after a while
    assert [len(runner.begun) for runner in manager.runners["view"]] == [1, 1]
    assert manager.last("view").begun == ["sections b"]
    begun = [event["state"] for event in manager.events[tmp_path] if not event["place"]]
    assert begun == ["running", "waiting", "running"]


def test_who_asks_for_much_lets_others_pass_and_fills_nobodys_list(manager, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_JOBS", 5)
    for k in range(5):
        manager.want(tmp_path, "ada/1", SectionJob(kind="explore", run="first", samples=100 + k))
    with pytest.raises(RunError):
        manager.want(tmp_path, "ada/2", SectionJob(kind="explore", run="first"))
    for run in ("second", "slow"):
        manager.want(tmp_path, "bob/1", SectionJob(kind="explore", run=run))
    manager.start()
    manager.look()
    for _ in range(6):
        manager.last("view").finish()
    order = [words.removeprefix("explore ") for words in manager.begun("view")]
    assert order == ["first", "second", "first", "slow", "first", "first", "first"]


def test_looks_share_a_process_where_there_is_little_memory(manager, memory, tmp_path):
    memory[0] = module.MEMORY_BYTES - 1
    manager.start()
    manager.warm("look", "view")
    assert list(manager.runners) == ["view"]
    manager.want(tmp_path, "a", SectionJob(kind="explore", run="first"))
    manager.want(tmp_path, "a", SectionJob(kind="preview", run="second"))
    view = manager.last("view")
    assert view.canceled == view.orders[:1]
    view.finish("canceled")
    view.finish()
    assert view.begun == ["explore first", "preview second", "explore first"]
    assert ("explore", "waiting") in [(event["kind"], event["state"]) for event in manager.events[tmp_path]]


def test_looks_have_their_own_process_where_there_is_memory(manager, memory, tmp_path):
    memory[0] = module.MEMORY_BYTES
    manager.start()
    manager.want(tmp_path, "a", SectionJob(kind="explore", run="first"))
    manager.want(tmp_path, "a", SectionJob(kind="preview", run="second"))
    assert (manager.begun("view"), manager.begun("look")) == (["explore first"], ["preview second"])
    assert manager.last("view").canceled == []


def test_processes_are_loaded_one_after_the_other_end_when_nobody_needs_them_and_come_back(manager, clock):
    manager.start()
    for times in (1, 2):
        manager.warm("look", "view")
        assert (len(manager.runners["look"]), len(manager.runners.get("view", []))) == (times, times - 1)
        clock[0] += module.SETTLE_SECONDS
        manager.look()
        assert len(manager.runners["view"]) == times
        clock[0] += max(QUEUES[queue].idle for queue in ("look", "view")) + 1
        manager.look()
        for queue in ("look", "view"):
            assert manager.last(queue).kills == 1
            manager.last(queue).end()


def test_a_page_that_says_nothing_is_forgotten(manager, clock, tmp_path):
    manager.start()
    manager.want(tmp_path, "a", SectionJob(kind="explore", run="first"))
    clock[0] += QUEUES["view"].lease - 1
    manager.want(tmp_path, "b", SectionJob(kind="explore", run="first"))
    view = manager.last("view")
    clock[0] += 2
    manager.look()
    assert view.canceled == []
    clock[0] += QUEUES["view"].lease
    manager.look()
    assert view.canceled == view.orders
    view.finish("canceled")
    assert manager.events[tmp_path][-1]["state"] == "canceled"


def test_what_several_pages_ask_for_is_done_once_and_canceled_with_the_last_one(manager, tmp_path):
    manager.start()
    keys = {manager.want(tmp_path, f"a/{page}", SectionJob(kind="explore", run="first")).key for page in range(2)}
    view = manager.last("view")
    assert keys == set(view.orders)
    manager.leave("a/0")
    assert view.canceled == []
    manager.leave("b/1")
    manager.leave("a/1", "another key")
    assert view.canceled == []
    manager.leave("a/1", *keys)
    assert view.canceled == view.orders


def test_what_is_asked_for_again_while_it_stops_is_done_again(manager, tmp_path):
    manager.start()
    manager.want(tmp_path, "a", SectionJob(kind="explore", run="first"))
    manager.leave("a/page")
    manager.want(tmp_path, "a", SectionJob(kind="explore", run="first"))
    view = manager.last("view")
    view.finish("canceled")
    assert view.begun == ["explore first"] * 2


def test_a_failure_is_remembered_until_it_is_asked_for_again(manager, tmp_path):
    manager.start()
    manager.want(tmp_path, "a", SHEET)
    manager.last("view").finish("failed", error="no data")
    for _ in range(2):
        state = manager.want(tmp_path, "a", SHEET)
        assert (state.state, state.error) == ("failed", "no data")
    assert manager.want(tmp_path, "a", SHEET, again=True).state == "running"
    manager.last("view").end("it was killed, perhaps because memory ran out")
    assert "it was killed, perhaps because memory ran out" in manager.want(tmp_path, "a", SHEET).error


def test_what_a_studio_ends_with_itself_was_not_killed_for_its_memory(manager, tmp_path, caplog):
    manager.start()
    key = manager.want(tmp_path, "a", SHEET).key
    with caplog.at_level(logging.INFO, logger="cutaway.jobs"):
        manager.close()
        manager.last("view").end("it was killed, perhaps because memory ran out")
    assert "memory" not in caplog.text
    assert not any(event["error"] for event in manager.events[tmp_path] if event["key"] == key)


def test_what_ends_while_somebody_asks_for_it_is_not_done_again(manager, tmp_path, monkeypatch):
    manager.start()
    key = manager.want(tmp_path, "a", SHEET).key
    view = manager.last("view")

    def end():
        write_part(key, INDEX, {})
        view.finish()

    ending = threading.Thread(target=end)

    def names_before_the_end(key):
        before = part_names(key)
        ending.start()
        ending.join(0.3)
        return before

    with monkeypatch.context() as slow:
        slow.setattr("cutaway.jobs.manager.part_names", names_before_the_end)
        manager.want(tmp_path, "b", SHEET)
    ending.join()
    assert view.begun == ["sheet first"]
    assert manager.want(tmp_path, "b", SHEET).state == "done"


def test_only_who_may_write_has_a_finished_result_made_again(manager, tmp_path):
    manager.start()
    key = manager.want(tmp_path, "a", SHEET).key
    write_part(key, INDEX, {})
    manager.last("view").finish()
    assert manager.want(tmp_path, "viewer", SHEET, again=True).state == "done"
    assert part_names(key) == [INDEX]
    assert manager.want(tmp_path, "a", SHEET, again=True, may_write=True).state == "running"
    assert part_names(key) == []


def test_no_process_is_loaded_after_the_end(manager):
    manager.start()
    manager.close()
    manager.warm("look")
    manager.look()
    assert manager.runners == {}


def test_where_no_process_can_be_started_the_job_says_why(manager, tmp_path, monkeypatch):
    def start(*_, **__):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(module, "RunnerProcess", start)
    manager.start()
    state = manager.want(tmp_path, "a", SHEET)
    assert (state.state, "Cannot allocate memory" in state.error) == ("failed", True)
