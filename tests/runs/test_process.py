"""Which process writes a run: real processes, numbers that are used again, other machines, and hostile records."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import psutil
import pytest
from pydantic import ValidationError

from cutaway.cli import main
from cutaway.runs import ProcessRecord, RunFolder, RunWriter, is_locked, process

DATASET = {"name": "toy", "sha256": "0" * 64, "shape": [4], "scale": 1.0, "class_names": ["a", "b"]}
MANIFEST = {"dataset": DATASET | {"origin": {"kind": "arrays"}}, "split": {}, "model": None, "config": {}, "seed": 0}

WRITES = """
import sys, json
from cutaway.runs import RunWriter
writer = RunWriter.create_at(sys.argv[1], manifest=json.loads(sys.argv[2]))
print("ready", flush=True)
sys.stdin.read()
"""


def start(path):
    """A process that writes a run until its stdin ends."""
    command = [sys.executable, "-c", WRITES, str(path), json.dumps(MANIFEST)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    return child


def record_of(path):
    return json.loads((path / "run.json").read_text())["process"]


def change_record(path, **fields):
    manifest = json.loads((path / "run.json").read_text())
    manifest["process"] = {**manifest["process"], **fields}
    (path / "run.json").write_text(json.dumps(manifest))


def test_a_process_that_is_killed_leaves_a_run_that_died(tmp_path):
    with start(tmp_path / "a") as child:
        assert record_of(tmp_path / "a")["pid"] == child.pid
        assert RunFolder.open(tmp_path / "a").state == "running"
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        # still a zombie, whose parent has not asked for it yet
        assert RunFolder.open(tmp_path / "a").state == "died"
    assert RunFolder.open(tmp_path / "a").state == "died"
    assert RunFolder.open(tmp_path / "a").status == "running"


def test_a_run_that_ended_names_no_process(tmp_path):
    writer = RunWriter.create_at(tmp_path / "a", manifest=MANIFEST)
    assert ProcessRecord.model_validate(record_of(tmp_path / "a")).alive
    writer.finish("stopped", why="canceled")
    assert record_of(tmp_path / "a") is None
    assert RunFolder.open(tmp_path / "a").state == "stopped"
    again = RunWriter.reopen(tmp_path / "a")
    again.begin()
    assert record_of(tmp_path / "a")["pid"] == os.getpid()
    again.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says when a process started")
@pytest.mark.parametrize(
    "change", [lambda ticks, boot: f"{int(ticks) - 1}@{boot}", lambda ticks, boot: f"{ticks}@other"]
)
def test_another_process_with_its_number_is_not_taken_for_it(tmp_path, change):
    with start(tmp_path / "a") as child:
        ticks, _, boot = record_of(tmp_path / "a")["started"].partition("@")
        change_record(tmp_path / "a", started=change(ticks, boot))
        assert RunFolder.open(tmp_path / "a").state == "died"
        change_record(tmp_path / "a", started=f"{ticks}@{boot}")
        assert RunFolder.open(tmp_path / "a").state == "running"
        child.kill()


def test_a_process_of_another_machine_is_not_judged(tmp_path):
    with start(tmp_path / "a") as child:
        child.kill()
    change_record(tmp_path / "a", host="elsewhere")
    assert ProcessRecord.model_validate(record_of(tmp_path / "a")).alive is None
    assert RunFolder.open(tmp_path / "a").state == "running"


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_say_when_a_process_started(monkeypatch, platform):
    """What psutil and ps say there, as they say it on Linux; a signal 0 would be Ctrl-C on Windows."""
    monkeypatch.setattr(process, "sys", SimpleNamespace(platform=platform))
    monkeypatch.setattr(process.os, "kill", lambda *_: pytest.fail("a signal was sent"))
    record = ProcessRecord.current()
    assert record.started is not None
    assert record.alive
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    assert record.alive
    assert record.model_copy(update={"started": "Tue Dec  1 00:00:00 2020"}).alive is False
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        other = ProcessRecord(pid=child.pid, host=record.host, started=process._started(child.pid))
        assert other.alive
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert platform == "win32" or other.alive is False, "a zombie, which Windows does not have"
    assert other.alive is False


def test_a_process_without_a_start_is_not_judged_and_sent_nothing(monkeypatch):
    monkeypatch.setattr(process.os, "kill", lambda *_: pytest.fail("a signal was sent"))
    assert ProcessRecord(pid=os.getpid(), host=ProcessRecord.current().host).alive is None


def test_ps_says_the_same_start_as_psutil():
    started = datetime.strptime(process._started_by_ps(os.getpid()), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    assert abs(started.timestamp() - psutil.Process().create_time()) < 2


def test_where_a_system_does_not_answer_a_process_is_not_called_dead(monkeypatch, caplog):
    record = ProcessRecord.current()
    monkeypatch.setattr(process, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setenv("PATH", "")
    with caplog.at_level("DEBUG", logger="cutaway"):
        assert record.alive is None
    assert ProcessRecord.current().started is None
    monkeypatch.setattr(process, "sys", SimpleNamespace(platform="win32"))

    def refused(pid):
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(psutil, "Process", refused)
    assert record.alive is None
    assert ProcessRecord.current().started is None


def test_a_program_whose_name_looks_like_its_state_is_read_right(tmp_path):
    name = tmp_path / "x) Z 1 ("
    name.symlink_to("/bin/sleep")
    with subprocess.Popen([name, "60"]) as child:
        assert process._started(child.pid) is not None
        child.kill()


@pytest.mark.parametrize(
    "record",
    [
        {"pid": 0, "host": "x"},
        {"pid": -1, "host": "x"},
        {"pid": 2**40, "host": "x"},
        {"pid": "1; rm", "host": "x"},
        {"pid": True, "host": ["x"]},
        {"pid": 1, "host": "x" * 300},
        {"pid": 1},
        [],
        "1",
        1,
    ],
)
def test_a_record_that_is_wrong_is_left_out_and_said(tmp_path, record):
    with pytest.raises(ValidationError):
        ProcessRecord.model_validate(record)
    RunWriter.create_at(tmp_path / "a", manifest=MANIFEST).close()
    manifest = json.loads((tmp_path / "a" / "run.json").read_text()) | {"process": record}
    (tmp_path / "a" / "run.json").write_text(json.dumps(manifest))
    folder = RunFolder.open(tmp_path / "a")
    assert folder.state == "running"
    assert "process" in folder.manifest.damaged


def test_the_command_line_says_that_a_run_died(tmp_path, capsys):
    with start(tmp_path / "a") as child:
        child.kill()
    with pytest.raises(SystemExit) as ended:
        main(["runs", str(tmp_path), "--json"])
    assert ended.value.code == 0
    assert [row["status"] for row in json.loads(capsys.readouterr().out)] == ["died"]
    with pytest.raises(SystemExit):
        main(["runs", str(tmp_path)])
    assert "died" in capsys.readouterr().out


def test_only_the_process_that_writes_a_run_holds_its_history(tmp_path):
    history = tmp_path / "a" / "history.jsonl"
    with start(tmp_path / "a") as child:
        record = ProcessRecord.model_validate(record_of(tmp_path / "a"))
        assert record.holds(history)
        ours = ProcessRecord.current()
        assert not ours.holds(history)
        with history.open():  # we have it open, and somebody else has locked it
            assert ours.alive
            assert not ours.model_copy(update={"pid": os.getppid(), "started": None}).holds(history)
        child.stdin.close()
        child.wait()
        assert not record.holds(history)
    with history.open():
        assert not ours.holds(history)  # open, but not locked
    assert not ours.holds(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    assert not is_locked(tmp_path / "pipe")
