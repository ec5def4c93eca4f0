"""Folders from a stranger, with anything in them: nothing outside is touched, and the studio goes on."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time

import pytest

from cutaway.errors import RunError
from cutaway.jobs import JobQueue, QueuedTraining, Training
from cutaway.runs import process


@pytest.fixture
def bystander():
    """A process of ours that has nothing to do with a training."""
    child = subprocess.Popen(["sleep", "600"])
    yield child
    child.kill()
    child.wait()


@pytest.mark.parametrize("kill", [False, True])
@pytest.mark.parametrize("exact", [False, True])
def test_no_record_lets_a_person_stop_a_process_that_does_not_train(
    in_process, new_run, tmp_path, bystander, kill, exact
):
    run = new_run(tmp_path / "runs" / "a", status="running")
    record = json.loads((run / "run.json").read_text())
    started = process._started(bystander.pid) if exact else None
    record["process"] = {"pid": bystander.pid, "host": socket.gethostname(), "started": started}
    (run / "run.json").write_text(json.dumps(record))
    job = tmp_path / "runs" / ".studio" / "jobs" / "b"
    job.mkdir(parents=True)
    (job / "job.json").write_text(json.dumps({"created": 1.0, "task": {"kind": "resume", "run": "a"}}))
    (job / "status.json").write_text(json.dumps({"state": "running", "process": record["process"]}))
    studio = in_process()
    held = os.open(run / "history.jsonl", os.O_RDWR)
    for path in ("/api/runs/a/stop", "/api/trainings/b/stop"):
        assert studio.ask(path, method="POST", body=json.dumps({"kill": kill}).encode()).status == 400
    os.close(held)
    with pytest.raises(subprocess.TimeoutExpired):
        bystander.wait(0.2)
    assert studio.ask("/api/runs/a", method="DELETE").json == {"trash": ["a"]}


RESUME = {"created": 1.0, "task": {"kind": "resume", "run": "a"}}


def write_job(runs, name, job=RESUME, **status):
    """Write a job as a stranger would."""
    path = runs / ".studio" / "jobs" / name
    path.mkdir(parents=True)
    (path / "job.json").write_text(job if isinstance(job, str) else json.dumps(job))
    if status:
        (path / "status.json").write_text(json.dumps(status))
    return path


def states(studio):
    return {row["id"]: row["state"] for row in studio.ask("/api/trainings").json["jobs"]}


@pytest.fixture
def strange(tmp_path, monkeypatch):
    """The names of jobs that a stranger has put into the folder of runs, or that were asked for in another folder."""
    runs, table = tmp_path / "runs", tmp_path / "mine.csv"
    table.write_text("a,label\n" + "".join(f"{i},{i % 2}\n" for i in range(60)))
    task = {"kind": "train", "data": str(table), "options": {"label": "label"}, "settings": {"epochs": 1}}
    write_job(runs, "a", {"created": 1.0, "task": task})
    write_job(runs, "b", {"created": 1.0, "task": task}, state="starting", attempts=1)
    with monkeypatch.context() as theirs:
        theirs.setenv("XDG_CACHE_HOME", str(tmp_path / "their-cache"))
        given = JobQueue(runs).add(QueuedTraining(created=3.0, task=Training(data="digits")))  # asked for by another
    good = JobQueue(tmp_path / "other").add(QueuedTraining(created=2.0, task=Training(data="digits")))
    (tmp_path / "other" / ".studio" / "jobs" / good).rename(runs / ".studio" / "jobs" / "c")  # marked for another id
    return ("a", "b", "c", given)


def test_a_job_that_came_with_the_folder_is_listed_as_failed_and_starts_no_process(
    in_process, strange, tmp_path, monkeypatch
):
    started = []
    monkeypatch.setattr("cutaway.jobs.trainings.scheduler.RunnerProcess", lambda *_, **__: started.append(1))
    studio = in_process()
    studio.app.state.scheduler.look()
    assert states(studio) == dict.fromkeys(strange, "failed")
    assert started == []
    assert not list((tmp_path / "runs").rglob("log.txt"))


@pytest.mark.exhaustive
def test_beside_jobs_that_came_with_the_folder_others_are_trained(start_studio, strange, tmp_path):
    studio = start_studio()
    asked = {"kind": "train", "data": {"place": "bundled", "name": "digits"}, "settings": {"epochs": 1}}
    job = studio.ask("/api/trainings", method="POST", body=asked).json["id"]
    end = time.monotonic() + 120
    while (state := states(studio)[job]) != "ended":
        assert state in ("queued", "starting", "running")
        assert time.monotonic() < end
        time.sleep(0.1)
    assert states(studio) == dict.fromkeys(strange, "failed") | {job: "ended"}
    while len(runs := studio.ask("/api/runs").json["runs"]) != 1:  # it may be a look behind the queue
        assert time.monotonic() < end, runs
        time.sleep(0.1)


def test_another_studio_of_the_same_user_starts_what_waits(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    name = JobQueue(tmp_path).add(QueuedTraining(created=1.0, task=Training(data="digits")))
    program = "import sys, pathlib; from cutaway.jobs import JobQueue; "
    program += "print(JobQueue(pathlib.Path(sys.argv[1])).rows()[0]['state'])"
    command = [sys.executable, "-c", program, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "queued\n"
    other = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "another")}
    assert subprocess.run(command, capture_output=True, text=True, check=True, env=other).stdout == "failed\n"
    secret = tmp_path / "cache" / "cutaway" / "studio" / "secret"
    assert (secret.stat().st_mode & 0o777, secret.stat().st_size) == (0o600, 32)
    (tmp_path / ".studio" / "jobs" / name / "job.json").write_text(json.dumps(RESUME))
    assert JobQueue(tmp_path).rows()[0]["state"] == "failed"


def test_pipes_links_and_names_that_are_no_text_hold_nobody_up(start_studio, new_run, tmp_path):
    runs = tmp_path / "runs"
    new_run(runs / "a")
    os.mkfifo(write_job(runs, "p1", state="ended", exit=0) / "log.txt")
    for name, file in (("p2", "job.json"), ("p3", "status.json"), ("p4", "lock"), ("p5", "seal"), ("p6", "log.txt")):
        path = write_job(runs, name, state="running")
        (path / file).unlink(missing_ok=True)
        os.mkfifo(path / file)
    (write_job(runs, "p7") / "lock").symlink_to(tmp_path / "made")
    deep = "[" * 100_000
    for name, job in (("d1", deep), ("d2", '{"created": NaN, ' + json.dumps(RESUME)[16:])):
        write_job(runs, name, job, state="canceled")
    write_job(runs, "d3", state="running", attempts=2, process={"pid": 7, "host": "x"})
    (runs / "deep").mkdir()
    (runs / "deep" / "run.json").write_text(deep)
    os.mkfifo(runs / "deep" / "title.txt")
    (runs / "pipe").mkdir()
    os.mkfifo(runs / "pipe" / "run.json")
    uploads = runs / ".studio" / "uploads"
    uploads.mkdir()
    for folder in (runs / ".studio" / "jobs", runs / ".trash", runs):
        os.makedirs(os.fsencode(folder) + b"/\xff")
    open(os.fsencode(uploads) + b"/\xff.csv", "w").close()
    os.mkfifo(uploads / "pipe.csv")
    studio = start_studio(runs)
    page = http.client.HTTPConnection(studio.host, studio.port)  # with an open page, everything is told as well
    page.request("GET", "/api/events", headers={"cookie": studio.cookie})
    told = page.getresponse()
    told.readline()
    end = time.monotonic() + 20
    while len((listed := studio.ask("/api/runs").json)["runs"]) != 3 or listed["unread"]:
        assert time.monotonic() < end, listed
        time.sleep(0.1)
    expected = {f"p{k}": "died" for k in range(1, 8)} | {"p1": "ended", "p2": "failed", "p3": "failed", "p7": "failed"}
    assert states(studio) == expected | {"d1": "failed", "d2": "failed", "d3": "died"}
    found = {row["id"]: row["state"] for row in listed["runs"]}
    assert found == {"a": "finished", "deep": "damaged", "pipe": "damaged"}
    assert listed["trash"] == []
    assert studio.ask("/api/data").json["uploads"] == []
    assert studio.ask("/api/trainings/p7", method="DELETE").status == 200
    assert not (tmp_path / "made").exists()
    assert studio.ask("/api/runs/a", method="DELETE").json == {"trash": ["a"]}
    told.close()
    page.close()
    asked = {"kind": "resume", "run": "pipe"}
    job = studio.ask("/api/trainings", method="POST", body=asked).json["id"]
    end = time.monotonic() + 60
    while states(studio)[job] != "failed":  # whoever starts jobs is still there
        assert time.monotonic() < end
        time.sleep(0.1)
    assert studio.end() == (0, "")


@pytest.mark.parametrize("linked", [".studio", ".studio/uploads", ".studio/jobs"])
def test_what_a_link_leads_to_is_neither_shown_nor_written(in_process, tmp_path, linked):
    outside = tmp_path / "outside"
    (outside / "uploads").mkdir(parents=True)
    (outside / "jobs").mkdir()
    (outside / "taxes.csv").write_text("a,b\n1,2\n")
    (outside / "uploads" / "taxes.csv").write_text("a,b\n1,2\n")
    before = sorted(outside.rglob("*"))
    studio = in_process()
    link = tmp_path / "runs" / linked
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    if linked != ".studio/jobs":
        assert studio.ask("/api/data").json["uploads"] == []
        assert studio.ask("/api/uploads/taxes.csv", method="DELETE").status == 404
        assert studio.ask("/api/uploads/new.csv", method="PUT", body=b"a,b\n1,2\n").status == 409
        assert studio.ask_for("survey", data={"place": "upload", "name": "taxes.csv"}).status == 404
    if linked != ".studio/uploads":
        with pytest.raises(RunError):
            JobQueue(tmp_path / "runs").add(QueuedTraining(created=1.0, task=Training(data="digits")))
        assert JobQueue(tmp_path / "runs").rows() == []
    assert sorted(outside.rglob("*")) == before


@pytest.mark.parametrize("counts", [[1], "x", {"train": "x", "val": [1]}, {"train": -1, "val": True}, 7])
def test_counts_of_samples_that_are_none_are_left_out(in_process, new_run, tmp_path, counts):
    new_run(tmp_path / "runs" / "a", split={"counts": counts})
    studio = in_process()
    assert studio.ask("/api/runs/a").json["samples"] is None
    assert studio.ask("/api/runs/a/settings").json["samples"] is None
