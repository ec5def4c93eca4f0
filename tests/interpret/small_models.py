"""Small models of every form that can be interpreted."""

import keras
import numpy as np
from keras import layers


def models():
    """Name -> (model, hidden layer to look at, classes)."""
    keras.utils.set_random_seed(3)
    entry = keras.Input((4, 5), name="entry")
    flat = layers.Flatten(name="flat")(entry)
    first = layers.Dense(7, activation="relu", name="first")(flat)
    second = layers.Dense(7, activation="relu", name="second")(first)
    joined = layers.Concatenate(name="joined")([layers.Add(name="sum")([first, second]), second])
    skip = keras.Model(entry, layers.Dense(3, activation="softmax", name="out")(joined))
    found = {
        "mlp": (_chain(layers.Dense(6, activation="relu", name="second")), "first", 3),
        "dropout": (_chain(layers.Dropout(0.5), layers.Dense(6, activation="relu")), "first", 3),
        "norm": (_chain(layers.BatchNormalization(), layers.ReLU(), layers.Dense(6, activation="relu")), "first", 3),
        "last": (_chain(), "first", 3),
        "logits": (_chain(layers.Dense(6, activation="relu"), ending=None), "first", 3),
        "one": (_chain(layers.Dense(6, activation="relu"), ending="sigmoid", units=1), "first", 2),
        "split": (_chain(layers.Dense(6), layers.LeakyReLU(), ending="activation"), "first", 3),
        "skip": (skip, "first", 3),
    }
    rng = np.random.default_rng(5)
    for model, _, _ in found.values():
        for weight in model.weights:  # as training leaves moving averages and biases
            positive = "variance" in weight.name or weight.name == "gamma"
            low = 0.5 if positive else -1.0
            if weight.name not in ("kernel", "seed_generator_state"):
                weight.assign(rng.uniform(low, 1.5, weight.shape))
    found["frozen"] = (_chain(layers.Dense(6, activation="relu", trainable=False)), "first", 3)
    for model, _, _ in found.values():
        _balance(model)
    return found


def _balance(model):
    """Let no class win everywhere: the biases of the output subtract the mean of the logits."""
    last = next(layer for layer in reversed(model.layers) if isinstance(layer, layers.Dense))
    x = (rows(100) / 255).astype("float32").reshape(100, *model.inputs[0].shape[1:])
    hidden = keras.Model(model.inputs, last.input).predict(x, verbose=0)
    kernel, _ = last.get_weights()
    last.set_weights([kernel, -hidden.mean(axis=0) @ kernel])


def _chain(*middle, ending="softmax", units=3):
    last = (
        [layers.Dense(units), layers.Activation("softmax")]
        if ending == "activation"
        else [layers.Dense(units, activation=ending)]
    )
    first = layers.Dense(9, activation="relu", name="first")
    return keras.Sequential([keras.Input((20,)), first, *middle, *last])


def rows(n):
    """Raw samples, uint8 ``(n, 4, 5)``."""
    return np.random.default_rng(8).integers(0, 256, (n, 4, 5), dtype=np.uint8)
