"""Folders from a stranger, with anything in them: nothing outside is touched, and the studio goes on."""

import http.client
import json
import os
import socket
import subprocess
import time

import pytest

from cutaway.jobs import QueuedTraining
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
    studio = in_process()
    held = os.open(run / "history.jsonl", os.O_RDWR)
    assert studio.ask("/api/runs/a/stop", method="POST", body=json.dumps({"kill": kill}).encode()).status == 400
    os.close(held)
    with pytest.raises(subprocess.TimeoutExpired):
        bystander.wait(0.2)
    assert studio.ask("/api/runs/a", method="DELETE").json == {"trash": ["a"]}


def states(studio):
    return {row["id"]: row["state"] for row in studio.ask("/api/trainings").json["jobs"]}


def test_trainings_in_a_folder_of_runs_are_neither_listed_nor_started(in_process, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr("cutaway.jobs.trainings.RunnerProcess", lambda *_, **__: started.append(1))
    job = tmp_path / "runs" / ".studio" / "jobs" / "a"
    job.mkdir(parents=True)
    task = {"kind": "train", "data": "digits", "settings": {"epochs": 1}}
    (job / "job.json").write_text(QueuedTraining.model_validate({"created": 1.0, "task": task}).model_dump_json())
    studio = in_process()
    studio.app.state.manager.trainings.look()
    assert (states(studio), started) == ({}, [])
    assert [file.name for file in job.iterdir()] == ["job.json"]


def test_pipes_links_and_names_that_are_no_text_hold_nobody_up(start_studio, new_run, tmp_path):
    runs = tmp_path / "runs"
    new_run(runs / "a")
    deep = "[" * 100_000
    (runs / "deep").mkdir()
    (runs / "deep" / "run.json").write_text(deep)
    os.mkfifo(runs / "deep" / "title.txt")
    (runs / "pipe").mkdir()
    os.mkfifo(runs / "pipe" / "run.json")
    uploads = runs / ".studio" / "uploads"
    uploads.mkdir(parents=True)
    for folder in (uploads, runs / ".trash", runs):
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
    found = {row["id"]: row["state"] for row in listed["runs"]}
    assert found == {"a": "finished", "deep": "damaged", "pipe": "damaged"}
    assert listed["trash"] == []
    assert studio.ask("/api/data").json["uploads"] == []
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


@pytest.mark.parametrize("linked", [".studio", ".studio/uploads"])
def test_what_a_link_leads_to_is_neither_shown_nor_written(in_process, tmp_path, linked):
    outside = tmp_path / "outside"
    (outside / "uploads").mkdir(parents=True)
    (outside / "taxes.csv").write_text("a,b\n1,2\n")
    (outside / "uploads" / "taxes.csv").write_text("a,b\n1,2\n")
    before = sorted(outside.rglob("*"))
    studio = in_process()
    link = tmp_path / "runs" / linked
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    assert studio.ask("/api/data").json["uploads"] == []
    assert studio.ask("/api/uploads/taxes.csv", method="DELETE").status == 404
    assert studio.ask("/api/uploads/new.csv", method="PUT", body=b"a,b\n1,2\n").status == 409
    assert studio.ask_for("survey", data={"place": "upload", "name": "taxes.csv"}).status == 404
    assert sorted(outside.rglob("*")) == before


@pytest.mark.parametrize("counts", [[1], "x", {"train": "x", "val": [1]}, {"train": -1, "val": True}, 7])
def test_counts_of_samples_that_are_none_are_left_out(in_process, new_run, tmp_path, counts):
    new_run(tmp_path / "runs" / "a", split={"counts": counts})
    studio = in_process()
    assert studio.ask("/api/runs/a").json["samples"] is None
    assert studio.ask("/api/runs/a/settings").json["samples"] is None
