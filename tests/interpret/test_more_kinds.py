"""Layers beyond Dense and ReLU, inside: contributions that add up where they can, and a clear refusal where not."""

import keras
import numpy as np
import pytest
from keras import layers as L

from cutaway.errors import ModelError
from cutaway.interpret import Outline, ablate, attribute, layer_records, measured_layers
from cutaway.models import get_weights, set_weights, spec_of

X = np.random.default_rng(0).integers(0, 256, (40, 4, 3)).astype(np.uint8)


def model_of(*layers, ending="softmax"):
    norm = L.Normalization(mean=[0.2, 0.4, 0.6], variance=[0.5, 1.0, 2.0], name="norm")
    model = keras.Sequential([keras.Input((4, 3)), norm, L.Reshape((12,), name="flat"), *layers])
    model.add(L.Dense(3, name="last"))
    model.add(L.Softmax(name="ending") if ending == "softmax" else L.Activation("linear", name="ending"))
    rng = np.random.default_rng(1)
    set_weights(model, {name: rng.normal(size=w.shape).astype("f4") for name, w in get_weights(model).items()})
    return model


def merged(kind):
    entry = keras.Input((4, 3))
    flat = L.Flatten(name="flat")(entry)
    both = [L.Dense(5, activation="relu", name=name)(flat) for name in ("left", "right")]
    both = getattr(L, kind)(name="both")(both)
    return keras.Model(entry, L.Dense(3, activation="softmax", name="last")(both))


PIECEWISE = {
    "PReLU": lambda: model_of(L.Dense(6, name="hidden"), L.PReLU(name="slopes")),
    **{kind: lambda kind=kind: merged(kind) for kind in ("Subtract", "Average", "Maximum", "Minimum")},
}


QUICK = ("Maximum", "ELU")


def kinds(makers):
    """Every kind with its marks, as parameters of a test."""
    marks = {name: () if name in QUICK else pytest.mark.exhaustive for name in makers}
    return [pytest.param(make, id=name, marks=marks[name]) for name, make in makers.items()]


@pytest.mark.parametrize("make", kinds(PIECEWISE))
def test_contributions_add_up_to_what_keras_predicts(make):
    model = make()
    for x in X[:3]:
        found = attribute(model, x, scale=255.0)
        likely = np.log(np.asarray(model(x[None].astype("f4") / 255), np.float64)[0])
        winner, runner_up = np.argsort(-likely)[:2]
        assert (found.winner, found.runner_up) == (winner, runner_up)
        assert found.total() == pytest.approx(likely[winner] - likely[runner_up], abs=1e-4)
        for layer in found.contributions:
            assert found.total(layer) == pytest.approx(found.difference, abs=1e-4), layer


CURVED = {
    "ELU": lambda: model_of(L.Dense(6, name="hidden"), L.ELU(name="odd")),
    "Multiply": lambda: merged("Multiply"),
    "Softmax": lambda: model_of(L.Dense(6, name="hidden"), L.Softmax(name="odd")),
}


@pytest.mark.parametrize("kind", CURVED)
def test_what_is_curved_is_not_explained_and_all_else_works(kind):
    model = CURVED[kind]()
    with pytest.raises(ModelError):
        attribute(model, X[0], scale=255.0)
    odd = "both" if kind == "Multiply" else "odd"
    assert odd in measured_layers(model)
    record = next(r for r in layer_records(model, x=X, scale=255.0) if r.name == odd)
    assert record.dead is None, "only units of rectifiers are dead"


@pytest.mark.parametrize("make", kinds({**PIECEWISE, **CURVED}))
def test_the_ablation_of_a_unit_is_that_of_keras(make):
    model, labels = make(), np.arange(40) % 3
    layer = "hidden" if any(one.name == "hidden" for one in model.layers) else "left"
    found = ablate(model, layer, x=X, labels=labels, classes=3, scale=255.0)
    kernel, bias = model.get_layer(layer).get_weights()
    others = np.arange(len(bias)) != 2  # neither the linear unit nor relu has a value then
    model.get_layer(layer).set_weights([kernel * others, bias * others])
    predicted = model.predict(X.astype("f4") / 255, verbose=0).argmax(axis=1)
    assert found.correct[2].sum() == (predicted == labels).sum()


def test_a_layer_reads_the_input_behind_a_normalization_and_a_reshape():
    outline = Outline.of(spec_of(model_of(L.Dense(6, name="hidden"), L.ReLU())))
    assert outline.reads_input("hidden")
