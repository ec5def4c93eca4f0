"""Folders from a stranger, with anything in them: nothing outside is touched, and the studio goes on."""

import json
import os
import socket
import subprocess

import pytest

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
        answer = studio.ask(path, method="POST", body=json.dumps({"kill": kill}).encode())
        assert answer.status == 400
        assert answer.json["error"].startswith("only a process that trains is stopped; got process")
    os.close(held)
    with pytest.raises(subprocess.TimeoutExpired):
        bystander.wait(0.2)
    assert studio.ask("/api/runs/a", method="DELETE").json == {"trash": ["a"]}
