"""Import lessons/build.py and editions.py as modules, and put the first lesson on small data."""

import importlib.util
import sys
from pathlib import Path

import pytest

LESSONS = Path(__file__).parents[2] / "lessons"


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def builder():
    return load("lessons_build", LESSONS / "build.py")


@pytest.fixture(scope="session")
def editions():
    return load("lessons_editions", LESSONS / "editions.py")


@pytest.fixture(scope="session")
def on_digits():
    """Change the first lesson, or what its solutions share, as its text says for a slow machine."""

    def change(code):
        changed = code.replace('DATASET, BATCH_SIZE = "mnist", 128', 'DATASET, BATCH_SIZE = "digits", 8')
        assert changed != code
        return changed

    return change
