"""What the lesson has defined before each exercise: the data, and the models trained so far (trained on first use)."""

import os
import tempfile
from functools import cache

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers
from sklearn.model_selection import train_test_split

import cutaway as ct

data = ct.load_dataset("mnist")
folder = tempfile.TemporaryDirectory()

_y = data.sources["train"].y
_x = data.sources["train"].x.reshape(60_000, 784).astype("float32") / 255
_train, _val = train_test_split(np.arange(60_000), test_size=0.25, random_state=0, stratify=_y)
X_train, X_val, y_train, y_val = _x[_train], _x[_val], _y[_train], _y[_val]
Y_train, Y_val = keras.utils.to_categorical(y_train, 10), keras.utils.to_categorical(y_val, 10)


def _fit(model: keras.Model, epochs: int) -> keras.callbacks.History:
    return model.fit(
        X_train,
        Y_train,
        batch_size=128,
        epochs=epochs,
        validation_data=(X_val, Y_val),
        verbose=0,
    )


def _compiled(*parts: keras.layers.Layer) -> keras.Model:
    model = keras.Sequential([keras.Input((784,)), *parts])
    model.compile(
        loss="categorical_crossentropy",
        optimizer=keras.optimizers.SGD(0.01),
        metrics=["accuracy"],
    )
    return model


@cache
def plain_model() -> tuple[keras.Model, keras.callbacks.History, keras.callbacks.History]:
    """The model without dropout, trained for two epochs and then two more, and both histories."""
    keras.utils.set_random_seed(0)
    model = _compiled(
        layers.Dense(512, activation="relu"),
        layers.Dense(512, activation="relu"),
        layers.Dense(10, activation="softmax"),
    )
    return model, _fit(model, 2), _fit(model, 2)


@cache
def dropout_model() -> keras.Model:
    """The model with dropout, trained for four epochs."""
    keras.utils.set_random_seed(0)
    model = _compiled(
        layers.Dense(512, activation="relu", name="dense_1"),
        layers.Dropout(0.2, name="dropout_1"),
        layers.Dense(512, activation="relu", name="dense_2"),
        layers.Dropout(0.2, name="dropout_2"),
        layers.Dense(10, activation="softmax", name="output"),
    )
    _fit(model, 4)
    return model


@cache
def lesson_run() -> ct.Run:
    """The model with dropout, trained by cutaway."""
    model = ct.mlp(hidden=(512, 512), dropout=0.2)
    return ct.train(
        model, data, recipe="lesson-dropout", seed=0, runs=folder.name, progress=False
    )
