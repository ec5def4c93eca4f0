"""Small models of every form that can be interpreted."""

import keras
import numpy as np
from keras import layers


class Models(dict):
    """Name -> (model, hidden layer to look at, classes), each made when it is first asked for."""

    def __missing__(self, name):
        keras.utils.set_random_seed(3)
        classes = 2 if name == "one" else 3
        model, rng = FORMS[name](), np.random.default_rng(5)
        for weight in model.weights:  # as training leaves moving averages and biases
            if weight.name not in ("kernel", "seed_generator_state"):
                low = 0.5 if "variance" in weight.name or weight.name == "gamma" else -1.0
                weight.assign(rng.uniform(low, 1.5, weight.shape))
        _balance(model)
        self[name] = model, "first", classes
        return self[name]


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


def _skip():
    entry = keras.Input((4, 5), name="entry")
    flat = layers.Flatten(name="flat")(entry)
    first = layers.Dense(7, activation="relu", name="first")(flat)
    second = layers.Dense(7, activation="relu", name="second")(first)
    joined = layers.Concatenate(name="joined")([layers.Add(name="sum")([first, second]), second])
    return keras.Model(entry, layers.Dense(3, activation="softmax", name="out")(joined))


FORMS = {
    "mlp": lambda: _chain(layers.Dense(6, activation="relu", name="second")),
    "dropout": lambda: _chain(layers.Dropout(0.5), layers.Dense(6, activation="relu")),
    "norm": lambda: _chain(layers.BatchNormalization(), layers.ReLU(), layers.Dense(6, activation="relu")),
    "last": _chain,
    "logits": lambda: _chain(layers.Dense(6, activation="relu"), ending=None),
    "one": lambda: _chain(layers.Dense(6, activation="relu"), ending="sigmoid", units=1),
    "split": lambda: _chain(layers.Dense(6), layers.LeakyReLU(), ending="activation"),
    "skip": _skip,
    "frozen": lambda: _chain(layers.Dense(6, activation="relu", trainable=False)),
}
