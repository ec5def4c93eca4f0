"""Live maps of several folders, without any process."""

import base64
from pathlib import Path

import pytest

from cutaway.jobs import LiveMap, SectionJob
from cutaway.jobs.queues import QUEUES

ADA, BOB = Path("/lesson/people/ada"), Path("/lesson/people/bob")


@pytest.fixture(autouse=True)
def started(manager):
    manager.start()


def draw(manager, key, epoch):
    manager.last("live").message("part", key, {"epoch": epoch, "data": base64.b64encode(b"xy").decode()})


def test_one_process_computes_for_all_folders_and_each_is_told_of_its_own(manager):
    ada, bob = (manager.want(folder, folder.name, LiveMap(run="run")).key for folder in (ADA, BOB))
    assert len(manager.runners["live"]) == 1
    assert manager.last("live").orders == [ada, bob]
    draw(manager, ada, 1)
    draw(manager, bob, 1)
    draw(manager, bob, 2)
    manager.last("live").finish("failed", job=ada, error="no map")
    head = {"run": "run", "epoch": 1, "number": 0}
    later = {"run": "run", "epoch": 2, "number": 1}
    assert [event["part"] for event in manager.events[ADA] if "part" in event] == [head]
    assert [event["part"] for event in manager.events[BOB] if "part" in event] == [head, later]
    assert (manager.events[ADA][-1]["run"], manager.events[ADA][-1]["error"]) == ("run", "no map")
    state = manager.want(ADA, "ada", LiveMap(run="run"))
    assert (state.parts, state.error) == ([head], "no map")
    assert manager.want(ADA, "ada", SectionJob(kind="sheet", run="run")).parts == [], (
        "frames are parts of the live map only"
    )
    assert manager.frames.find(BOB / "run", 1).data == b"xy"
    assert manager.frames.find(ADA / "run", 1) is None


def test_the_process_ends_when_nobody_watches_in_any_folder(manager, clock):
    ada = manager.want(ADA, "ada", LiveMap(run="run")).key
    clock[0] += QUEUES["live"].lease - 1
    bob = manager.want(BOB, "bob", LiveMap(run="run")).key
    clock[0] += 2
    manager.look()
    live = manager.last("live")
    assert live.canceled == [ada]
    live.finish("canceled", job=ada)
    assert live.kills == 0
    clock[0] += QUEUES["live"].lease
    manager.look()
    assert live.canceled == [ada, bob]
    live.finish("canceled", job=bob)
    clock[0] += 1
    manager.look()
    assert live.kills == 1


def test_a_process_that_was_loaded_for_a_training_stays_until_somebody_watches_it(manager, clock):
    manager.warm("live")
    clock[0] += 200
    manager.look()
    key = manager.want(ADA, "ada", LiveMap(run="run")).key
    assert manager.last("live").orders == [key]
    manager.leave("ada/page")
    manager.last("live").finish("canceled")
    clock[0] += 200
    manager.look()
    assert (len(manager.runners["live"]), manager.last("live").kills) == (1, 1)
