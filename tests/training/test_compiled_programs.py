"""Which trainings share a compiled program."""

import jax
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache

import cutaway as ct

pytestmark = pytest.mark.slow


@pytest.fixture
def cache(tmp_path):
    """A cache of this test alone: into that of the session, other workers write at the same time."""
    before, folder = jax.config.jax_compilation_cache_dir, tmp_path / "programs"
    compilation_cache.reset_cache()
    jax.config.update("jax_compilation_cache_dir", str(folder))
    yield folder
    compilation_cache.reset_cache()
    jax.config.update("jax_compilation_cache_dir", before)


def steps_of(runs, cache, *, samples, **settings):
    """The training steps that were compiled for a training on samples with 5 inputs."""
    x = np.random.default_rng(0).normal(size=(samples, 5)).astype(np.float32)
    before = set(cache.glob("jit_chunk-*-cache"))
    ct.train(ct.mlp((11,)), x, (x[:, 0] > 0).astype(int), batch_size=8, runs=runs, progress=False, **settings)
    return set(cache.glob("jit_chunk-*-cache")) - before


@pytest.mark.exhaustive
@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "step", "constant"])
def test_another_rate_more_epochs_and_more_samples_need_no_other_program(schedule, cache, tmp_path):
    first = {"schedule": schedule, "epochs": 2, "learning_rate": 0.01, "seed": 0}
    assert len(steps_of(tmp_path / "runs", cache, samples=150, **first)) == 1
    again = first | {"epochs": 3, "learning_rate": 0.003, "seed": 4}
    assert steps_of(tmp_path / "runs", cache, samples=170, **again) == set()
