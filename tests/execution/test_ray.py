"""Tasks on Ray, started by its command; skipped where Ray is not installed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import worker_tasks
from clusters import FOLDER, REPOSITORY, check_same_folds, free_port, wait_until

from cutaway.errors import Canceled, ExecutionError, TrainingError
from cutaway.execution import run_tasks
from cutaway.progress import CancelToken, Progress

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    port, client = free_port(), free_port()
    path = os.pathsep.join([str(REPOSITORY), str(FOLDER)])
    environment = os.environ | {"PYTHONPATH": path, "RAY_USAGE_STATS_ENABLED": "0", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "ray.scripts.scripts"]
    options = ["--head", "--num-cpus", "2", "--port", str(port), "--ray-client-server-port", str(client)]
    more = ["--node-ip-address", "127.0.0.1", "--include-dashboard", "false", "--object-store-memory", "200000000"]
    subprocess.run([*command, "start", *options, *more], env=environment, check=True, capture_output=True)
    yield f"ray://127.0.0.1:{client}"
    subprocess.run([*command, "stop", "--force"], check=False, capture_output=True)


def test_results_errors_and_versions(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = np.arange(60.0).reshape(20, 3), np.array([1.0, 10.0, 100.0])
    found = run_tasks(worker_tasks.weighted_sum, range(20), arrays={"x": x, "w": w}, engine=engine)
    assert [value for value, _ in found] == (x @ w).tolist()
    assert os.getpid() not in {process for _, process in found}
    with pytest.raises(TrainingError, match="^a rule; got something else; next: do it$"):
        run_tasks(worker_tasks.fail, ["ours"], engine=engine)
    monkeypatch.setattr("cutaway.execution.tasks.versions", lambda: {"keras": "2.0"})
    with pytest.raises(ExecutionError, match=r"keras 2\.0; got keras"):
        run_tasks(worker_tasks.weighted_sum, [0], engine=engine)


def test_a_task_of_a_killed_worker_is_done_again_and_canceling(engine: str, tmp_path: Path) -> None:
    def on_progress(now: Progress) -> None:
        file = tmp_path / "begun-0"
        workers = file.read_text().split() if file.exists() else []
        if len(workers) == 1 and not (tmp_path / "go").exists():
            os.kill(int(workers[0]), 9)
            (tmp_path / "go").touch()

    specs = [{"folder": str(tmp_path), "number": number} for number in range(3)]
    assert run_tasks(worker_tasks.wait_for, specs, engine=engine, on_progress=on_progress) == [0, 10, 20]
    assert len((tmp_path / "begun-0").read_text().split()) == 2
    for file in tmp_path.iterdir():
        file.unlink()
    token = CancelToken()

    def cancel(now: Progress) -> None:
        if (tmp_path / "begun-0").exists():
            token.cancel()

    with token, pytest.raises(Canceled):
        run_tasks(worker_tasks.wait_for, specs[:1], engine=engine, on_progress=cancel)
    process = int((tmp_path / "begun-0").read_text())
    wait_until(lambda: not Path(f"/proc/{process}").exists(), what="the worker to end")


def test_folds_have_the_same_bytes_as_here(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_same_folds(engine, tmp_path, monkeypatch)


def test_nobody_listens() -> None:
    with pytest.raises(ExecutionError, match=r"Ray's client server listens.*ray://127\.0\.0\.1:9"):
        run_tasks(worker_tasks.weighted_sum, [0], engine="ray://127.0.0.1:9")
