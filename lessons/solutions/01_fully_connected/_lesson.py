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

SEED = 0
DATASET, BATCH_SIZE = "mnist", 128

data = ct.load_dataset(DATASET)
if "test" not in data.sources:  # "digits" has one part: keep a fifth of it for the test
    everything = data.sources["train"]
    x, x_test, y, y_test = train_test_split(
        everything.x, everything.y, test_size=0.2, random_state=SEED, stratify=everything.y
    )
    data = ct.Dataset.from_arrays(
        x, y, x_test=x_test, y_test=y_test, scale=data.scale, name=DATASET
    )

X_train, y_train = data.sources["train"].x, data.sources["train"].y
X_test, y_test = data.sources["test"].x, data.sources["test"].y
PIXELS = X_train[0].size  # 784

folder = tempfile.TemporaryDirectory()

X_train = X_train.reshape(-1, PIXELS).astype("float32") / data.scale
_train, _val = train_test_split(
    np.arange(len(y_train)), test_size=0.25, random_state=SEED, stratify=y_train
)
X_train, X_val = X_train[_train], X_train[_val]
y_train, y_val = y_train[_train], y_train[_val]
Y_train, Y_val = keras.utils.to_categorical(y_train, 10), keras.utils.to_categorical(y_val, 10)


def _fit(model: keras.Model, epochs: int, first: int = 0) -> keras.callbacks.History:
    return model.fit(
        X_train,
        Y_train,
        batch_size=BATCH_SIZE,
        initial_epoch=first,
        epochs=epochs,
        validation_data=(X_val, Y_val),
        verbose=0,
    )


def _compiled(*parts: keras.layers.Layer) -> keras.Model:
    model = keras.Sequential([keras.Input((PIXELS,)), *parts])
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
    return model, _fit(model, 2), _fit(model, 4, 2)


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
        model,
        data,
        recipe="lesson-dropout",
        batch_size=BATCH_SIZE,
        seed=0,
        runs=folder.name,
        progress=False,
    )
