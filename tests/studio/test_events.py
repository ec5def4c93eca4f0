"""Events: who hears what, slow pages, and the watcher of a folder."""

import asyncio
import json
import os
import shutil
import socket
import threading
import time

import pytest

from cutaway.jobs import JobManager
from cutaway.studio import run_index
from cutaway.studio.events import LARGEST, PAGES, QUEUE, Hub
from cutaway.studio.workspace import Workspace


def run_alone(main):
    """Run a coroutine in a thread of its own: in that of the tests Playwright's loop runs, where a browser is open."""
    failed = []

    def work():
        try:
            asyncio.run(main())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def heard(text):
    """The name and the data of an event."""
    line = next(line for line in text.split("\n") if line.startswith("data: "))
    return json.loads(line[len("data: ") :])


def test_an_event_reaches_all_pages_in_order_from_any_thread():
    async def main():
        hub = Hub()
        streams = [hub.stream(""), hub.stream("ada")]
        assert [heard(await anext(stream)) for stream in streams] == [["hello", {}]] * 2
        for number in range(3):
            await asyncio.to_thread(hub.send, "count", {"number": number, "text": "a\n\nb"})
        for stream in streams:
            events = [heard(await anext(stream)) for _ in range(3)]
            assert events == [["count", {"number": number, "text": "a\n\nb"}] for number in range(3)]
        hub.close()
        for stream in streams:
            with pytest.raises(StopAsyncIteration):
                await anext(stream)

    run_alone(main)


def test_a_page_that_is_too_slow_is_told_to_read_everything_again():
    async def main():
        hub = Hub()
        slow = hub.stream("")
        await anext(slow)
        for number in range(QUEUE + 5):
            hub.send("count", number)
        await asyncio.sleep(0)
        events = [heard(await anext(slow)) for _ in range(5)]
        assert events == [["reset", {}], *(["count", QUEUE + number] for number in range(1, 5))]
        await slow.aclose()
        assert not hub.is_full("")

    run_alone(main)


def test_a_large_event_becomes_a_reset():
    async def main():
        hub = Hub()
        stream = hub.stream("")
        await anext(stream)
        hub.send("runs", "x" * LARGEST)
        assert heard(await anext(stream)) == ["reset", {}]
        await stream.aclose()

    run_alone(main)


def test_one_person_has_so_many_streams_at_most():
    async def main():
        hub = Hub()
        streams = [hub.stream("ada") for _ in range(PAGES)]
        for stream in streams:
            assert not hub.is_full("ada")
            await anext(stream)
        assert hub.is_full("ada")
        assert not hub.is_full("")
        for stream in streams:
            await stream.aclose()
        assert not hub.is_full("ada")

    run_alone(main)


def test_nobody_listens_and_nothing_is_collected():
    hub = Hub()
    hub.send("runs", {})
    hub.close()


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "runs").mkdir()
    workspace = Workspace(tmp_path / "runs", JobManager())
    events = []
    monkeypatch.setattr(workspace.hub, "send", lambda name, data: events.append((name, data)))
    monkeypatch.setattr("cutaway.studio.events.Hub.pages", 1)
    workspace.heard = events
    yield workspace
    workspace.close()


def wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def epochs_told(heard):
    """The epochs of run "a" that a page knows: new ones take the place of those from "since" on."""
    epochs = []
    for data in [data for name, data in list(heard) if name == "training" and data["run"] == "a"]:
        epochs[data["since"] :] = [row["epoch"] for row in data["rows"]]
    return epochs


@pytest.mark.exhaustive
def test_the_watcher_tells_what_appears_grows_dies_and_goes(workspace, new_run, monkeypatch):
    workspace.start()
    new_run(workspace.folder / "a", done=1, status="running")
    last = {}

    def rows():
        for name, data in list(workspace.heard):
            if name == "runs":
                last.update({row["id"]: row for row in data["changed"]} | dict.fromkeys(data["gone"]))
        return last

    wait_for(lambda: "a" in rows())
    with (workspace.folder / "a" / "history.jsonl").open("a") as file:
        file.write('{"kind": "epoch", "epoch": 2, "loss": 0.1}\n')
    wait_for(lambda: rows()["a"]["epochs"] == 2)
    wait_for(lambda: epochs_told(workspace.heard) == [1, 2])
    monkeypatch.setattr("cutaway.runs.process._started", lambda pid: None)
    wait_for(lambda: rows()["a"]["state"] == "died")
    shutil.rmtree(workspace.folder / "a")
    wait_for(lambda: rows()["a"] is None)


def test_who_asks_before_a_run_was_read_waits_for_the_first_one(workspace, new_run, monkeypatch):
    new_run(workspace.folder / "a")
    read, asked = run_index.read_run, threading.Event()

    def slow(path):
        assert asked.wait(10)
        time.sleep(0.2)
        return read(path)

    monkeypatch.setattr(run_index, "read_run", slow)
    workspace.start()
    asked.set()
    workspace.look()
    assert [row["id"] for row in workspace.index.rows()] == ["a"]


def test_a_damaged_history_of_one_training_hides_no_other(workspace, new_run):
    for name in ("a", "b"):
        new_run(workspace.folder / name, done=1, status="running")
    workspace.scan()
    (workspace.folder / "a" / "history.jsonl").write_text("nonsense\n")
    with (workspace.folder / "b" / "history.jsonl").open("a") as file:
        file.write('{"kind": "epoch", "epoch": 2, "loss": 0.1}\n')
    workspace._follow()
    rows = {row["id"]: row for name, data in workspace.heard if name == "runs" for row in data["changed"]}
    assert rows["a"]["state"] == "damaged"
    assert rows["b"]["epochs"] == 2


def test_pages_are_told_when_the_folder_goes_and_comes(workspace, new_run):
    new_run(workspace.folder / "a")
    workspace.scan()
    workspace.heard.clear()
    os.rename(workspace.folder, workspace.folder.with_name("away"))
    workspace.scan()
    workspace.scan()
    assert workspace.heard == [("reset", {})]
    os.rename(workspace.folder.with_name("away"), workspace.folder)
    workspace.scan()
    assert workspace.heard == [("reset", {})] * 2
    assert [row["id"] for row in workspace.index.rows()] == ["a"]


@pytest.mark.slow
def test_streams_that_are_torn_in_the_middle_leave_nothing_behind(studio_of):
    studio = studio_of("Ada")
    request = f"GET /api/events HTTP/1.1\r\nhost: 127.0.0.1:{studio.port}\r\ncookie: {studio.cookie}\r\n\r\n".encode()

    def answers():
        with socket.create_connection(("127.0.0.1", studio.port), timeout=20) as sock:
            sock.sendall(request)
            return b" 200 " in sock.recv(100)

    for _ in range(3 * PAGES):  # a page that is loaded again and again
        answers()
    wait_for(answers)
