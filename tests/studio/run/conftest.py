"""A studio on runs that were trained, with its caches, shared by all tests that only look."""

import contextlib
import shutil
import time
from pathlib import Path

import pytest

HOSTILE = "<img src=x onerror='hacked = 1'>"
"""The name of a class and of a run's title."""


@pytest.fixture(scope="session")
def studio(studio_of):
    """The shared studio, as the one who started it has it."""
    return studio_of("")


@pytest.fixture
def own_studio(trained, tmp_path, start_studio):
    """A studio on a copy of these runs, which a test may change; compiled programs are those of the session."""
    shutil.copytree(trained, tmp_path / "runs")
    return start_studio()


@pytest.fixture
def wait_for():
    """Ask for work until it is done, has failed or was canceled; returns the answer."""

    def wait(studio, kind, *, seconds=400, until=("done", "failed", "canceled"), **job):
        end = time.monotonic() + seconds
        while True:
            answer = studio.ask_for(kind, **job)
            assert answer.status == 200, answer.body
            if answer.json["state"] in until:
                return answer.json
            assert time.monotonic() < end, answer.json
            time.sleep(0.1)

    return wait


@pytest.fixture
def worker_of():
    """Find the process of a studio that runs the jobs of a queue; None where there is none."""

    def find(studio, queue):
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                parent = path.with_name("stat").read_text().rpartition(")")[2].split()[1]
                words = path.read_bytes().decode().split("\0")[:-1]
                if parent == str(studio.process.pid) and words[-2:] == ["cutaway.jobs.runner", queue]:
                    return int(path.parent.name)
        return None

    return find


@pytest.fixture
def hostile():
    return HOSTILE
