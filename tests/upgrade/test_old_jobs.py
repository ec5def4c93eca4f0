"""Trainings that waited when cutaway was upgraded: they run, or say in one line why not, and the others go on."""

import sys
import time
from pathlib import Path

import pytest

from cutaway.jobs import JobQueue, Scheduler
from cutaway.jobs.trainings import files, signature
from cutaway.runs import RunFolder

ASKED_FOR = "20261119"
"""How the ids of the trainings of cff6a6c5 begin."""

WRITTEN_IN = Path("/tmp/old/runs/.studio/jobs")


@pytest.fixture
def queue(runs):
    """The queue, whose trainings of cff6a6c5 are signed again: the runs lie in another folder, for another user."""
    queue = JobQueue(runs)
    for path in queue.folder.glob(f"{ASKED_FOR}-*"):
        (path / files.SIGNATURE).write_text(signature.sign(path, (path / files.JOB).read_bytes()))
    return queue


@pytest.mark.skipif(sys.platform == "win32", reason="the path that was signed is one of Linux")
def test_signatures_of_the_older_version_are_accepted(runs, tmp_path, monkeypatch):
    secret = (tmp_path / "secret").read_bytes()
    monkeypatch.setattr(signature, "_secret", lambda: secret)
    accepted = {
        path.name: signature.is_signature(
            (path / files.SIGNATURE).read_text(), WRITTEN_IN / path.name, (path / files.JOB).read_bytes()
        )
        for path in (runs / ".studio" / "jobs").iterdir()
    }
    assert accepted == {name: name.startswith(ASKED_FOR) for name in accepted}
    assert sum(accepted.values()) == 5


def test_all_are_listed_and_what_cannot_be_proved_is_refused_in_one_line(queue):
    rows = queue.rows()
    assert [row["state"] for row in rows] == ["failed", *["queued"] * 5]
    assert rows[0]["error"] == files.FOREIGN
    assert [row["kind"] for row in rows] == ["train", "train", "train", "like", "like", "resume"]


@pytest.mark.slow
def test_each_runs_or_says_why_not_and_the_queue_goes_on(queue, runs, digests):
    before = digests(runs)
    scheduler, end = Scheduler([(queue, lambda rows: None)], parallel=1), time.monotonic() + 180
    scheduler.start()
    try:
        while any(row["state"] not in ("ended", "failed", "died") for row in queue.rows()):
            assert time.monotonic() < end, queue.rows()
            time.sleep(0.1)
    finally:
        processes = [*scheduler._children, *filter(None, [scheduler._next])]
        scheduler.close()
        while any(process.alive for process in processes):
            assert time.monotonic() < end
            time.sleep(0.1)
    _, new, gone, again, relabeled, resumed = queue.rows()
    assert [row["state"] for row in queue.rows()[1:]] == ["ended", "failed", "ended", "ended", "ended"], queue.rows()
    assert "gone.csv" in gone["error"]
    assert "; next: " in gone["error"]
    assert "\n" not in gone["error"]
    assert {RunFolder.open(runs / row["run"]).status for row in (new, again, relabeled, resumed)} == {"finished"}
    assert RunFolder.open(runs / relabeled["run"]).manifest.dataset.relabeled == {"sample[3]": "5"}
    assert resumed["run"].split("-")[3] == "1128"
    after = digests(runs)
    changed = {name.split("-")[3] for name in before if before[name] != after.get(name)}
    assert changed == {"1128"}, "only the run that was resumed"
