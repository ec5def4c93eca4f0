"""Work for pages: computed once in a process of its own, kept as parts, canceled when nobody waits, never hanging."""

import gzip
import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

import cutaway as ct
from cutaway.jobs import page_work, read_array, read_part
from cutaway.jobs.specifications import JobContext, SectionJob, run_signature
from cutaway.jobs.store import part_names, reopen, write_part
from cutaway.page import Text
from cutaway.runs import write_title
from cutaway.topics.label_issues.decisions import add_decisions

SECTIONS = ["verdict", "findings", "mistakes", "classes", "confidence", "layers", "learning"]


def part(studio, key, name):
    answer = studio.ask(f"/api/parts/{key}/{name}")
    assert answer.status == 200, answer.body
    assert answer.headers["content-encoding"] == "gzip"
    return json.loads(gzip.decompress(answer.body))


@pytest.mark.slow
def test_sections_are_those_of_the_report(studio, wait_for, tmp_path, trained):
    answer = wait_for(studio, "sections", run="first")
    assert answer["state"] == "done"
    index = part(studio, answer["key"], "index")
    ct.open_run(trained / "first").report(tmp_path / "report.html", samples=60, epochs=6, progress=False)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert [name for name in index["sections"] if name in SECTIONS] == SECTIONS
    for name in ("findings", "confidence", "mistakes"):  # that on classes says whether all samples are on the map
        section = part(studio, answer["key"], name)
        assert section["html"].strip() in html, name
    heading = part(studio, answer["key"], "heading")
    assert heading["subtitle"] in html
    wrong = ct.open_run(trained / "first").verdict().wrong
    assert studio.ask("/api/problems?run=first&run=gone&run=..").json == {"first": wrong}


@pytest.mark.slow
def test_the_arrays_of_a_map_are_the_run_s(studio, wait_for, trained):
    answer = wait_for(studio, "explore", run="first", split="val", samples=100, layers=["dense_1"], epochs=[2])
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
    answer = wait_for(studio, "preview", run="first")
    (record,) = part(studio, answer["key"], "preview")["explorers"]
    (layout,) = record["layers"][record["layer"]]["layouts"]
    xy = np.frombuffer(studio.ask(f"/api/parts/{answer['key']}/preview/{layout}").body, np.uint16).reshape(-1, 2)
    h = ct.open_run(trained / "first").activations("dense_2", split="test")
    scores = np.linalg.svd(h - h.mean(axis=0), full_matrices=False)
    expected = scores[0][:, :2] * scores[1][:2]
    assert record["network"]
    for axis in range(2):
        assert abs(np.corrcoef(xy[:, axis], expected[:, axis])[0, 1]) > 0.999


@pytest.mark.exhaustive
@pytest.mark.slow
def test_urgent_work_is_done_first_and_what_gave_way_goes_on(own_studio, wait_for):
    order = []
    own_studio.ask_for("explore", run="first", split="all")
    own_studio.ask_for("sheet", run="second")
    end = time.monotonic() + 180
    while len(order) < 2 and time.monotonic() < end:
        for kind, job in (("sheet", {"run": "second"}), ("explore", {"run": "first", "split": "all"})):
            if kind not in order and own_studio.ask_for(kind, **job).json["state"] == "done":
                order.append(kind)
        time.sleep(0.02)
    assert order == ["sheet", "explore"]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_process_that_is_killed_is_said_in_one_line_and_replaced(own_studio, wait_for, worker_of):
    wait_for(own_studio, "sheet", run="first")
    own_studio.ask_for("explore", run="first", split="all")
    before = worker_of(own_studio, "view")
    time.sleep(0.3)
    os.kill(before, signal.SIGKILL)
    failed = wait_for(own_studio, "explore", run="first", split="all")
    assert failed["state"] == "failed"
    assert wait_for(own_studio, "sheet", run="second")["state"] == "done"
    assert worker_of(own_studio, "view") != before
    again = own_studio.ask_for("explore", run="first", split="all", again=True).json
    assert again["state"] in ("waiting", "running")


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_processes_end_with_the_server_however_that_ends(own_studio, wait_for, worker_of):
    wait_for(own_studio, "preview", run="first")
    wait_for(own_studio, "sheet", run="first")
    processes = [worker_of(own_studio, queue) for queue in ("look", "view")]
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
    answer = wait_for(own_studio, "preview", run="first")
    before = own_studio.ask(f"/api/parts/{answer['key']}/preview").body
    shutil.rmtree(own_studio.folder.parent / "cache/cutaway/results")
    assert own_studio.ask(f"/api/parts/{answer['key']}/preview").status == 404
    again = wait_for(own_studio, "preview", run="first")
    assert own_studio.ask(f"/api/parts/{again['key']}/preview").body == before


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sections", "explore", "sheet"])
def test_a_damaged_run_is_an_error_of_one_line(own_studio, trained, wait_for, kind):
    (own_studio.folder / "first" / "run.json").write_text("{")
    answer = own_studio.ask_for(kind, run="first")
    assert answer.status == 409
    assert "\n" not in answer.json["error"]
    for path in (own_studio.folder / "second" / "snapshots").iterdir():
        path.write_bytes(b"\0" * 100)
    answer = own_studio.ask_for(kind, run="second")
    if answer.status == 200:
        found = wait_for(own_studio, kind, run="second")
        assert found["state"] in ("done", "failed")
        assert found["error"] is None or "\n" not in found["error"]
    shutil.copytree(trained / "first", own_studio.folder / "third")
    assert wait_for(own_studio, "preview", run="third")["state"] == "done", "the process works on"


def test_wrong_questions_are_refused(studio):
    for kind, job, status in (
        ("explore", {"run": "../first"}, 404),
        ("explore", {"run": "first", "split": "other"}, 400),
        ("explore", {"run": "first", "samples": 3}, 400),
        ("explore", {"run": "first", "epochs": ["last"]}, 400),
        ("sections", {"run": "first", "split": "test"}, 400),
        ("compare", {"run": "first"}, 400),
        ("compare", {"run": "first", "against": ".trash"}, 404),
        ("nothing", {"run": "first"}, 400),
        ("sections", {}, 400),
        ("live", {"run": ".trash"}, 404),
        ("survey", {"data": "digits"}, 400),
        ("survey", {"data": {"place": "bundled", "name": "nothing"}}, 404),
    ):
        answer = studio.ask_for(kind, **job)
        assert answer.status == status, (kind, job, answer.body)
        assert "\n" not in answer.json["error"]
        assert "samples" not in job or "samples must be a whole number from 20" in answer.json["error"]
    for address in ("..", "%2e%2e", "A" * 32, "0" * 32):
        assert studio.ask(f"/api/parts/{address}/index").status == 404
        assert studio.ask(f"/api/parts/{'0' * 32}/{address}").status == 404


def test_what_was_canceled_on_its_way_is_not_kept(trained, monkeypatch):
    token = ct.CancelToken()

    def preview(source):
        token.cancel()  # and nothing notices, as in work that leaves out what it cannot compute
        return Text(name="preview", title="Without what was canceled", paragraphs=())

    monkeypatch.setattr(page_work, "preview", preview)
    key = "0" * 32
    context = JobContext(trained, key, lambda now: None, lambda name: None)
    with token, pytest.raises(ct.Canceled):
        page_work.run(SectionJob(kind="preview", run="first"), context)
    assert part_names(key) == []


def test_parts_come_back_with_their_arrays():
    key = "0" * 32
    write_part(key, "heading", {"number": 1}, [b"a" * 1000, b""])
    write_part(key, "index", {})
    assert part_names(key) == ["heading", "index"]
    assert read_part(key, "heading").document == {"number": 1}
    assert [read_array(key, "heading", number) for number in range(3)] == [b"a" * 1000, b"", None]
    assert read_part(key, "other") is None
    assert read_array("other", "heading", 0) is None
    assert part_names(key) == ["heading", "index"]
    reopen(key)
    assert part_names(key) == ["heading"]


@pytest.mark.parametrize("lost", ["part", "part-array"])
def test_a_result_that_has_lost_a_part_is_made_again(own_cache, lost):
    key = "0" * 32
    write_part(key, "index", {}, [b"a"])
    (file,) = (file for file in own_cache.iterdir() if file.name.rpartition("-")[0] == lost)
    file.unlink()
    assert None in (read_part(key, "index"), read_array(key, "index", 0))
    assert part_names(key) == []


def test_parts_that_cannot_be_kept_are_an_error(own_cache):
    own_cache.parent.mkdir(parents=True)
    own_cache.touch()
    with pytest.raises(OSError, match="."):
        write_part("0" * 32, "index", {})


def test_a_result_is_that_of_the_content_of_a_run(trained, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(trained / "first", path)
    plain, labeled = run_signature(path), run_signature(path, personal=True)
    assert (plain, labeled) == (run_signature(path), run_signature(path, personal=True))
    add_decisions(ct.open_run(path).context, [ct.Decision("sample[3]", "drop")])
    assert run_signature(path) == plain
    decided = run_signature(path, personal=True)
    assert decided != labeled
    write_title(path, "Mine")
    assert run_signature(path, personal=True) != decided
    assert run_signature(path) == plain
    snapshot = max((path / "snapshots").iterdir())
    snapshot.write_bytes(snapshot.read_bytes())
    os.utime(snapshot, ns=(1, 1))
    assert run_signature(path) != plain
    second = run_signature(path)
    with (path / "history.jsonl").open("a") as file:
        file.write('{"kind": "progress", "epoch": 7, "samples": 5, "loss": 1.0, "accuracy": 0.5}\n')
    assert run_signature(path) == second, "what is between two epochs changes nothing"
