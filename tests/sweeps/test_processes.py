"""Sweeps by real processes: several workers on one journal, killed, interrupted, and continued."""

import json
import os
import signal
import sys

import pytest

import cutaway as ct
from cutaway.runs import RunFolder

SPACE = {"learning_rate": {"low": 0.001, "high": 0.03, "log": True}, "dropout": {"low": 0.0, "high": 0.5}}
SETTINGS = ("--hidden", "16", "--epochs", "2", "--trials", "6")


@pytest.fixture
def space(tmp_path):
    file = tmp_path / "space.json"
    file.write_text(json.dumps(SPACE))
    return file


def kept(folder):
    """What must be the same in two sweeps."""
    found = ct.open_sweep(folder)
    return [(t.number, t.state, dict(t.settings), t.val_loss, dict(t.losses)) for t in found.trials]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    runs = tmp_path_factory.mktemp("whole")
    return ct.sweep("digits", space=SPACE, hidden=(16,), epochs=2, trials=6, runs=runs, progress=False)


@pytest.mark.exhaustive
def test_the_same_seed_and_one_worker_give_the_same_trials(uninterrupted, begin, space, tmp_path):
    child = begin("sweep", "digits", "--space", space, *SETTINGS, "--runs", tmp_path / "runs")
    _, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    assert kept(tmp_path / "runs" / "sweep-digits") == kept(uninterrupted.folder)
    assert err.count("\ntrial ") + err.startswith("trial ") == 6


@pytest.mark.exhaustive
def test_killed_and_continued_it_ends_as_one_that_was_not(uninterrupted, begin, until, space, tmp_path):
    folder = tmp_path / "runs" / "sweep-digits"
    for trial in (1, 3):
        child = begin("sweep", "digits", "--space", space, *SETTINGS, "--runs", tmp_path / "runs")
        manifest = folder / f"trial-{trial:04d}" / "run.json"
        until(manifest.exists)
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
    with open(folder / "journal.log", "ab") as journal:
        journal.write(b'{"op_code":4,"worker_')  # killed in the middle of a line
    child = begin("sweep", "--attach", folder)
    _, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    assert kept(folder) == kept(uninterrupted.folder)
    for trial in uninterrupted.trials:
        mine, other = (RunFolder.open(where / trial.run) for where in (folder, uninterrupted.folder))
        last = trial.result["epochs"]
        assert (mine.snapshot(last)["output/kernel"] == other.snapshot(last)["output/kernel"]).all()
    assert sorted(path.name for path in folder.glob("trial-*")) == [f"trial-{number:04d}" for number in range(6)]


@pytest.mark.exhaustive
def test_several_workers_share_a_journal_and_do_each_trial_once(begin, until, space, tmp_path):
    settings = ("sweep", "digits", "--space", space, "--hidden", "16", "--epochs", "1", "--trials", "8")
    first = begin(*settings, "--runs", tmp_path / "runs", "--workers", "2")
    folder = tmp_path / "runs" / "sweep-digits"
    until(lambda: list(folder.glob("trial-*/run.json")))
    second = begin("sweep", "--attach", folder, "--json")
    out, err = second.communicate(timeout=120)
    assert second.returncode == 0, err
    _, err = first.communicate(timeout=120)
    assert first.returncode == 0, err
    found = json.loads(out)
    assert [trial["trial"] for trial in found["trials"]] == list(range(8))
    assert {trial["state"] for trial in found["trials"]} == {"complete"}
    assert {trial["attempts"] for trial in found["trials"]} == {1}
    writers = {json.loads((folder / trial["run"] / "run.json").read_text())["name"] for trial in found["trials"]}
    assert len(writers) == 8
    assert not (folder / "workers.log").exists()


@pytest.mark.exhaustive
def test_ctrl_c_loses_nothing(uninterrupted, begin, until, space, tmp_path):
    folder = tmp_path / "runs" / "sweep-digits"
    child = begin("sweep", "digits", "--space", space, *SETTINGS, "--runs", tmp_path / "runs")
    until((folder / "trial-0002" / "run.json").exists)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, "")
    assert err.rstrip().splitlines()[-1].endswith(f"cutaway sweep --attach {folder}")
    assert "Traceback" not in err
    states = [trial.state for trial in ct.open_sweep(folder).trials]
    assert "running" not in states
    assert "failed" not in states
    again = begin("sweep", "digits", "--space", space, *SETTINGS, "--runs", tmp_path / "runs")
    _, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    assert kept(folder) == kept(uninterrupted.folder)


@pytest.mark.exhaustive
def test_workers_end_with_the_process_that_started_them(begin, until, space, tmp_path):
    settings = ("sweep", "digits", "--space", space, "--hidden", "16", "--epochs", "1", "--trials", "2000")
    parent = begin(*settings, "--runs", tmp_path / "runs", "--workers", "2")
    folder = tmp_path / "runs" / "sweep-digits"
    processes = set()

    def both_were_seen():
        running = [RunFolder.open(file.parent).manifest.process for file in folder.glob("trial-*/run.json")]
        processes.update(process.pid for process in running if process is not None)
        return len(processes) == 2

    until(both_were_seen)
    os.kill(parent.pid, signal.SIGKILL)
    until(lambda: not any(is_there(pid) for pid in processes), seconds=30)
    assert "running" not in [trial.state for trial in ct.open_sweep(folder).trials]


def is_there(pid):
    if sys.platform != "linux":
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    try:
        with open(f"/proc/{pid}/stat") as state:
            return state.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
