import subprocess
import sys

import numpy as np
import pytest

from cutaway.models import build_model, forward, mlp
from cutaway.models.inference import BATCH


@pytest.mark.parametrize("samples", [1, 5, BATCH, BATCH + 1])
def test_forward_equals_keras_for_any_number_of_samples(samples):
    model = mlp((7, 5), dropout=0.5)
    build_model(model, shape=(3, 4), classes=3, seed=0)
    x = np.random.default_rng(0).integers(0, 256, (samples, 3, 4), dtype=np.uint8)
    told = []
    out = forward(model, x, scale=255.0, on_progress=told.append)
    np.testing.assert_allclose(
        out, model.predict((x / 255).reshape(samples, 12).astype("float32"), verbose=0), atol=1e-6
    )
    assert told[-1].done == told[-1].total == samples


def test_keras_on_another_backend_is_an_error_that_says_what_to_do():
    code = """
import sys, types
keras = types.ModuleType("keras"); keras.backend = types.SimpleNamespace(backend=lambda: "torch")
sys.modules["keras"] = keras
import importlib.util
spec = importlib.util.find_spec("cutaway")
sys.path.insert(0, spec.submodule_search_locations[0] + "/models")
import backend
backend.require_jax()
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert out.returncode == 1
    last = out.stderr.strip().splitlines()[-1]
    assert 'got Keras already loaded on "torch"' in last
    assert "set KERAS_BACKEND=jax before Python starts" in last
