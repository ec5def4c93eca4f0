"""The studio without what Windows lacks: `windows/sitecustomize.py` takes it away."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

LACKS = str(Path(__file__).with_name("windows"))


def wait(ask, *states, seconds=180):
    """Ask until the state is one of some, and return the answer."""
    end = time.monotonic() + seconds
    while (answer := ask().json)["state"] not in states:
        assert time.monotonic() < end, answer
        time.sleep(0.1)
    return answer


def test_what_is_taken_away_is_away():
    program = "import os, cutaway.runs.locks as locks; assert locks.sys.platform == 'win32'; os.kill(os.getpid(), 0)"
    environment = {**os.environ, "PYTHONPATH": LACKS}
    child = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert "Ctrl-C on Windows" in child.stderr


def test_the_studio_starts_trains_looks_and_stops_without_what_windows_lacks(start_studio, tmp_path):
    own = {"PYTHONPATH": LACKS, "LOCALAPPDATA": str(tmp_path / "local")}
    studio = start_studio(None, "--parallel", "1", environment=own)
    task = {"kind": "train", "data": {"place": "bundled", "name": "digits"}, "form": {"hidden": [8]}}

    def start(epochs):
        settings = {"epochs": epochs, "patience": None}
        job = studio.ask("/api/trainings", method="POST", body={**task, "settings": settings}).json["id"]
        return lambda: studio.ask(f"/api/trainings/{job}")

    first, second = start(1), start(30_000)
    ended = wait(first, "ended", "failed", "died")
    assert (ended["state"], ended["error"]) == ("ended", None)
    look = wait(lambda: studio.ask_for("preview", run=ended["run"]), "done", "failed")
    assert (look["state"], look["parts"]) == ("done", ["index", "preview"])
    running = wait(second, "running")
    studio.ask(f"/api/trainings/{running['id']}/stop", method="POST", body={})
    assert wait(second, "ended", "failed", "died")["stopped"]
    assert (tmp_path / "local" / "cutaway" / "trainings").is_dir()
    assert studio.end()[1] == ""
