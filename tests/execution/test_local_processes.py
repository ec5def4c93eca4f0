"""Tasks in processes of this machine."""

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import worker_tasks
from clusters import FOLDER, REPOSITORY, wait_until

import cutaway as ct
from cutaway.errors import Canceled, ExecutionError, TrainingError
from cutaway.execution import run_tasks
from cutaway.findings import Finding, Remedy
from cutaway.progress import CancelToken, Progress
from cutaway.topics.doctor.remedy_tests import try_all

pytestmark = pytest.mark.slow

X, W = np.arange(60.0).reshape(20, 3), np.array([1.0, 10.0, 100.0])
ARRAYS = {"x": X, "w": W}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(REPOSITORY), str(FOLDER)]))


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_results_are_in_order_from_other_processes() -> None:
    found = run_tasks(worker_tasks.weighted_sum, range(20), arrays=ARRAYS, engine="local:2")
    assert [value for value, _ in found] == (X @ W).tolist()
    used = {process for _, process in found}
    assert os.getpid() not in used
    assert len(used) <= 2
    assert not any(map(is_alive, used))


@pytest.mark.exhaustive
def test_processes_share_the_threads() -> None:
    """XLA has one thread where the two processes have a core each; it reads its environment once."""
    found = run_tasks(worker_tasks.environment, ["NPROC"] * 2, engine="local:64")
    alone = run_tasks(worker_tasks.environment, ["NPROC"], engine="local:1")
    count = len(os.sched_getaffinity(0))
    assert {variable for variable, _ in found} == {str(max(1, count // 2))}
    assert alone[0][0] == str(count)
    if count > 1:
        assert found[0][1] < alone[0][1]


@pytest.mark.exhaustive
def test_what_was_finished_before_a_process_was_killed_is_kept(tmp_path: Path) -> None:
    told: dict[int, int] = {}

    def on_progress(now: Progress) -> None:
        file = tmp_path / "begun-1"
        if file.exists() and file.read_text() and 0 in told:
            with suppress(ProcessLookupError):  # it was killed at the last look
                os.kill(int(file.read_text()), signal.SIGKILL)

    folders = [tmp_path / "free", tmp_path]
    folders[0].mkdir()
    (folders[0] / "go").touch()
    specs = [{"folder": str(folder), "number": number} for number, folder in enumerate(folders)]
    with pytest.raises(ExecutionError):
        run_tasks(worker_tasks.wait_for, specs, engine="local:2", on_progress=on_progress, on_result=told.__setitem__)
    assert told == {0: 0}


@pytest.mark.exhaustive
def test_canceling_ends_processes_and_errors_come_as_they_are(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    token, processes = CancelToken(), []

    def on_progress(now: Progress) -> None:
        if (tmp_path / "begun-0").exists():
            processes.append(int((tmp_path / "begun-0").read_text() or 0))
            token.cancel()

    with token, pytest.raises(Canceled):
        run_tasks(
            worker_tasks.wait_for,
            [{"folder": str(tmp_path), "number": number} for number in range(20)],
            engine="local",
            on_progress=on_progress,
        )
    assert not is_alive(processes[-1])
    assert "Traceback" not in capfd.readouterr().err
    with pytest.raises(TrainingError, match="^a rule; got something else"):
        run_tasks(worker_tasks.fail, ["ours"], engine="local:1")


@pytest.mark.exhaustive
def test_processes_end_with_their_parent(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys, worker_tasks
        from cutaway.execution import run_tasks
        run_tasks(worker_tasks.wait_for, [{"folder": sys.argv[1], "number": n} for n in range(2)], engine="local:2")
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], env=os.environ | {"TMPDIR": str(tmp_path)}
    )
    files = [tmp_path / f"begun-{number}" for number in range(2)]
    wait_until(lambda: all(file.exists() and file.read_text() for file in files), what="tasks to begin")
    parent.kill()
    parent.wait()
    children = [int(file.read_text()) for file in files]
    wait_until(lambda: not any(map(is_alive, children)), seconds=20, what="processes to end")


@pytest.mark.exhaustive
def test_folds_and_proofs_say_the_same_in_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all threads in one process, as here, every byte is the same."""
    digits = ct.load_dataset("digits").sources["train"]
    x, y = digits.x[:400], digits.y[:400].copy()
    y[:80] = (y[:80] + 3) % 10
    data = ct.Dataset.from_arrays(x, y, scale=16)
    run = ct.train(ct.mlp((16,)), data, epochs=3, learning_rate=3.0, optimizer="sgd", runs=tmp_path, progress=False)
    issues = {}
    for engine in (None, "local:1"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / str(engine)))
        issues[engine] = ct.label_issues(data, folds=2, seeds=1, epochs=1, engine=engine, progress=False)
    assert (issues[None].scores == issues["local:1"].scores).all()
    slower = Remedy("use a lower learning rate", {"learning_rate": 0.1})
    found = [Finding(kind, "warning", kind, "", {}, remedy=slower) for kind in ("oscillation", "baseline")]
    found.append(Finding("target-leakage", "warning", "", "", {}, remedy=Remedy("look", untried="nobody can")))
    here, there = (try_all(run, found, seeds=2, engine=engine, progress=False) for engine in (None, "local:1"))
    assert [tested.kind for tested in there] == [finding.kind for finding in found]
    assert abs(there[0].after - there[0].before) > 0.1
    assert there[2].why == "nobody can"
    for ours, theirs in zip(here, there, strict=True):
        assert replace(ours, seconds=0, before=0, after=0) == replace(theirs, seconds=0, before=0, after=0)
