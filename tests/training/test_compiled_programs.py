"""Which trainings share a compiled program."""

import os
from pathlib import Path

import numpy as np
import pytest

import cutaway as ct

pytestmark = pytest.mark.slow


def programs():
    """The compiled training steps in the cache of this session, which all tests share."""
    return {path.name for path in Path(os.environ["JAX_COMPILATION_CACHE_DIR"]).glob("jit_chunk-*-cache")}


def steps_of(runs, *, samples, **settings):
    """The programs that were compiled for a training on samples with 5 inputs, which no other test has."""
    x = np.random.default_rng(0).normal(size=(samples, 5)).astype(np.float32)
    before = programs()
    ct.train(ct.mlp((11,)), x, (x[:, 0] > 0).astype(int), batch_size=8, runs=runs, progress=False, **settings)
    return programs() - before


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "step", "constant"])
def test_another_rate_more_epochs_and_more_samples_need_no_other_program(schedule, tmp_path, monkeypatch):
    # on a busy machine calls of fewer steps would be compiled as well
    monkeypatch.setattr("cutaway.training.loop.epoch.CALL_SECONDS", 1e6)
    first = {"schedule": schedule, "epochs": 2, "learning_rate": 0.01, "seed": 0}
    assert len(steps_of(tmp_path, samples=150, **first)) == 1
    assert steps_of(tmp_path, samples=170, **first | {"epochs": 3, "learning_rate": 0.003, "seed": 4}) == set()
