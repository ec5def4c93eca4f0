"""Settings of the whole suite, made before anything is imported."""

import os

os.environ["JAX_COMPILATION_CACHE_DIR"] = (
    ""  # compiled programs of an earlier suite would hide a compilation that fails
)
os.environ["KERAS_BACKEND"] = "jax"  # tests import keras themselves, before cutaway.models can choose

import pytest


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory):
    """A finished run on scikit-learn's digits, shared by every test that only reads."""
    import cutaway as ct

    runs = tmp_path_factory.mktemp("shared") / "runs"
    settings = {"epochs": 6, "batch_size": 32, "learning_rate": 0.01, "seed": 0}
    return ct.train(ct.mlp((32, 16), dropout=0.1), "digits", runs=runs, progress=False, **settings)
