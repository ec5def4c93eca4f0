"""Clusters of Dask, started by its commands as separate processes of this machine."""

import contextlib
import os
import pickle
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway.cache import CHECKSUM_BYTES

FOLDER, REPOSITORY = Path(__file__).parent, Path(__file__).parents[2]


def free_port() -> int:
    """A port that is free now and above those that the system gives to connections, which could take it meanwhile."""
    for port in random.SystemRandom().sample(range(61_440, 65_536), 100):
        with contextlib.suppress(OSError), socket.socket() as found:
            found.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


def wait_until(condition: Callable[[], object], *, seconds: float = 60, what: str = "it") -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def listens(port: int) -> bool:
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Cluster:
    """A scheduler and workers of Dask, each a process of its own."""

    port: int = field(default_factory=free_port)
    options: Sequence[str] = ()
    scheme: str = "tcp"
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def engine(self) -> str:
        return f"{'tls' if self.scheme == 'tls' else 'dask'}://127.0.0.1:{self.port}"

    def start(self, *, workers: int) -> None:
        where = ["--host", f"{self.scheme}://127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        self._run("scheduler", *where)
        wait_until(lambda: listens(self.port), what="the scheduler")
        for _ in range(workers):
            options = "--nthreads 1 --no-nanny --no-dashboard --death-timeout 20 --host 127.0.0.1"
            self._run("worker", f"{self.scheme}://127.0.0.1:{self.port}", *options.split())
        if workers > 1:
            from distributed import Client  # a second to import, which those who only collect tests are spared

            with Client(f"tcp://127.0.0.1:{self.port}", set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=60)

    def _run(self, kind: str, *options: str) -> None:
        path = os.pathsep.join([str(REPOSITORY), str(FOLDER)])
        command = [sys.executable, "-W", "ignore", "-m", f"distributed.cli.dask_{kind}", *options, *self.options]
        environment = os.environ | {"PYTHONPATH": path, "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s"}
        self.processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))

    def kill(self, process: int) -> None:
        """Kill -9 of one worker."""
        next(each for each in self.processes if each.pid == process).kill()

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


@contextlib.contextmanager
def running(*, workers: int, options: Sequence[str] = (), scheme: str = "tcp") -> Iterator[Cluster]:
    cluster = Cluster(options=options, scheme=scheme)
    try:
        cluster.start(workers=workers)
        yield cluster
    finally:
        cluster.stop()


def check_same_folds(engine: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train the folds of the label finder here and on an engine: what is kept is the same."""
    kept: list[dict[str, Any]] = []
    for place, where in enumerate((None, engine)):
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / str(place)))
        ct.label_issues("digits", folds=2, seeds=1, epochs=1, engine=where, progress=False)
        files = (folder / str(place) / "cutaway" / "results").glob("fold-*")
        kept.append({file.name: pickle.loads(file.read_bytes()[CHECKSUM_BYTES:]) for file in files})
    assert len(kept[0]) == 2
    np.testing.assert_equal(kept[0], kept[1])
