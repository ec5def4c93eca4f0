"""Import lessons/build.py and editions.py, and put the classic lessons on small data."""

import importlib
import sys
from pathlib import Path

import pytest

LESSONS = Path(__file__).parents[2] / "lessons"


def load(name):
    sys.path.insert(0, str(LESSONS))  # the lessons are no package
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(LESSONS))


@pytest.fixture(scope="session")
def builder():
    return load("build")


@pytest.fixture(scope="session")
def editions():
    return load("editions")


@pytest.fixture(scope="session")
def on_digits():
    """Change a classic lesson as its text says for a slow machine."""

    def change(code):
        changed = code.replace('DATASET, BATCH_SIZE = "mnist", 128', 'DATASET, BATCH_SIZE = "digits", 8')
        assert changed != code
        return changed

    return change
