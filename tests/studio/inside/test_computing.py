"""Work for pages: computed once in a process of its own, kept as parts, canceled when nobody waits, never hanging."""

import gzip
import json
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import cutaway as ct
from cutaway.page import Text
from cutaway.studio.computing import making
from cutaway.studio.computing.store import PartStore
from cutaway.studio.computing.tasks import PreviewTask, run_signature
from cutaway.topics.labels.deciding import add_decisions

SECTIONS = ["findings", "learning", "confusions", "classes", "confidence", "layers", "knowledge", "mistakes"]


def part(studio, key, name):
    answer = studio.ask(f"/api/parts/{key}/{name}")
    assert answer.status == 200, answer.body
    assert answer.headers["content-encoding"] == "gzip"
    return json.loads(gzip.decompress(answer.body))


@pytest.mark.slow
def test_sections_are_those_of_the_report(studio, wait_for, tmp_path, trained):
    answer = wait_for(studio, "sections?run=first&page=a")
    assert answer["state"] == "done"
    index = part(studio, answer["key"], "index")
    ct.open_run(trained / "first").report(tmp_path / "report.html", progress=False)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert [name for name in index["sections"] if name in SECTIONS] == SECTIONS
    for name in ("findings", "classes", "confidence", "mistakes"):
        section = part(studio, answer["key"], name)
        assert section["html"].strip() in html, name
    heading = part(studio, answer["key"], "heading")
    assert heading["facts"][0][0] == "Test accuracy"
    assert all(f"<dt>{label}</dt><dd>{value}</dd>" in html for label, value in heading["facts"])


@pytest.mark.slow
def test_the_arrays_of_a_map_are_the_run_s(studio, wait_for, trained):
    answer = wait_for(studio, "explore?run=first&page=a&split=val&samples=100&layers=dense_1&epochs=2")
    section = part(studio, answer["key"], "explore")
    (record,) = section["explorers"]
    assert (record["count"], record["epochs"]) == (100, [2, 6])
    assert [layer["name"] for layer in record["layers"]] == ["input", "dense_1", "dense_2"]
    label = next(column for column in record["columns"] if column["key"] == "label")

    def array(number, dtype):
        data = studio.ask(f"/api/parts/{answer['key']}/explore/{number}").body
        return np.frombuffer(gzip.decompress(data) if section["arrays"][number]["gzip"] else data, dtype)

    names = json.loads(array(record["names"], np.uint8).tobytes())
    run = ct.open_run(trained / "first")
    ids = run.context.samples(names)
    assert (array(label["values"][0], np.int16) == run.data.y(ids)).all()
    assert set(ids.places()) <= set(run.split.val.places())


@pytest.mark.slow
def test_a_first_look_has_the_principal_components(studio, wait_for, trained):
    answer = wait_for(studio, "preview?run=first&page=a")
    (record,) = part(studio, answer["key"], "preview")["explorers"]
    (layout,) = record["layers"][record["layer"]]["layouts"]
    xy = np.frombuffer(studio.ask(f"/api/parts/{answer['key']}/preview/{layout}").body, np.uint16).reshape(-1, 2)
    h = ct.open_run(trained / "first").activations("dense_2", split="test")
    scores = np.linalg.svd(h - h.mean(axis=0), full_matrices=False)
    expected = scores[0][:, :2] * scores[1][:2]
    for axis in range(2):
        assert abs(np.corrcoef(xy[:, axis], expected[:, axis])[0, 1]) > 0.999


@pytest.mark.exhaustive
@pytest.mark.slow
def test_what_several_pages_ask_for_is_done_once_and_canceled_when_the_last_one_leaves(own_studio, wait_for):
    asked = "explore?run=first&page={}&split=all"
    first = own_studio.ask(f"/api/computing/{asked.format('a')}").json
    second = own_studio.ask(f"/api/computing/{asked.format('b')}").json
    assert first["key"] == second["key"]
    assert second["state"] in ("waiting", "running")
    own_studio.ask(f"/api/computing/leave?page=a&key={first['key']}")
    time.sleep(0.5)
    assert own_studio.ask(f"/api/computing/{asked.format('b')}").json["state"] in ("waiting", "running")
    own_studio.ask("/api/computing/leave?page=b")
    small = wait_for(own_studio, "preview?run=first&page=c")  # the process is free again
    assert small["state"] == "done"
    assert PartStore(Path(own_studio.folder).parent / "cache/cutaway/studio/parts").names(first["key"]) == []


@pytest.mark.exhaustive
@pytest.mark.slow
def test_urgent_work_is_done_first_and_what_gave_way_goes_on(own_studio, wait_for):
    order = []
    own_studio.ask("/api/computing/explore?run=first&page=a&split=all")
    own_studio.ask("/api/computing/sheet?run=second&page=a")
    end = time.monotonic() + 180
    while len(order) < 2 and time.monotonic() < end:
        for name in ("sheet?run=second", "explore?run=first&split=all"):
            if name not in order and own_studio.ask(f"/api/computing/{name}&page=a").json["state"] == "done":
                order.append(name)
        time.sleep(0.02)
    assert order == ["sheet?run=second", "explore?run=first&split=all"]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_process_that_is_killed_is_said_in_one_line_and_replaced(own_studio, wait_for, worker_of):
    wait_for(own_studio, "sheet?run=first&page=a")
    own_studio.ask("/api/computing/explore?run=first&page=a&split=all")
    before = worker_of(own_studio, "view")
    time.sleep(0.3)
    os.kill(before, signal.SIGKILL)
    failed = wait_for(own_studio, "explore?run=first&page=a&split=all")
    assert failed["state"] == "failed"
    assert failed["error"] == (
        "The process that computes ended: it was killed, perhaps because memory ran out. Next: try again."
    )
    assert wait_for(own_studio, "sheet?run=second&page=a")["state"] == "done"
    assert worker_of(own_studio, "view") != before
    again = own_studio.ask("/api/computing/explore?run=first&page=a&split=all&again=true").json
    assert again["state"] in ("waiting", "running")


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_processes_end_with_the_server_however_that_ends(own_studio, wait_for, worker_of):
    wait_for(own_studio, "preview?run=first&page=a")
    wait_for(own_studio, "sheet?run=first&page=a")
    processes = [worker_of(own_studio, lane) for lane in ("look", "view")]
    assert all(processes)
    own_studio.process.kill()
    end = time.monotonic() + 20
    for pid in processes:
        while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
            assert time.monotonic() < end
            time.sleep(0.05)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_deleted_caches_cost_only_time(own_studio, wait_for):
    answer = wait_for(own_studio, "preview?run=first&page=a")
    before = own_studio.ask(f"/api/parts/{answer['key']}/preview").body
    shutil.rmtree(own_studio.folder.parent / "cache/cutaway/studio/parts")
    assert own_studio.ask(f"/api/parts/{answer['key']}/preview").status == 404
    again = wait_for(own_studio, "preview?run=first&page=a")
    assert own_studio.ask(f"/api/parts/{again['key']}/preview").body == before


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sections", "explore", "doctor", "sheet"])
def test_a_damaged_run_is_an_error_of_one_line(own_studio, wait_for, kind):
    (own_studio.folder / "first" / "run.json").write_text("{")
    answer = own_studio.ask(f"/api/computing/{kind}?run=first&page=a")
    assert answer.status == 409
    assert "\n" not in answer.json["error"]
    for path in (own_studio.folder / "second" / "snapshots").iterdir():
        path.write_bytes(b"\0" * 100)
    answer = own_studio.ask(f"/api/computing/{kind}?run=second&page=a")
    if answer.status == 200:
        found = wait_for(own_studio, f"{kind}?run=second&page=a")
        assert found["state"] in ("done", "failed")
        assert found["error"] is None or "\n" not in found["error"]
    assert wait_for(own_studio, "preview?run=slow&page=a")["state"] == "done", "the process works on"


def test_wrong_questions_are_refused(studio):
    for address, status in (
        ("explore?run=../first", 404),
        ("explore?run=first&split=other", 400),
        ("explore?run=first&samples=3", 400),
        ("sections?run=first&split=test", 400),
        ("compare?run=first", 400),
        ("compare?run=first&other=.trash", 404),
        ("nothing?run=first", 422),
        ("sections", 422),
    ):
        answer = studio.ask(f"/api/computing/{address}")
        assert answer.status == status, (address, answer.body)
        assert "\n" not in answer.json["error"]
    for address in ("..", "%2e%2e", "A" * 32, "0" * 32):
        assert studio.ask(f"/api/parts/{address}/index").status == 404
        assert studio.ask(f"/api/parts/{'0' * 32}/{address}").status == 404


def test_what_was_canceled_on_its_way_is_not_kept(tmp_path, trained, monkeypatch):
    token = ct.CancelToken()

    def preview(source):
        token.cancel()  # and nothing notices, as in work that leaves out what it cannot compute
        return Text(name="preview", title="Without what was canceled", paragraphs=())

    monkeypatch.setattr(making, "preview", preview)
    store, key = PartStore(tmp_path / "parts"), "0" * 32
    task = PreviewTask(kind="preview", run="first")
    given = {"key": key, "on_progress": lambda now: None, "on_part": lambda name: None}
    with token, pytest.raises(ct.Canceled):
        making.Maker(store).make(task, trained, **given)
    assert store.names(key) == []


def test_a_store_writes_whole_parts_and_deletes_what_was_not_used_for_longest(tmp_path):
    store = PartStore(tmp_path)
    keys = [f"{number:032x}" for number in range(4)]
    for number, key in enumerate(keys):
        store.write(key, "index", {"number": number}, [b"a" * 1000, b""])
        os.utime(tmp_path / key, (number, number))
    assert store.part(keys[1], "index").document == {"number": 1}
    assert (store.part(keys[1], "index").array(0), store.part(keys[1], "index").array(1)) == (b"a" * 1000, b"")
    assert [store.part(keys[1], "index").array(number) for number in (-1, 2)] == [None, None]
    assert store.names(keys[0]) == ["index"], "asking says that it is used"
    store.tidy(most=2500)
    assert [bool(store.names(key)) for key in keys] == [True, False, False, True]


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]\n", b"[1]\n", b"[5, 2]\nabcde", b'["a"]\nx', b"[true]\nx", b"[-1]\n", b"[" * 2000, b"\xff\n"],
)
def test_a_damaged_part_is_none_and_deleted(tmp_path, damage):
    store, key = PartStore(tmp_path), "0" * 32
    store.write(key, "index", {})
    (tmp_path / key / "index").write_bytes(damage)
    assert store.part(key, "index") is None
    assert store.names(key) == []


@pytest.mark.parametrize("key", ["", "..", "0" * 31, "0" * 33, "../" + "0" * 29, "0" * 32 + "\n", "\0" * 32])
def test_no_other_name_reaches_the_disk(tmp_path, key):
    store = PartStore(tmp_path)
    assert store.names(key) == []
    assert store.part(key, "index") is None
    assert store.part("0" * 32, key) is None
    with pytest.raises(OSError, match="."):
        store.write(key or ".", "index", {})
    assert list(tmp_path.iterdir()) == []


def test_a_result_is_that_of_the_content_of_a_run(trained, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(trained / "first", path)
    plain, labeled = run_signature(path), run_signature(path, labels=True)
    assert (plain, labeled) == (run_signature(path), run_signature(path, labels=True))
    add_decisions(ct.open_run(path).context, [ct.Decision("sample[3]", "drop")])
    assert run_signature(path) == plain
    assert run_signature(path, labels=True) != labeled
    snapshot = max((path / "snapshots").iterdir())
    snapshot.write_bytes(snapshot.read_bytes())
    os.utime(snapshot, ns=(1, 1))
    assert run_signature(path) != plain
    second = run_signature(path)
    with (path / "history.jsonl").open("a") as file:
        file.write('{"kind": "progress", "epoch": 7, "samples": 5, "loss": 1.0, "accuracy": 0.5}\n')
    assert run_signature(path) == second, "what is between two epochs changes nothing"


def test_a_page_that_says_nothing_is_forgotten(monkeypatch, tmp_path, trained):
    from cutaway.studio.computing import desk as module
    from cutaway.studio.computing.tasks import ExploreTask

    monkeypatch.setattr(module, "LOOK", 0.05)
    began, gone = threading.Event(), threading.Event()

    class Stuck:
        """A process that works until it is canceled."""

        def warm(self):
            pass

        def do(self, order, tell):
            began.set()
            assert gone.wait(20)
            return {"end": "canceled"}

        def cancel(self):
            gone.set()

        def close(self):
            gone.set()

    told = []
    desk = module.Desk(PartStore(tmp_path))
    desk._workers = {lane: Stuck() for lane in module.NICE}
    desk.start()
    desk.ask(ExploreTask(run="first"), trained, "a", lambda name, data: told.append(data["state"]))
    assert began.wait(20)
    monkeypatch.setattr(module, "LEASE", 0.2)  # only now: a job that still waits would be forgotten before it began
    assert gone.wait(20)
    end = time.monotonic() + 20
    while "canceled" not in told:
        assert time.monotonic() < end
        time.sleep(0.01)
    desk.close()
