"""Makes sick_runs.py and sick_tables.py importable for the tests of this folder, and trains each once."""

import functools
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _importable(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_module = _importable("sick_runs")
_importable("sick_tables")


@pytest.fixture(scope="session")
def sick_run(tmp_path_factory):
    """A function from a name in SICK to the run, trained once: findings and remedies only read it."""
    return functools.cache(lambda name: _module.SICK[name][1](tmp_path_factory.mktemp("sick")))
