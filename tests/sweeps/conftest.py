import pytest


@pytest.fixture(scope="session", autouse=True)
def _needs_optuna():
    pytest.importorskip("optuna", reason="the extra sweep is not installed")
