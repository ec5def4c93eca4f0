"""Settings of the whole suite, made before cutaway, Keras, JAX or Numba are imported."""

import os
import shutil
import tempfile

import pytest
from hypothesis import settings

# All workers and child processes of one session share what Numba and XLA compile. The folder is new in every session:
# programs from an earlier one would hide a compilation that fails.
SESSION_CACHE = None if "PYTEST_XDIST_WORKER" in os.environ else tempfile.mkdtemp(prefix="cutaway-tests-")
if SESSION_CACHE:
    os.environ["XDG_CACHE_HOME"] = SESSION_CACHE
    os.environ["JAX_COMPILATION_CACHE_DIR"] = os.path.join(SESSION_CACHE, "xla")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["KERAS_BACKEND"] = "jax"  # tests import keras themselves, before cutaway.models can choose

# A busy machine is no failure: no deadlines. `make test-all` chooses the profile "exhaustive".
settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("exhaustive", max_examples=100, deadline=None)
settings.load_profile("quick")


# These run for the longest, so they start first: a worker that ends early takes over what waits behind them.
FIRST = ("tests/lessons/", "tests/docs/", "tests/training/test_resume.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: (item.get_closest_marker("exhaustive") is None, not item.nodeid.startswith(FIRST)))


def pytest_unconfigure():
    if SESSION_CACHE:
        shutil.rmtree(SESSION_CACHE, ignore_errors=True)


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory):
    """A finished run on scikit-learn's digits, shared by every test that only reads."""
    import cutaway as ct

    runs = tmp_path_factory.mktemp("shared") / "runs"
    settings = {"epochs": 6, "batch_size": 32, "learning_rate": 0.01, "seed": 0}
    return ct.train(ct.mlp((32, 16), dropout=0.1), "digits", runs=runs, progress=False, **settings)
