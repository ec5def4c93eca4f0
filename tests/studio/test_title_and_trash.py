"""The title that a person gives a run, and where deleted runs go."""

import fcntl
import json
import os
import shutil
import socket

import pytest

from cutaway.cache import cached
from cutaway.errors import RunError, UnknownNameError
from cutaway.jobs.specifications import SectionJob
from cutaway.jobs.store import part_names, write_part
from cutaway.runs import read_title, write_title
from cutaway.studio import trash
from cutaway.studio.trash import Trash


@pytest.fixture
def run(tmp_path, new_run):
    return new_run(tmp_path / "runs" / "a")


def test_a_title_is_one_line_and_an_empty_one_is_none(run):
    write_title(run, "  Wide,\n\ud800 three layers\x1b[2J ")
    assert (run / "title.txt").read_text() == "Wide, \\ud800 three layers\\x1b[2J\n"
    assert read_title(run) == "Wide, \\ud800 three layers\\x1b[2J"
    write_title(run, " ")
    assert read_title(run) == ""
    assert not (run / "title.txt").exists()


@pytest.mark.parametrize(("content", "title"), [(b"", ""), (b"\xff\x1b[2J\nb", "�\\x1b[2J b"), (b"x" * 300_000, "")])
def test_a_title_of_a_stranger_is_one_short_line(run, content, title):
    (run / "title.txt").write_bytes(content)
    assert read_title(run) == title
    (run / "title.txt").write_bytes(b"x" * 300)
    assert len(read_title(run)) == 200


def test_a_stray_file_of_a_server_that_was_killed_is_removed(run):
    stray = run / ".title.txt.0123abcd.tmp"
    stray.write_text("ha")
    write_title(run, "x")
    assert not stray.exists()


def test_a_title_behind_a_link_is_neither_read_nor_written(run, tmp_path, caplog):
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    assert read_title(run) == ""
    (run / "title.txt").symlink_to(outside)
    with caplog.at_level("INFO", logger="cutaway"):
        assert read_title(run) == ""
    assert [record.name for record in caplog.records] == ["cutaway.runs.folder"], "none is no failure, a link is"
    with pytest.raises(RunError):
        write_title(run, "mine")
    assert outside.read_text() == "secret"
    assert (run / "title.txt").is_symlink()


def test_a_title_that_cannot_be_written_changes_nothing_and_says_so(run, monkeypatch):
    write_title(run, "before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError):
        write_title(run, "after")
    monkeypatch.undo()
    assert read_title(run) == "before"
    assert not list(run.glob(".*.tmp"))


def test_a_run_goes_to_the_trash_and_back(run):
    bin_ = Trash(run.parent)
    assert bin_.names() == []
    bin_.put(run)
    assert (bin_.names(), run.exists()) == (["a"], False)
    bin_.take_back("a")
    assert (bin_.names(), (run / "run.json").is_file()) == ([], True)


def test_nothing_is_ever_overwritten(run, new_run):
    bin_ = Trash(run.parent)
    bin_.put(run)
    new_run(run, accuracy=0.5)
    for act in (lambda: bin_.put(run), lambda: bin_.take_back("a")):
        with pytest.raises(RunError):
            act()
    assert bin_.names() == ["a"]
    assert (run / "run.json").is_file()


def test_only_runs_that_were_seen_in_the_trash_are_deleted_for_good(run, new_run):
    bin_of_runs = Trash(run.parent)
    for path in (run, new_run(run.parent / "b"), new_run(run.parent / "c")):
        bin_of_runs.put(path)
    assert bin_of_runs.empty([run.name, "b", "never there", "../c"]) == 2
    assert bin_of_runs.names() == ["c"]
    assert [bin_of_runs.empty(), bin_of_runs.empty()] == [1, 0]
    assert os.listdir(bin_of_runs.folder) == []


def test_a_run_that_was_half_deleted_is_never_taken_back(run, new_run, monkeypatch):
    bin_ = Trash(run.parent)
    bin_.put(run)
    monkeypatch.setattr(trash.shutil, "rmtree", lambda path, **_: os.unlink(path / "run.json") or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bin_.empty()
    monkeypatch.undo()
    assert bin_.names() == []
    assert len(os.listdir(bin_.folder)) == 1
    Trash(run.parent).clear_leavings()
    assert os.listdir(bin_.folder) == []


def test_rows_in_the_cache_go_with_the_last_run_on_their_data(run, new_run, own_cache):
    runs, bin_ = run.parent, Trash(run.parent)
    other = json.loads((new_run(runs / "other") / "run.json").read_text())
    other["dataset"] |= {"sha256": "1" * 64}
    (runs / "other" / "run.json").write_text(json.dumps(other))
    new_run(runs / "b")
    kept = [cached("test", method=1, rows_of=data) for data in (["0" * 64], ["1" * 64], ["1" * 64, "0" * 64], [])]
    keys = [SectionJob(kind="compare", run=name, against="other").key(runs) for name in "ab"]
    for place in kept:
        place.write(1)
    for key in keys:
        write_part(key, "index", {}, [b"row"])
    for name, left in (("a", [1, 1, 1, 1]), ("b", [None, 1, None, 1])):
        bin_.put(runs / name)
        bin_.empty()
        assert [place.read() for place in kept] == left
    assert [part_names(key) for key in keys] == [[], []]
    assert [path.name.rpartition("-")[0] for path in own_cache.iterdir()] == ["test", "test"]


@pytest.mark.parametrize("name", ["", "..", "../a", "no", ".deleted-x", "a/b"])
def test_only_what_is_in_the_trash_is_taken_back(run, name):
    bin_ = Trash(run.parent)
    bin_.put(run)
    with pytest.raises(UnknownNameError):
        bin_.take_back(name)


@pytest.mark.parametrize("record", ["whole", "of another name of this machine", "damaged"])
def test_a_run_that_is_being_trained_is_not_deleted(tmp_path, new_run, record):
    running = new_run(tmp_path / "runs" / "a", status="running")
    said = json.loads((running / "run.json").read_text())
    said["process"]["host"] = socket.gethostname() if record == "whole" else "as-it-was-called-yesterday"
    (running / "run.json").write_text("{" if record == "damaged" else json.dumps(said))
    with (running / "history.jsonl").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(RunError):
            Trash(running.parent).put(running)
    Trash(running.parent).put(running)  # what its run.json says of a process is not true any more, or never was
    assert Trash(running.parent).names() == ["a"]


def test_a_trash_that_is_a_link_is_refused(run, tmp_path):
    precious = tmp_path / "precious"
    (precious / "thesis").mkdir(parents=True)
    (run.parent / ".trash").symlink_to(precious)
    bin_ = Trash(run.parent)
    assert bin_.names() == [], "nothing of what is elsewhere is listed"
    for act in (lambda: bin_.put(run), bin_.empty, lambda: bin_.take_back("thesis")):
        with pytest.raises(RunError):
            act()
    bin_.clear_leavings()
    assert (precious / "thesis").is_dir()
    assert run.is_dir()


def test_a_run_that_is_gone_meanwhile_says_so(run):
    bin_ = Trash(run.parent)
    shutil.rmtree(run)
    with pytest.raises(UnknownNameError):
        bin_.put(run)
