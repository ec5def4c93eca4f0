"""`cutaway.preflight` on models and arrays, and the command on the plan of a training."""

import json

import keras
import numpy as np
import pytest

import cutaway as ct
from cutaway.cli import main
from cutaway.errors import DataError, ModelError, UsageError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(300, 6)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def model_of(*layers, loss="binary_crossentropy", features=6, optimizer="adam"):
    model = keras.Sequential([keras.Input((features,)), *layers], name="mine")
    model.compile(optimizer, loss)
    return model


def sound():
    return model_of(keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid"))


def test_a_sound_model_is_without_findings():
    found = ct.preflight(sound(), X, Y, epochs=20)
    assert (found.findings, found.not_judged, found.measured) == ((), (), {})
    assert found.to_json()["measured"] == {}
    assert found.name == "mine"


def test_a_loss_that_is_not_known_is_not_judged():
    layers = [keras.layers.Dense(8, "relu"), keras.layers.Dense(1)]
    found = ct.preflight(model_of(*layers, loss=lambda true, given: keras.losses.mse(true, given)), X, Y)
    assert found.findings == ()
    assert len(found.not_judged) == 1
    assert found.not_judged[0] in found._repr_html_()


def test_what_is_wrong_comes_first_and_advises():
    model = model_of(keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "softmax"))
    found = ct.preflight(model, X * 200, Y, epochs=1)
    assert [each.kind for each in found.findings][:3] == ["one-unit-softmax", "few-steps", "unscaled-inputs"]
    assert all(each.severity == "warning" and each.text.endswith(".") for each in found.findings[:3])
    assert found.is_as_serious("warning")
    assert found.findings[0].title in repr(found)
    assert found.to_pandas()["kind"][0] == "one-unit-softmax"
    assert found.findings[0].record()["evidence"] == {
        "loss": "binary_crossentropy", "activation": "softmax", "outputs": 1
    }  # fmt: skip


def test_regressions_are_looked_at():
    numbers = X @ np.arange(6.0)
    model = model_of(keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid"), loss="mse")
    assert ct.preflight(model, X, numbers).findings[0].kind == "unreachable-targets"
    fitting = model_of(keras.layers.Dense(8, "relu"), keras.layers.Dense(1), loss="mse")
    assert not ct.preflight(fitting, X, numbers).is_as_serious("warning")


def test_inputs_are_judged_as_the_model_sees_them_and_frozen_layers_are_named():
    frozen = keras.layers.Dense(64, "relu", trainable=False)
    layers = [keras.layers.Rescaling(1 / 255), frozen, keras.layers.Dense(1, "sigmoid")]
    pixels = RANDOM.integers(0, 256, (300, 6)).astype(np.uint8)
    found = ct.preflight(model_of(*layers), pixels, Y)
    assert [each.kind for each in found.findings] == ["frozen-layers"]
    assert "unscaled-inputs" in [each.kind for each in ct.preflight(sound(), pixels, Y).findings]


def test_a_model_that_is_not_built_is_built_for_the_samples_and_is_not_trained():
    model = keras.Sequential([keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "binary_crossentropy")
    assert ct.preflight(model, X[:, 0], Y).findings[0].kind == "not-probabilities"
    assert model.inputs[0].shape == (None, 1)
    assert int(model.optimizer.iterations) == 0


@pytest.mark.parametrize(("x", "y", "options", "error"), [
    (X, Y[:10], {}, DataError),
    (X, np.array(["a", "b"] * 150), {}, DataError),
    (X[:0], Y[:0], {}, DataError),
    ([[1.0], [2.0, 3.0]], Y[:2], {}, DataError),
    (X, Y, {"epochs": 0}, UsageError),
    (X, Y, {"batch_size": 0}, UsageError),
])  # fmt: skip
def test_arrays_and_options_that_cannot_be_judged_are_refused(x, y, options, error):
    with pytest.raises(error):
        ct.preflight(sound(), x, y, **options)


def test_a_model_that_is_not_compiled_is_refused():
    with pytest.raises(ModelError):
        ct.preflight(keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)]), X, Y)


def command(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(["preflight", *arguments])
    return end.value.code, capsys.readouterr().out


def test_the_command_judges_data_model_and_settings_before_a_training(capsys):
    code, out = command(capsys, "digits", "--hidden", "16", "--json")
    said = json.loads(out)
    assert (code, [each for each in said["findings"] if each["severity"] == "warning"]) == (0, [])
    assert said["measured"] == {}
    code, out = command(capsys, "digits", "--hidden", "16", "--epochs", "1", "--batch-size", "500")
    assert code == 3
    assert "--batch-size 500" in out
