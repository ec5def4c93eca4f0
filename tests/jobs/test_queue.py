"""The queue of trainings on disk, without any process."""

import json
import os
import re
import shutil
import stat
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from cutaway.errors import RunError, UnknownNameError, UsageError
from cutaway.jobs import Form, QueuedTraining, Training, TrainingQueue, Trainings
from cutaway.jobs import training_queue as module
from cutaway.jobs.training_queue import OTHER_VERSION, Status, write_status
from cutaway.runs import ProcessRecord, is_locked, take_lock
from cutaway.studio.training_form import check_training, form_fields
from cutaway.training import TrainingConfig


def job(created=1000.0, **fields):
    return QueuedTraining(created=created, task=Training(data="digits", **fields))


def test_what_was_added_is_there_for_another_server(tmp_path):
    name = TrainingQueue(tmp_path).add(job(form=Form(hidden=(3,)), settings={"epochs": 2}))
    other = TrainingQueue(tmp_path)
    assert [(row["id"], row["state"]) for row in other.rows()] == [(name, "queued")]
    assert other.job(name).task.form.hidden == (3,)


def test_of_several_threads_one_at_a_time_looks_at_the_jobs(tmp_path, monkeypatch):
    queue, looking, most = TrainingQueue(tmp_path), [], []
    queue.add(job())
    look_at = queue._row

    def look_slowly(name):
        looking.append(name)
        most.append(len(looking))
        time.sleep(0.05)
        looking.pop()
        return look_at(name)

    monkeypatch.setattr(queue, "_row", look_slowly)
    threads = [threading.Thread(target=queue.rows) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


def test_a_clock_that_is_set_back_loses_nothing(tmp_path):
    queue = TrainingQueue(tmp_path)
    names = {queue.add(job(created)) for created in (2000.0, 1000.0, 1000.0)}
    assert {row["id"] for row in queue.rows()} == names
    assert len(names) == 3


def test_a_held_lock_is_seen_and_a_closed_one_is_free(tmp_path):
    file = tmp_path / "lock"
    assert not is_locked(file)
    lock = take_lock(file)
    assert is_locked(file)
    assert take_lock(file) is None
    os.close(lock)
    assert not is_locked(file)


def test_a_job_that_has_begun_is_not_canceled(tmp_path):
    queue = TrainingQueue(tmp_path)
    name = queue.add(job())
    lock = take_lock(queue.path(name) / "lock")
    with pytest.raises(UsageError):
        queue.cancel(name)
    os.close(lock)
    queue.cancel(name)
    assert queue.rows()[0]["state"] == "canceled"


@pytest.mark.parametrize("name", ["..", "../..", "/etc", "", ".", "x\0y"])
def test_ids_are_no_paths(tmp_path, name):
    queue = TrainingQueue(tmp_path)
    queue.add(job())
    with pytest.raises(UnknownNameError):
        queue.forget(name)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"created": 1, "task": {"kind": "train"}}', "\0" * 50])
def test_a_damaged_job_is_said_and_the_others_go_on(tmp_path, content):
    queue = TrainingQueue(tmp_path)
    first, second = queue.add(job(1.0)), queue.add(job(2.0))
    (queue.path(first) / "job.json").write_text(content)
    rows = TrainingQueue(tmp_path).rows()
    assert [(row["id"], row["state"]) for row in rows] == [(first, "failed"), (second, "queued")]
    assert "job.json" in rows[0]["error"]


@pytest.mark.parametrize("changed", [{}, {"task": {"kind": "merge"}}], ids=["known task", "unknown task"])
def test_a_training_of_another_version_is_refused_in_one_line_and_the_others_go_on(tmp_path, monkeypatch, changed):
    begun = []
    process = SimpleNamespace(alive=True, send=lambda name, _: begun.append(name), close=lambda: None)
    monkeypatch.setattr("cutaway.jobs.trainings.RunnerProcess", lambda *_, **__: process)
    trainings, queue = Trainings(parallel=3), TrainingQueue(tmp_path)
    trainings.watch(queue, lambda rows: None)
    other, ended, second = (queue.add(job(float(k))) for k in range(3))
    for name in (other, ended):
        file = queue.path(name) / "job.json"
        record = json.loads(file.read_text()) | {"version": "9.1.0"} | (changed if name == other else {})
        file.write_text(json.dumps(record))
    write_status(queue.path(ended), Status(state="ended", exit=0))
    trainings.look()
    trainings.close()
    assert begun == [second]
    rows = queue.rows()
    assert [row["state"] for row in rows[:2]] == ["failed", "ended"]
    assert ("job.json" in rows[0]["error"]) == bool(changed), "otherwise it is the version"
    assert changed or rows[0]["error"] == OTHER_VERSION


def test_a_state_that_is_not_known_starts_nothing_and_stays(tmp_path):
    queue = TrainingQueue(tmp_path)
    status = queue.path(queue.add(job())) / "status.json"
    status.write_text('{"state": "paused", "until": 5}')
    (row,) = queue.rows()
    assert (row["state"], "status.json" in row["error"]) == ("failed", True)
    queue.tidy()
    assert status.read_text() == '{"state": "paused", "until": 5}'


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path):
    queue = TrainingQueue(tmp_path)
    lost, dead = (queue.path(queue.add(job())) for _ in range(2))
    write_status(dead, Status(state="running"))
    os.mkfifo(lost / "status.json")
    os.mkfifo(dead / "log.txt")
    assert {row["state"]: "status.json" in row["error"] for row in queue.rows()} == {"failed": True, "died": False}


def test_a_queue_is_private_and_outlives_the_folder_of_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    queue = TrainingQueue(tmp_path / "runs")
    name = queue.add(job())
    assert queue.folder.is_relative_to(tmp_path / "state" / "cutaway")
    assert stat.S_IMODE(queue.folder.stat().st_mode) == 0o700
    assert list((tmp_path / "runs").iterdir()) == [], "a folder that is shared holds no commands"
    shutil.rmtree(tmp_path / "runs")
    assert [row["id"] for row in TrainingQueue(tmp_path / "runs").rows()] == [name]
    assert TrainingQueue(tmp_path / "other").rows() == []
    (tmp_path / "runs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "runs")
    assert [row["id"] for row in TrainingQueue(tmp_path / "link").rows()] == [name]


def test_a_queue_into_which_others_may_write_is_not_used(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    queue = TrainingQueue(tmp_path / "runs")
    queue.add(job())
    queue.folder.chmod(0o777)
    other = TrainingQueue(tmp_path / "runs")
    assert other.rows() == []
    with pytest.raises(RunError):
        other.add(job())


def test_without_a_folder_of_the_user_nothing_waits_and_the_error_says_what_to_set(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    queue = TrainingQueue(tmp_path / "runs")
    assert queue.rows() == []
    with pytest.raises(RunError, match="XDG_STATE_HOME"):
        queue.add(job())


@pytest.mark.parametrize("system", ["linux", "win32"])
def test_the_folder_of_the_user_is_where_the_system_keeps_state(monkeypatch, system):
    monkeypatch.setattr(module, "sys", SimpleNamespace(platform=system))
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert module.state_folder() == Path("/local/cutaway" if system == "win32" else "/state/cutaway")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.delenv("LOCALAPPDATA")
    monkeypatch.setenv("HOME", "/home/ada")
    assert module.state_folder().is_relative_to("/home/ada")


def test_what_a_killed_process_left_half_written_is_removed_by_the_next_server(tmp_path):
    queue = TrainingQueue(tmp_path)
    held, free = (queue.path(queue.add(job())) for _ in range(2))
    for path in (held, free):
        (path / ".status.json.0123abcd.tmp").touch()
    making = queue.folder / ".x.making"
    making.mkdir()
    os.utime(making, (0, 0))
    lock = take_lock(held / "lock")
    queue.remove_leavings()
    os.close(lock)
    assert (list(held.glob(".*.tmp")) != [], list(free.glob(".*.tmp")), making.exists()) == (True, [], False)


def test_only_the_newest_jobs_that_ended_are_kept_while_a_studio_is_open(tmp_path, monkeypatch):
    monkeypatch.setattr("cutaway.jobs.training_queue.KEPT", 2)
    queue, names = TrainingQueue(tmp_path), []
    for created in range(5):
        names.append(queue.add(job(float(created))))
        queue.cancel(names[-1])
    assert [row["id"] for row in queue.rows()] == names[2:]
    queue.tidy()
    assert [row["id"] for row in queue.rows()] == names[3:]


def test_a_process_that_dies_before_it_can_say_anything_is_started_twice_at_most(tmp_path):
    queue = TrainingQueue(tmp_path)
    name = queue.add(job())
    status = queue.path(name) / "status.json"
    status.write_text(json.dumps({"state": "starting", "attempts": 1}))
    assert queue.rows()[0]["state"] == "queued"
    status.write_text(json.dumps({"state": "starting", "attempts": 2}))
    (queue.path(name) / "log.txt").write_text("Traceback\nMemoryError: \x1b[31mno\n")
    row = queue.rows()[0]
    assert row["state"] == "died"
    assert row["error"].endswith(r"MemoryError: \x1b[31mno")


def test_no_path_is_told_to_a_page(tmp_path):
    queue = TrainingQueue(tmp_path)
    queue.add(
        QueuedTraining(
            created=1.0, task=Training(data="/home/ada/secret/iris.csv", options={"test": "/home/ada/test.csv"})
        )
    )
    assert "ada" not in json.dumps(queue.rows())


def test_the_form_has_every_setting_with_its_help_and_its_limits():
    fields = {field["name"]: field for field in form_fields()["settings"]}
    assert set(fields) == set(TrainingConfig.model_fields)
    assert fields["epochs"]["kind"] == "whole"
    assert [re.findall(r"[\d,]*\d", fields[name]["limits"]) for name in ("epochs", "label_smoothing")] == [
        ["1", "1,000,000"],
        ["0", "1"],
    ]
    assert fields["optimizer"]["choices"] == ["sgd", "adam", "adamw"]
    assert fields["patience"]["optional"]
    assert all(field["help"] for field in fields.values())


def test_what_is_checked_is_what_the_library_refuses(tmp_path):
    said = check_training(Training(data="digits", settings={"lr": 1, "epochs": "5"}), runs=tmp_path)
    assert set(said["errors"]) == {"lr", "epochs"}
    assert "learning_rate" in said["errors"]["lr"]
    both = check_training(
        Training(data="digits", settings={"optimizer": "sgd", "momentum": 0.9, "loss": "quadratic"}), runs=tmp_path
    )
    assert set(both["errors"]) == {"loss"}


def test_before_data_are_read_nothing_is_said_that_depends_on_them(tmp_path):
    def checked(data, **known):
        return check_training(Training(data=data, settings={"batch_size": 64}), runs=tmp_path, **known)

    of_table = checked("/data/churn.csv")
    assert of_table["recipe"] == "table"
    assert (of_table["form"]["hidden"], of_table["settings"]["patience"]) == ((128, 128), 10)
    assert [of_table["settings"][name] for name in ("epochs", "batch_size", "validation")] == ["auto", 64, "auto"]
    assert checked("/data/churn.csv", samples=1_000)["settings"]["validation"] == 0.25
    assert checked("/data/images")["recipe"] == checked("digits")["recipe"] == "default"
    assert checked("/data/churn.csv", samples=1_000, default="default")["recipe"] == "default"  # as what was read says
    of_photos = checked("/data/images", samples=1_000, default="photos")
    assert (of_photos["recipe"], of_photos["form"]["batch_norm"]) == ("photos", True)
    members = Training(data="/data/images", form=Form(ensemble=2))
    of_members = check_training(members, runs=tmp_path, samples=1_000, default="photos")
    assert (of_members["errors"], of_members["recipe"], of_members["form"]["batch_norm"]) == ({}, "default", False)
    lesson = check_training(Training(data="digits", form=Form(recipe="lesson")), runs=tmp_path)
    assert (lesson["recipe"], lesson["settings"]["epochs"]) == ("lesson", 2)


def test_thousands_of_jobs_that_died_cost_one_look_at_the_runs(tmp_path, monkeypatch):
    read = []
    found = {ProcessRecord(pid=7, host="x").model_dump_json(): "a-run"}
    monkeypatch.setattr("cutaway.jobs.training_queue.runs_by_process", lambda runs: read.append(runs) or found)
    queue = TrainingQueue(tmp_path)
    for _ in range(50):
        status = {"state": "running", "attempts": 2, "process": {"pid": 7, "host": "x"}}
        (queue.path(queue.add(job())) / "status.json").write_text(json.dumps(status))
    read.clear()
    rows = TrainingQueue(tmp_path).rows()
    assert {(row["state"], row["run"]) for row in rows} == {("died", "a-run")}
    assert len(read) == 1


def test_a_training_that_ends_while_it_is_looked_at_has_not_died(tmp_path, monkeypatch):
    queue = TrainingQueue(tmp_path)
    name = queue.add(QueuedTraining(created=1.0, task=Training(data="digits")))
    write_status(queue.path(name), Status(state="running", attempts=1))
    looks = []

    def end_and_look(lock):
        looks.append(lock)
        write_status(queue.path(name), Status(state="ended", attempts=1, exit=0, run="a"))
        return False

    monkeypatch.setattr(module, "is_locked", end_and_look)
    (row,) = queue.rows()
    assert (row["state"], row["run"], row["error"]) == ("ended", "a", None)
    assert len(looks) == 2


def test_a_job_whose_lock_is_something_else_is_not_canceled_and_says_so(tmp_path):
    queue = TrainingQueue(tmp_path)
    name = queue.add(job())
    (queue.path(name) / "lock").mkdir()
    with pytest.raises(RunError):
        queue.cancel(name)
