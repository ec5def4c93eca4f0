"""The list of runs: what is read, what is kept, and what hostile folders do to it."""

import json
import os
import shutil
import threading
import time
from types import SimpleNamespace

import pytest

from cutaway.errors import UnknownNameError
from cutaway.runs import RunSummary, RunWriter, read_run
from cutaway.runs.summary import CURVE
from cutaway.studio import run_index
from cutaway.studio.run_index import RunIndex


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def read(monkeypatch):
    """The names of the runs that were read, in the order in which they were."""
    names = []
    monkeypatch.setattr(run_index, "read_run", lambda path: names.append(path.name) or read_run(path))
    return names


def scan(runs):
    """All that a scan finds: the rows that changed by id, and the ids that are gone."""
    changed, gone = {}, []
    for rows, ids in runs.scan():
        changed |= {row["id"]: row for row in rows}
        gone += ids
    return changed, gone


def test_only_what_changed_is_read_again(folder, new_run, read):
    for name in ("a", "b", "c"):
        new_run(folder / name)
    runs = RunIndex(folder)
    assert set(scan(runs)[0]) == {"a", "b", "c"}
    assert read == ["c", "b", "a"]  # the newest name first
    read.clear()
    assert scan(runs) == ({}, [])
    (folder / "b" / "title.txt").write_text("B")
    new_run(folder / "d")
    shutil.rmtree(folder / "c")
    changed, gone = scan(runs)
    assert (set(changed), gone, sorted(read)) == ({"b", "d"}, ["c"], ["b", "d"])
    assert changed["b"]["title"] == "B"
    with (folder / "a" / "history.jsonl").open("a") as file:
        file.write('{"kind": "epoch", "epoch": 4, "loss": 0.1}\n')
    assert scan(runs)[0]["a"]["epochs"] == 4


def test_a_new_server_reads_nothing_that_did_not_change(folder, new_run, read):
    for name in ("a", "b"):
        new_run(folder / name)
    first = RunIndex(folder)
    scan(first)
    first.keep()
    read.clear()
    second = RunIndex(folder)
    assert scan(second) == ({}, [])
    assert read == []
    assert json.loads(second.encoded_rows()) == second.rows() == first.rows()


@pytest.mark.parametrize(
    ("settings", "ended", "epoch"),
    [
        ({}, {"kept_epoch": 2, "test": {"loss": 0.4, "accuracy": 0.5, "cross_entropy": 0.1}}, 2),
        ({"patience": None}, None, 3),
        ({"patience": 4}, None, 2),
        ({"patience": 4}, {"status": "stopped"}, 2),
    ],
)
def test_the_validation_accuracy_is_of_the_epoch_that_the_test_accuracy_is_of(tmp_path, settings, ended, epoch):
    """Of one that trains, the epoch that it would keep now."""
    dataset = {"name": "toy", "sha256": "0" * 64, "origin": {"kind": "arrays"}, "shape": [4], "scale": 1.0}
    manifest = {"dataset": {**dataset, "class_names": ["a", "b"]}, "split": {}, "model": None, "config": settings}
    writer = RunWriter.create_at(tmp_path / "run", manifest={**manifest, "seed": 0})
    for number, (loss, accuracy) in enumerate(((0.5, 0.9), (0.3, 0.7), (0.4, 0.8)), 1):
        writer.epoch({"epoch": number, "loss": 0.5, "val_loss": loss, "val_accuracy": accuracy})
    if ended:
        writer.finish(**{"status": "finished", **ended})
    writer.close()
    row = RunSummary.of(read_run(tmp_path / "run")).row()
    assert (row["val_epoch"], row["val_accuracy"]) == (epoch, {2: 0.7, 3: 0.8}[epoch])
    assert row["test"] == (ended or {}).get("test")


def test_a_finished_training_without_a_history_is_listed_as_damaged(folder, new_run):
    (new_run(folder / "a") / "history.jsonl").unlink()
    row = RunSummary.of(read_run(folder / "a")).row()
    assert (row["state"], row["epochs"], row["val_accuracy"]) == ("damaged", 0, None)
    assert "history" in row["why"]


def test_a_damaged_cache_costs_only_time(folder, new_run, tmp_path):
    new_run(folder / "a")
    first = RunIndex(folder)
    scan(first)
    first.keep()
    (file,) = (tmp_path / "cache").rglob("rows-*")
    file.write_bytes(file.read_bytes()[:-9])
    again = RunIndex(folder)
    scan(again)
    assert again.rows() == first.rows()


def test_a_process_that_is_killed_changes_no_file_and_is_seen(folder, new_run, monkeypatch):
    new_run(folder / "a", status="running")
    runs = RunIndex(folder)
    assert scan(runs)[0]["a"]["state"] == "running"
    record = json.loads((folder / "a" / "run.json").read_text())["process"]
    assert record["pid"] == os.getpid()
    monkeypatch.setattr("cutaway.runs.process._started", lambda pid: None)
    assert scan(runs)[0]["a"]["state"] == "died"
    assert scan(runs) == ({}, [])


def test_a_folder_that_goes_away_comes_back_without_being_read(folder, new_run, read):
    new_run(folder / "a")
    runs = RunIndex(folder)
    scan(runs)
    read.clear()
    folder.rename(folder.with_name("away"))
    assert scan(runs) == ({}, [])
    assert runs.is_missing
    assert runs.rows() == []
    assert runs.encoded_rows() == b"[]"
    folder.with_name("away").rename(folder)
    assert scan(runs) == ({}, [])
    assert [row["id"] for row in runs.rows()] == ["a"]
    assert read == []


def test_a_clock_that_is_set_back_hides_no_change(folder, new_run):
    new_run(folder / "a")
    runs = RunIndex(folder)
    scan(runs)
    past = time.time() - 1e6
    with (folder / "a" / "history.jsonl").open("a") as file:
        file.write('{"kind": "epoch", "epoch": 4, "loss": 0.1}\n')
    os.utime(folder / "a" / "history.jsonl", (past, past))
    assert scan(runs)[0]["a"]["epochs"] == 4


def test_rows_are_asked_for_while_a_scan_reads(folder, new_run, monkeypatch):
    for number in range(6):
        new_run(folder / f"{number}")
    monkeypatch.setattr(run_index, "BATCH_SECONDS", 0.0)
    runs = RunIndex(folder)
    waiting, go = threading.Event(), threading.Event()

    def slow(path):
        if path.name == "2":
            waiting.set()
            assert go.wait(10)
        return read_run(path)

    monkeypatch.setattr(run_index, "read_run", slow)
    batches = []
    thread = threading.Thread(target=lambda: batches.extend(runs.scan()))
    thread.start()
    assert waiting.wait(10)
    assert sorted(row["id"] for row in runs.rows()) == ["3", "4", "5"]  # no lock is held
    assert (runs.unread, list(runs.scan())) == (3, [])
    assert runs.refresh("0")["id"] == "0"
    go.set()
    thread.join()
    assert [row["id"] for rows, _ in batches for row in rows] == ["5", "4", "3", "2", "1", "0"]
    assert runs.unread == 0


@pytest.fixture
def when_read(monkeypatch):
    """Have something happen to a run after it was read and before its row is kept; gives what was read so far."""
    paths = []

    def install(happens):
        def read(run):
            found = RunSummary.of(run)
            paths.append(run.path.name)
            happens(run.path)
            return found

        monkeypatch.setattr(run_index, "RunSummary", SimpleNamespace(of=read))
        return paths

    return install


def test_a_run_that_changes_while_it_is_read_is_read_again(folder, new_run, when_read):
    new_run(folder / "a")
    runs = RunIndex(folder)
    paths = when_read(lambda path: len(paths) > 1 or (path / "title.txt").write_text("new"))
    assert scan(runs)[0]["a"]["title"] == "new"
    assert paths == ["a", "a"]
    assert scan(runs) == ({}, [])


def test_a_run_that_is_trained_is_read_once(folder, new_run, when_read, monkeypatch):
    new_run(folder / "a", done=1, status="running")
    runs = RunIndex(folder)

    def train(path):
        with (path / "history.jsonl").open("a") as file:
            file.write('{"kind": "epoch", "epoch": 2, "loss": 0.1}\n')

    paths = when_read(train)
    assert scan(runs)[0]["a"]["epochs"] == 1
    assert paths == ["a"]
    monkeypatch.undo()
    assert scan(runs)[0]["a"]["epochs"] == 2


@pytest.mark.parametrize("gone", ["a", "b"])
def test_a_run_that_is_deleted_while_it_or_another_is_read_does_not_come_back(
    folder, new_run, tmp_path, when_read, gone
):
    for name in ("a", "b"):
        new_run(folder / name)
    runs = RunIndex(folder)

    def delete(path):
        if path.name == "a":  # b was read before
            (folder / gone).rename(tmp_path / "away")
            runs.forget(gone)

    assert when_read(delete) == []
    assert {*scan(runs)[0]} == {"a", "b"} - {gone} == {row["id"] for row in runs.rows()}


def test_a_run_that_somebody_removes_while_it_is_read_again_is_said_to_be_gone(folder, new_run, when_read):
    new_run(folder / "a")
    runs = RunIndex(folder)
    scan(runs)
    (folder / "a" / "history.jsonl").unlink()
    when_read(shutil.rmtree)
    scan(runs)
    assert scan(runs) == ({}, ["a"])
    assert runs.rows() == []


def test_a_run_that_is_moved_away_is_no_answer(folder, new_run, tmp_path, when_read):
    new_run(folder / "a")
    runs = RunIndex(folder)
    when_read(lambda path: path.rename(tmp_path / "away"))
    with pytest.raises(UnknownNameError):
        runs.refresh("a")


@pytest.mark.parametrize(
    "run", ["", ".", "..", "../a", "a/../b", "/etc", ".trash", "a\0", "no", "link", "x" * 300, "a/"]
)
def test_an_id_is_the_name_of_a_folder_of_the_studio_and_nothing_else(folder, new_run, tmp_path, run):
    new_run(tmp_path / "elsewhere")
    new_run(folder / "a")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    runs = RunIndex(folder)
    with pytest.raises(UnknownNameError):
        runs.path(run)
    scan(runs)
    assert [row["id"] for row in runs.rows()] == ["a"]


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("run.json", b"", "JSON"),
        ("run.json", b"{}", "run.json has no"),
        ("run.json", b'{"format": 99}', "has format 99"),
        ("run.json", b"[" * 100_000, "run.json"),
        ("history.jsonl", b"nonsense\n", "line 1"),
        ("history.jsonl", b'{"kind": "epoch", "epoch": 1, "loss": NaN}\n', "line 1"),
    ],
)
def test_damaged_runs_are_listed_with_the_reason(folder, new_run, file, content, said):
    new_run(folder / "good")
    new_run(folder / "bad")
    (folder / "bad" / file).write_bytes(content)
    runs = RunIndex(folder)
    rows = scan(runs)[0]
    assert rows["bad"]["state"] == "damaged"
    assert said in rows["bad"]["why"]
    assert "\n" not in rows["bad"]["why"]
    assert rows["good"]["state"] == "finished"


def test_odd_things_among_the_runs_are_left_out(folder, new_run):
    new_run(folder / "<b>&amp;")
    (folder / "file").write_text("")
    (folder / "empty").mkdir()
    (folder / "is-folder" / "run.json").mkdir(parents=True)
    os.mkdir(os.fsencode(folder) + b"/no-text-\xff")
    shutil.copy(folder / "<b>&amp;" / "run.json", os.fsencode(folder) + b"/no-text-\xff/run.json")
    rows = scan(RunIndex(folder))[0]
    assert set(rows) == {"<b>&amp;", "is-folder"}
    assert rows["is-folder"]["state"] == "damaged"


@pytest.mark.parametrize(("first", "expected"), [(9.0, [None, 8.0]), (100.0, [900.0, 8.0])])
def test_the_time_left_counts_the_compilation_in_the_first_epoch_no_further(folder, new_run, first, expected):
    """Nothing is said after a first epoch, which compiles, unless it took minutes."""
    new_run(folder / "a", done=0, status="running", epochs=10)
    writer, left = RunWriter.reopen(folder / "a"), []
    for epoch, seconds in ((1, first), (2, 1.0)):
        writer.epoch({"epoch": epoch, "loss": 0.5, "seconds": seconds, "samples_per_second": 500.0})
        left.append(RunIndex(folder).refresh("a")["progress"]["seconds_left"])
    writer.close()
    assert left == expected


def test_the_row_of_a_training_says_how_far_it_is(folder, new_run):
    new_run(folder / "a", done=2, status="running", epochs=10)  # epochs of 500 samples, 0.5 s each
    writer = RunWriter.reopen(folder / "a")
    writer.progress({"epoch": 3, "samples": 250, "loss": 0.5, "accuracy": 0.5})
    writer.close()
    row = RunIndex(folder).refresh("a")
    assert row["progress"] == {"epoch": 3, "share": 0.25, "rate": 1000.0, "seconds_left": 3.75}
    assert (row["epochs"], row["planned"]) == (2, 10)
    new_run(folder / "new", done=0, status="running", epochs=10)
    first = RunIndex(folder).refresh("new")["progress"]
    assert first == {"epoch": 1, "share": 0.0, "rate": None, "seconds_left": None}


def test_a_long_history_becomes_a_small_curve(folder, new_run):
    new_run(folder / "a", done=500, epochs=500)
    curves = RunIndex(folder).refresh("a")["curves"]
    assert {name: len(values) for name, values in curves.items()} == {"loss": CURVE, "val_loss": CURVE}
    assert curves["loss"][0] == pytest.approx(1 - 1 / 501, rel=1e-3)
    assert curves["loss"][-1] == pytest.approx(1 - 500 / 501, rel=1e-3)
