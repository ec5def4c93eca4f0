"""Runs, a sweep and trainings that wait, which older versions wrote; see README.md."""

import hashlib
import zipfile
from pathlib import Path

import pytest

ARCHIVE = Path(__file__).with_name("old.zip")


@pytest.fixture
def runs(tmp_path):
    """The folder of runs."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(tmp_path)
    return tmp_path / "runs"


@pytest.fixture
def find(runs):
    """A function that returns the folder of a run by the end of its name, such as "1125"."""
    return lambda day: next(runs.glob(f"*-old-{day}-*"))


@pytest.fixture
def digests():
    """A function that returns the SHA-256 of each file in a folder, by name."""
    return lambda folder: {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
