"""The last hidden layer: what the output layer reads."""

import keras
import pytest
from keras import layers as L

from cutaway.interpret import default_layer


def row(*layers, shape=(6,)):
    return keras.Sequential([keras.Input(shape), *layers])


def branches():
    entry = keras.Input((6,))
    a = L.Dense(4, name="a")(entry)
    b = L.Dense(4, name="b")(entry)
    return keras.Model(entry, L.Dense(2, name="out")(L.Dropout(0.1)(L.Add(name="sum")([a, b]))))


def residual():
    entry = keras.Input((6,))
    a = L.Dense(4, name="a")(entry)
    return keras.Model(entry, L.Add(name="sum")([L.Dense(4, name="b")(a), a]))


MODELS = {
    "relu": lambda: row(
        L.Dense(4), L.BatchNormalization(), L.Activation("relu", name="relu"), L.Dropout(0.1), L.Dense(2)
    ),
    "dense": lambda: row(L.Dense(4, activation="relu", name="dense"), L.GaussianNoise(0.1), L.Dense(2), L.Softmax()),
    "norm": lambda: row(L.Dense(4, activation="relu"), L.BatchNormalization(name="norm"), L.Dense(2)),
    "grid": lambda: row(L.Dense(4, activation="relu", name="grid"), L.Flatten(), L.Dense(2), shape=(3, 2)),
    "slopes": lambda: row(L.Dense(4), L.PReLU(name="slopes"), L.Dense(2), L.Activation("softmax")),
    "only": lambda: row(L.Rescaling(0.5), L.Dense(2, name="only")),
    "flat only": lambda: row(L.Flatten(), L.Dropout(0.1), L.Dense(2, name="flat only"), shape=(3, 2)),
    "sum": branches,
    "b": residual,
}


@pytest.mark.parametrize("name", MODELS)
def test_it_is_what_the_output_layer_reads(name):
    assert default_layer(MODELS[name]()) == name
