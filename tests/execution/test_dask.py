"""Tasks on a scheduler and workers of Dask, started by their commands as separate processes."""

import os
import socket
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import worker_tasks
from clusters import Cluster, check_same_folds, running, wait_until

from cutaway.errors import Canceled, DataError, ExecutionError, TrainingError
from cutaway.execution import run_tasks
from cutaway.progress import CancelToken, Progress

NONE = pytest.mark.skipif(find_spec("distributed") is None, reason="distributed is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.exhaustive, NONE]


def begun(folder: Path, number: int) -> list[int]:
    file = folder / f"begun-{number}"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_results_are_in_order_and_computed_elsewhere(cluster: Cluster) -> None:
    x, w = np.arange(60.0).reshape(20, 3), np.array([1.0, 10.0, 100.0])
    seen: list[Progress] = []
    told: dict[int, object] = {}
    found = run_tasks(
        worker_tasks.weighted_sum,
        range(20),
        arrays={"x": x, "w": w},
        engine=cluster.engine,
        on_progress=seen.append,
        on_result=told.__setitem__,
    )
    assert [value for value, _ in found] == (x @ w).tolist()
    assert os.getpid() not in {process for _, process in found}
    assert [told[place] for place in range(20)] == found
    assert seen[0].done == 0
    assert seen[-1].ended
    assert [now.done for now in seen] == sorted(now.done for now in seen)
    assert seen[-1].note == f"2 workers of {cluster.engine}"


def test_a_memory_map_travels_as_its_path(cluster: Cluster, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(10.0))
    arrays = {"file": np.load(tmp_path / "x.npy", mmap_mode="r"), "memory": np.ones(4)}
    found = run_tasks(worker_tasks.kind_of_array, list(arrays), arrays=arrays, engine=cluster.engine)
    assert found == [("memmap", 45.0), ("ndarray", 4.0)]
    (tmp_path / "x.npy").rename(tmp_path / "y.npy")  # mapped here, and nothing at its path for workers
    with pytest.raises(DataError, match=r"x\.npy"):
        run_tasks(worker_tasks.kind_of_array, ["file"], arrays=arrays, engine=cluster.engine)


def test_a_task_of_a_killed_worker_is_done_again(hurt_cluster: Cluster, tmp_path: Path) -> None:
    def on_progress(now: Progress) -> None:
        workers = [process for number in range(4) for process in begun(tmp_path, number)]
        if len(workers) == 2:  # each is busy
            hurt_cluster.kill(workers[0])
            (tmp_path / "go").touch()

    specs = [{"folder": str(tmp_path), "number": number} for number in range(4)]
    arrays = {"x": np.ones(4)}
    found = run_tasks(worker_tasks.wait_for, specs, arrays=arrays, engine=hurt_cluster.engine, on_progress=on_progress)
    assert found == [0, 10, 20, 30]
    assert sorted(len(begun(tmp_path, number)) for number in range(4)) == [1, 1, 1, 2]


def test_canceling_ends_what_is_outstanding_and_under_way(cluster: Cluster, tmp_path: Path) -> None:
    token = CancelToken()

    def on_progress(now: Progress) -> None:
        if len(list(tmp_path.glob("begun-*"))) == 2:
            token.cancel()

    specs = [{"folder": str(tmp_path), "number": number} for number in range(4)]
    with token, pytest.raises(Canceled):
        run_tasks(worker_tasks.wait_for, specs, engine=cluster.engine, on_progress=on_progress)
    wait_until(lambda: len(list(tmp_path.glob("canceled-*"))) == 2, seconds=10, what="workers to stop")
    time.sleep(0.2)
    assert len(list(tmp_path.glob("begun-*"))) == 2
    assert run_tasks(worker_tasks.wait_for, [], engine=cluster.engine) == []


def test_errors_come_as_they_are(cluster: Cluster) -> None:
    with pytest.raises(TrainingError, match="^a rule; got something else"):
        run_tasks(worker_tasks.fail, ["ours"], engine=cluster.engine)
    with pytest.raises(ZeroDivisionError, match="theirs"):
        run_tasks(worker_tasks.fail, ["theirs"], engine=cluster.engine)


def test_other_versions_are_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    from cutaway.execution.worker import versions

    ours = versions()
    monkeypatch.setattr("cutaway.execution.tasks.versions", lambda: ours | {"keras": "2.0", "Python": "3.9.1"})
    with pytest.raises(ExecutionError, match=rf"keras {ours['keras']}.*keras 2\.0"):
        run_tasks(worker_tasks.weighted_sum, [0], engine=cluster.engine)


def test_a_worker_that_lacks_what_a_task_needs_is_named(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_tasks.fail, "__module__", "cutaway.not_there", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "cutaway.not_there", worker_tasks)
    with pytest.raises(ExecutionError, match=r"cutaway\.not_there"):
        run_tasks(worker_tasks.fail, ["x"], engine=cluster.engine)


def test_folds_have_the_same_bytes_as_here(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_same_folds(cluster.engine, tmp_path, monkeypatch)


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutaway.execution.dask_cluster.CONNECT", 1)
    with pytest.raises(ExecutionError, match="127.0.0.1:9"):
        run_tasks(worker_tasks.weighted_sum, [0], engine="dask://127.0.0.1:9")


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])  # the port of its dashboard, for example
def test_another_program_listens(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutaway.execution.dask_cluster.CONNECT", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    callers.append(server.accept()[0])
                    callers[-1].sendall(said)

        callers = list[socket.socket]()
        Thread(target=answer, daemon=True).start()
        port = server.getsockname()[1]
        with pytest.raises(ExecutionError, match=str(port)):
            run_tasks(worker_tasks.weighted_sum, [0], engine=f"dask://127.0.0.1:{port}")
        for caller in callers:
            caller.close()


def test_a_scheduler_without_workers_and_one_that_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutaway.execution.dask_cluster.WORKERS", 1)
    monkeypatch.setattr("cutaway.execution.dask_cluster.GONE", 1)
    monkeypatch.setattr("cutaway.execution.tasks.HEALTH", 0.2)
    alone = pytest.raises(ExecutionError)
    with running(workers=0) as cluster, alone:
        run_tasks(worker_tasks.weighted_sum, [0], engine=cluster.engine)
    monkeypatch.setattr("cutaway.execution.dask_cluster.WORKERS", 60)
    with running(workers=1) as cluster:

        def on_progress(now: Progress) -> None:
            if begun(tmp_path, 0):
                cluster.stop()

        with pytest.raises(ExecutionError):
            run_tasks(
                worker_tasks.wait_for,
                [{"folder": str(tmp_path), "number": 0}],
                engine=cluster.engine,
                on_progress=on_progress,
            )


def test_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dask.config import set as configured

    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    files = ["--tls-ca-file", str(certificate), "--tls-cert", str(certificate), "--tls-key", str(key)]
    given = {"ca-file": certificate, "client.key": key, "client.cert": certificate}
    tls = {f"distributed.comm.tls.{name}": str(path) for name, path in given.items()}
    monkeypatch.setattr("cutaway.execution.dask_cluster.WORKERS", 60)
    with running(workers=1, options=files, scheme="tls") as cluster:
        with configured(tls):
            arrays = {"x": np.eye(2), "w": np.array([1.0, 2.0])}
            found = run_tasks(worker_tasks.weighted_sum, [0, 1], arrays=arrays, engine=cluster.engine)
        assert [value for value, _ in found] == [1.0, 2.0]
        monkeypatch.setattr("cutaway.execution.dask_cluster.CONNECT", 3)  # of those that get no answer
        for engine in (cluster.engine, cluster.engine.replace("tls", "dask")):  # without a certificate, without TLS
            with pytest.raises(ExecutionError):
                run_tasks(worker_tasks.weighted_sum, [0], arrays=arrays, engine=engine)
