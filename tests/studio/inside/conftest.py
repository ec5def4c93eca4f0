"""A studio on runs that were trained, with its caches, shared by all tests that only look."""

import contextlib
import importlib.util
import shutil
import time
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("studio_conftest", Path(__file__).parents[1] / "conftest.py")
_studio = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_studio)

HOSTILE = "<img src=x onerror='hacked = 1'>"
"""The name of a class and of a run's title."""


@pytest.fixture(scope="session")
def trained(tmp_path_factory, digits_run):
    """A folder with two runs on the same digits, and one that learns too slowly."""
    import cutaway as ct

    folder = tmp_path_factory.mktemp("inside") / "runs"
    # no suspect labels were looked for in these runs, whatever other tests have asked the shared one
    shutil.copytree(digits_run.path, folder / "first", ignore=shutil.ignore_patterns("labels-*", "labels.csv"))
    settings = {"batch_size": 32, "seed": 0, "progress": False, "runs": folder}
    second = ct.train(ct.mlp((32, 16, 8)), "digits", epochs=3, learning_rate=0.01, **settings)
    slow = ct.train(ct.mlp((16,)), "digits", epochs=3, learning_rate=1e-5, **settings)
    second.path.rename(folder / "second")
    slow.path.rename(folder / "slow")
    return folder


@pytest.fixture(scope="session")
def studio(trained, tmp_path_factory, forker):
    """A studio on these runs."""
    one = _studio.Studio(trained, start=forker.start, cache=tmp_path_factory.mktemp("cache"))
    yield one
    one.end()


@pytest.fixture
def own_studio(trained, tmp_path, forker):
    """A studio on a copy of these runs, which a test may change; compiled programs are those of the session."""
    folder = tmp_path / "runs"
    shutil.copytree(trained, folder)
    one = _studio.Studio(folder, start=forker.start, cache=tmp_path / "cache")
    yield one
    one.end()


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
