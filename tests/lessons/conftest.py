"""Import lessons/build.py and small_mnist.py as modules."""

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
def small_mnist():
    return load("small_mnist", Path(__file__).with_name("small_mnist.py"))
