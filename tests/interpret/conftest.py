import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("small_models", Path(__file__).with_name("small_models.py"))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)


@pytest.fixture(scope="session")
def small_models():
    return _module.Models()


@pytest.fixture(scope="session")
def small_rows():
    return _module.rows
