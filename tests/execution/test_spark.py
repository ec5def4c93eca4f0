"""Tasks on Spark, with executors in processes of their own; skipped where joblib-spark or Java is not installed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import worker_tasks
from clusters import FOLDER, REPOSITORY, check_same_folds, wait_until

from cutaway.errors import Canceled, ExecutionError, TrainingError
from cutaway.execution import run_tasks
from cutaway.progress import CancelToken, Progress

pytest.importorskip("joblibspark")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
]


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """A session of Spark with two executors, which is what an engine uses that finds one."""
    from pyspark.sql import SparkSession  # pyright: ignore[reportMissingImports]

    path = os.pathsep.join([str(REPOSITORY), str(FOLDER), os.environ.get("PYTHONPATH", "")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)  # of the executors
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        session = SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.ui.enabled", "false")
        session = session.config("spark.executorEnv.PYTHONPATH", path).getOrCreate()
        yield
        session.stop()


def test_results_errors_and_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = np.arange(60.0).reshape(20, 3), np.array([1.0, 10.0, 100.0])
    found = run_tasks(worker_tasks.weighted_sum, range(20), arrays={"x": x, "w": w}, engine="spark")
    assert [value for value, _ in found] == (x @ w).tolist()
    assert os.getpid() not in {process for _, process in found}
    with pytest.raises(TrainingError, match="^a rule; got something else; next: do it$"):
        run_tasks(worker_tasks.fail, ["ours"], engine="spark")
    monkeypatch.setattr("cutaway.execution.tasks.versions", lambda: {"keras": "2.0"})
    with pytest.raises(ExecutionError, match=r"keras 2\.0; got keras"):
        run_tasks(worker_tasks.weighted_sum, [0], engine="spark")


def test_a_task_of_a_killed_worker_is_done_again_and_canceling(tmp_path: Path) -> None:
    done: set[int] = set()

    def on_progress(now: Progress) -> None:
        done.add(now.done)
        file = tmp_path / "begun-0"
        workers = file.read_text().split() if file.exists() else []
        if len(workers) == 1 and not (tmp_path / "go").exists():
            os.kill(int(workers[0]), 9)
            (tmp_path / "go").touch()

    specs = [{"folder": str(tmp_path), "number": number} for number in range(6)]
    assert run_tasks(worker_tasks.wait_for, specs, engine="spark", on_progress=on_progress) == [0, 10, 20, 30, 40, 50]
    assert len((tmp_path / "begun-0").read_text().split()) == 2
    assert len(done) > 2  # what is finished comes before the end
    for file in tmp_path.iterdir():
        file.unlink()
    token = CancelToken()

    def cancel(now: Progress) -> None:
        if (tmp_path / "begun-0").exists():
            token.cancel()

    with token, pytest.raises(Canceled):
        run_tasks(worker_tasks.wait_for, specs[:1], engine="spark", on_progress=cancel)
    process = Path(f"/proc/{int((tmp_path / 'begun-0').read_text())}/stat")
    wait_until(lambda: not process.exists() or ") Z " in process.read_text(), what="the worker to end")


def test_folds_have_the_same_bytes_as_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_same_folds("spark", tmp_path, monkeypatch)


def test_nobody_listens(tmp_path: Path) -> None:
    environment = os.environ | {"PYSPARK_SUBMIT_ARGS": "--master spark://127.0.0.1:9 pyspark-shell"}
    command = [sys.executable, "-m", "cutaway", "labels", "digits", "--engine", "spark"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=50)
    assert done.returncode == 1
    assert "; got 127.0.0.1:9: [Errno 111] Connection refused; next: " in done.stderr.splitlines()[-1]
