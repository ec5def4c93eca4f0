"""Makes the runs of sick_runs.py importable for the tests of this folder, and trains each once."""

import functools
import importlib.util
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("sick_runs", Path(__file__).with_name("sick_runs.py"))
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules["sick_runs"] = _module
_spec.loader.exec_module(_module)


@pytest.fixture(scope="session")
def sick_run(tmp_path_factory):
    """A function from a name in SICK to the run, trained once: findings and remedies only read it."""
    return functools.cache(lambda name: _module.SICK[name][1](tmp_path_factory.mktemp("sick")))
