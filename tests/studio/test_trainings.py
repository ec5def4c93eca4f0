"""Trainings of the studio are processes of their own, which outlive servers; what dies is said and can be resumed."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from cutaway.jobs import TrainingQueue
from cutaway.runs import RunFolder

pytestmark = pytest.mark.slow

DIGITS = {"kind": "train", "data": {"place": "bundled", "name": "digits"}, "form": {"hidden": [16]}}
LONG = {**DIGITS, "form": {"hidden": [256, 256]}, "settings": {"epochs": 3000, "patience": None}}


def start(studio, task):
    answer = studio.ask("/api/trainings", method="POST", body=task)
    assert answer.status == 200, answer.body
    return answer.json["id"]


def wait(studio, job, *states, seconds=120):
    """Wait until a job is in one of some states, and return its row."""
    end = time.monotonic() + seconds
    while True:
        row = studio.ask(f"/api/trainings/{job}").json
        if row["state"] in states:
            return row
        assert time.monotonic() < end, row
        time.sleep(0.1)


def wait_for_epochs(studio, job, count, seconds=120):
    """Wait until a job has trained some epochs, and return the folder of its run."""
    end = time.monotonic() + seconds
    while True:
        row = studio.ask(f"/api/trainings/{job}").json
        assert row["state"] in ("queued", "starting", "running"), row
        if row["run"] and len(RunFolder.open(studio.folder / row["run"]).history()) >= count:
            return studio.folder / row["run"]
        assert time.monotonic() < end, row
        time.sleep(0.1)


def snapshots(run):
    return {file.name: file.read_bytes() for file in sorted((run / "snapshots").iterdir())}


def test_a_wrong_setting_is_said_at_its_field_and_nothing_waits(in_process):
    studio = in_process()
    given = {"epochs": 0, "momentum": 0.5, "seed": 3, "class_weight": {"0": -2}}
    wrong = {**DIGITS, "settings": given, "form": {"hidden": [0], "dropout": 2}}
    body = json.dumps({"task": wrong}).encode()
    errors = studio.ask("/api/trainings/check", method="POST", body=body).json["errors"]
    assert set(errors) == {"epochs", "momentum", "hidden", "dropout", "class_weight"}
    assert studio.ask("/api/trainings", method="POST", body=json.dumps(wrong).encode()).status == 400
    assert studio.ask("/api/trainings").json["jobs"] == []


@pytest.mark.exhaustive
def test_resolved_settings_are_those_of_the_run(start_studio):
    studio = start_studio()
    question = {"task": DIGITS, "samples": 1797, "tested": 360}
    said = studio.ask("/api/trainings/check", method="POST", body=question).json["settings"]
    job = start(studio, {**DIGITS, "settings": {"epochs": 1}})
    row = wait(studio, job, "ended", "failed", "died")
    config = RunFolder.open(studio.folder / row["run"]).manifest.config
    assert {**said, "epochs": 1} == config


def test_trainings_wait_for_each_other_and_can_be_canceled(studio_of):
    studio = studio_of("queue")
    task = {**DIGITS, "settings": {"epochs": 30_000, "patience": None}}
    first, second, third = (start(studio, task) for _ in range(3))
    wait(studio, first, "running")
    rows = studio.ask("/api/trainings").json["jobs"]
    assert [(row["id"], row["state"], row["place"]) for row in rows[1:]] == [
        (second, "queued", 1),
        (third, "queued", 2),
    ]
    assert studio.ask(f"/api/trainings/{second}", method="DELETE").status == 200
    assert studio.ask(f"/api/trainings/{second}").json["state"] == "canceled"
    assert studio.ask(f"/api/trainings/{third}").json["place"] == 1
    assert studio.ask(f"/api/trainings/{third}", method="DELETE").status == 200
    assert studio.ask(f"/api/trainings/{first}", method="DELETE").status == 400  # it runs
    studio.ask(f"/api/trainings/{first}/stop", method="POST", body={})
    assert wait(studio, first, "ended", "died", "failed")["state"] == "ended"


@pytest.mark.exhaustive
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_what_was_stopped_or_killed_is_resumed_to_the_same_bytes(start_studio, how):
    studio = start_studio()
    task = {**DIGITS, "form": {"hidden": [256, 256]}, "settings": {"epochs": 40, "patience": None}}
    job = start(studio, task)
    run = wait_for_epochs(studio, job, 3)
    studio.ask(f"/api/runs/{run.name}/stop", method="POST", body={"kill": how == "kill"})
    assert wait(studio, job, "ended", "died", "failed")["state"] == ("died" if how == "kill" else "ended")
    assert studio.ask(f"/api/runs/{run.name}").json["state"] == ("died" if how == "kill" else "stopped")
    again = start(studio, {"kind": "resume", "run": run.name})
    assert wait(studio, again, "ended", "died", "failed")["state"] == "ended"
    assert studio.ask(f"/api/runs/{run.name}").json["state"] == "finished"
    whole = start(studio, {"kind": "like", "run": run.name})
    row = wait(studio, whole, "ended", "died", "failed")
    assert snapshots(run) == snapshots(studio.folder / row["run"])


@pytest.mark.exhaustive
def test_a_run_that_cannot_be_resumed_is_said_by_its_job(start_studio, new_run, tmp_path):
    new_run(tmp_path / "runs" / "stopped", done=1, status="stopped")  # it has no weights to go on with
    studio = start_studio(tmp_path / "runs")
    row = wait(studio, start(studio, {"kind": "resume", "run": "stopped"}), "ended", "died", "failed")
    assert (row["state"], row["run"]) == ("failed", None)
    assert row["error"]


@pytest.mark.exhaustive
def test_a_training_outlives_its_server_and_another_server_picks_it_up(start_studio):
    first = start_studio(None, "--parallel", "1")
    job, waiting = start(first, LONG), start(first, {**DIGITS, "settings": {"epochs": 1}})
    run = wait_for_epochs(first, job, 1)
    first.end(signal.SIGKILL)
    before = len(RunFolder.open(run).history())
    second = start_studio(None, "--parallel", "1")
    assert second.ask(f"/api/trainings/{job}").json["state"] == "running"
    assert second.ask(f"/api/trainings/{waiting}").json["state"] == "queued"
    wait_for_epochs(second, job, before + 3)
    second.ask(f"/api/runs/{run.name}/stop", method="POST", body={})
    assert wait(second, waiting, "ended", "died", "failed")["state"] == "ended"
    assert second.ask(f"/api/runs/{run.name}").json["state"] == "stopped"


@pytest.mark.exhaustive
def test_no_training_is_lost_or_done_twice_when_servers_are_killed(start_studio):
    """Each is killed while it starts what waits, and looks after what runs; one of three is told to train as well."""
    chance = random.Random(2)
    jobs = []
    for number in range(24):
        studio = start_studio(None, "--parallel", "2")
        if number % 3 == 0:
            jobs.append(start(studio, {**DIGITS, "settings": {"epochs": 2, "seed": len(jobs)}}))
        time.sleep(chance.random() * 0.6)
        studio.end(signal.SIGKILL)
    studio = start_studio(None, "--parallel", "2")
    rows = [wait(studio, job, "ended", "died", "failed", seconds=300) for job in jobs]
    assert [row["state"] for row in rows] == ["ended"] * len(jobs)
    end = time.monotonic() + 10  # the list may be a look behind the queue
    while {run["state"] for run in studio.ask("/api/runs").json["runs"]} != {"finished"}:
        assert time.monotonic() < end
        time.sleep(0.1)
    runs = studio.ask("/api/runs").json["runs"]
    assert sorted(run["id"] for run in runs) == sorted(row["run"] for row in rows)
    queue = TrainingQueue(studio.folder)
    queue.remove_leavings()  # as each server does at its start
    left = [file.name for folder in (studio.folder, queue.folder) for file in folder.rglob("*")]
    assert [name for name in left if name.endswith(".tmp")] == []


@pytest.mark.exhaustive
def test_of_two_studios_on_one_folder_one_starts_trainings_and_the_other_takes_over(start_studio):
    first, second = start_studio(None, "--parallel", "1"), start_studio(None, "--parallel", "1")
    jobs = [start(second, {**DIGITS, "settings": {"epochs": 1, "seed": seed}}) for seed in range(3)]
    wait(first, jobs[0], "running", "ended")
    first.end(signal.SIGKILL)
    rows = [wait(second, job, "ended", "died", "failed") for job in jobs]
    assert [row["state"] for row in rows] == ["ended"] * 3
    assert len({row["run"] for row in rows}) == 3


@pytest.mark.exhaustive
def test_a_training_of_a_terminal_is_seen_and_stopped(start_studio, tmp_path):
    studio = start_studio()
    program = "from cutaway.cli import main; main()"
    arguments = ["train", "digits", "--epochs", "3000", "--runs", str(studio.folder)]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=os.environ
    )
    try:
        end = time.monotonic() + 120
        while not (rows := studio.ask("/api/runs").json["runs"]) or rows[0]["epochs"] < 1:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        assert rows[0]["state"] == "running"
        assert studio.ask(f"/api/runs/{rows[0]['id']}/stop", method="POST", body={}).status == 200
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.communicate()
    assert studio.ask(f"/api/runs/{rows[0]['id']}").json["state"] == "stopped"
    assert studio.ask(f"/api/runs/{rows[0]['id']}/stop", method="POST", body={}).status == 400


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.exhaustive
def test_a_full_disk_is_said_and_a_server_goes_on(start_studio, small_disk):
    studio = start_studio(small_disk / "runs")
    big = {**DIGITS, "form": {"hidden": [512, 512]}}
    failed = wait(studio, start(studio, big), "failed", "died", "ended")
    assert failed["state"] == "failed"
    filling = small_disk / "filling"
    free = os.statvfs(small_disk)
    filling.write_bytes(bytes(free.f_bavail * free.f_frsize))
    failed = wait(studio, start(studio, DIGITS), "failed", "died", "ended")
    assert failed["state"] == "failed"
    filling.unlink()
    job = start(studio, {**DIGITS, "settings": {"epochs": 1}})
    assert wait(studio, job, "ended", "failed", "died")["state"] == "ended"


def test_a_function_of_python_is_refused_at_its_field(tmp_path):
    from cutaway.jobs import Training
    from cutaway.studio.training_form import check_training

    def errors(**task):
        task = Training(data="digits", **task)
        return check_training(task, runs=tmp_path, samples=1797, default="default")["errors"]

    ((field, said),) = errors(settings={"augment": "rotation=5, function=mine"}).items()
    assert (field, "mine" in said) == ("augment", True)
    assert set(errors(form={"batch_norm": "maybe", "ensemble": 0})) == {"batch_norm", "ensemble"}
    assert len(errors(form={"batch_norm": True, "ensemble": 2})) == 1
