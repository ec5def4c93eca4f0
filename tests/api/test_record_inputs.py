"""A ready-made model that rescales its inputs itself is recorded on raw samples."""

import keras
import numpy as np
import pytest
from keras import layers as L

import cutaway as ct
from cutaway.errors import UsageError


@pytest.fixture(scope="module")
def pixels():
    generator = np.random.default_rng(0)
    x, y = generator.integers(0, 256, (120, 5, 4)).astype(np.uint8), np.arange(120) % 3
    return ct.Dataset.from_arrays(x[:90], y[:90], x_test=x[90:], y_test=y[90:], name="pixels")


def model_of(*layers):
    return keras.Sequential(
        [keras.Input((20,)), *layers, L.Dense(8, activation="relu"), L.Dense(3, activation="softmax")]
    )


@pytest.mark.parametrize(("inputs", "layers", "raw"), [
    ("auto", [L.Rescaling(1 / 255)], True),
    ("auto", [L.Rescaling(2.0)], False),
    ("scaled", [L.Rescaling(1 / 255)], False),
    ("raw", [L.BatchNormalization()], True),
])  # fmt: skip
def test_a_model_is_measured_on_what_it_takes(pixels, tmp_path, inputs, layers, raw):
    model = model_of(*layers)
    run = ct.record(model, pixels, inputs=inputs, runs=tmp_path, progress=False)
    x = pixels.x(run.split.test).reshape(30, 20).astype("float32") / (1 if raw else 255)
    expected = model.predict(x, verbose=0)
    for opened in (run, ct.open_run(run.path, data=pixels)):
        np.testing.assert_allclose(opened.predictions(), expected, rtol=1e-4, atol=1e-5)
    assert run.test["accuracy"] == pytest.approx((expected.argmax(axis=1) == pixels.y(run.split.test)).mean())


def test_there_are_three_kinds_of_inputs(pixels, tmp_path):
    with pytest.raises(UsageError):
        ct.record(model_of(), pixels, inputs="bytes", runs=tmp_path, progress=False)
