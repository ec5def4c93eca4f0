"""An ensemble: each member learns as it would alone, and the logits of all are averaged."""

import json

import keras
import numpy as np
import pytest
from keras import layers as L

from cutaway.errors import ModelError
from cutaway.interpret import attribute
from cutaway.models import build_model, check_model, get_weights, members_of, mlp, model_from_spec, set_weights, spec_of
from cutaway.runs import RunFolder, RunWriter
from cutaway.training import TrainingData, make_config, train_model

FEATURES, CLASSES, MEMBERS = 6, 3, 4
DATASET = {"name": "toy", "sha256": "0" * 64, "shape": [FEATURES], "scale": 1.0, "class_names": ["a", "b", "c"]}
MANIFEST = {"dataset": {**DATASET, "origin": {"kind": "arrays"}}, "split": {}, "model": None, "config": {}, "seed": 0}


def built(hidden=(8, 5), **settings):
    model = mlp(hidden, **settings)
    build_model(model, shape=(FEATURES,), classes=CLASSES, seed=1)
    return model


def member(weights, number):
    """One member of an ensemble as a plain model, with its weights."""
    model = built()
    set_weights(model, {name: value[number] for name, value in weights.items()})
    return model


def data():
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, 240)
    x = (rng.normal(size=(CLASSES, FEATURES))[y] + rng.normal(size=(240, FEATURES))).astype(np.float32)
    return TrainingData(x, y, train=200, val=40, scale=1.0, classes=CLASSES)


def trained(model, folder, **settings):
    writer = RunWriter.create(folder, name="t", manifest=MANIFEST)
    config = make_config(epochs=3, batch_size=32, seed=3, **settings)
    train_model(model, data(), config=config, writer=writer)
    writer.finish("finished")
    return RunFolder.open(writer.path)


def test_the_output_is_the_softmax_of_the_mean_of_the_logits():
    model, x = built(ensemble=MEMBERS), data().x
    weights = get_weights(model)
    each = np.stack([np.asarray(member(weights, m)(x)) for m in range(MEMBERS)])
    mean = np.exp(np.log(each).mean(axis=0))
    np.testing.assert_allclose(model(x), mean / mean.sum(axis=1, keepdims=True), atol=1e-6)
    members = members_of(model)
    assert members is not None
    np.testing.assert_allclose(members(x)[1], each.swapaxes(0, 1), atol=1e-6)
    assert members_of(built()) is None


def test_first_weights_are_drawn_as_those_of_a_dense_layer():
    model = built((300, 200), ensemble=MEMBERS)
    for name, (inputs, outputs) in {"dense_1": (FEATURES, 300), "dense_2": (300, 200), "output": (200, 3)}.items():
        kernel, limit = get_weights(model)[f"{name}/kernel"], (6 / (inputs + outputs)) ** 0.5
        assert 0.98 * limit < np.abs(kernel).max() <= limit
        assert kernel.std() == pytest.approx(limit / 3**0.5, rel=0.05)
        assert len(np.unique(kernel)) > 0.95 * kernel.size, "members start from different weights"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "settings", [{"optimizer": "sgd", "learning_rate": 0.1}, {"optimizer": "adam", "learning_rate": 0.01}], ids=str
)
def test_each_member_learns_as_it_would_alone(settings, tmp_path):
    model = built(ensemble=MEMBERS)
    first = get_weights(model)
    run = trained(model, tmp_path, **settings)
    losses = []
    for number in range(MEMBERS):
        alone = member(first, number)
        losses.append([row["loss"] for row in trained(alone, tmp_path, **settings).history()])
        for name, value in get_weights(alone).items():
            np.testing.assert_allclose(get_weights(model)[name][number], value, atol=2e-5, err_msg=name)
            assert name.endswith("bias") or np.abs(value - first[name][number]).max() > 0.01, "it has learned"
    np.testing.assert_allclose([row["loss"] for row in run.history()], np.mean(losses, axis=0), rtol=1e-5)


@pytest.mark.exhaustive
def test_dropout_differs_between_members(tmp_path):
    model = built((64,), ensemble=2, dropout=0.5)
    weights = get_weights(model)
    set_weights(model, {name: np.stack([value[0]] * 2) for name, value in weights.items()})
    trained(model, tmp_path)
    kernel = get_weights(model)["dense_1/kernel"]
    assert np.abs(kernel[0] - kernel[1]).max() > 1e-3


@pytest.mark.exhaustive
def test_a_specification_and_a_file_keep_it(tmp_path):
    model = built(ensemble=MEMBERS, dropout=0.1)
    again = model_from_spec(json.loads(json.dumps(spec_of(model))))
    set_weights(again, get_weights(model))
    np.testing.assert_array_equal(again(data().x), model(data().x))
    assert members_of(again) is not None


def test_softmax_regression_has_members_too():
    assert built((), ensemble=3)(data().x).shape == (240, CLASSES)


def test_contributions_sum_to_the_difference_of_the_mean_logits():
    found = attribute(built(ensemble=MEMBERS), data().x[0], scale=1.0)
    assert found.difference > 0
    for layer in ("", "dense_1", "dense_2"):
        assert found.total(layer) == pytest.approx(found.difference, abs=1e-5)


@pytest.mark.parametrize(
    ("equation", "output", "axes"),
    [("bi,ij->bj", (3,), "j"), ("bi,kio->bko", (2, 3), "o"), ("bi,kio->bok", (3, 2), None)],
)
def test_another_einsum_is_refused(equation, output, axes):
    model = keras.Sequential([keras.Input((4,)), L.EinsumDense(equation, output, bias_axes=axes), L.Flatten()])
    with pytest.raises(ModelError):
        check_model(model)
