"""Every call in the table of docs/since-2017.md: the old one fails as stated, the new one works without a warning."""

import builtins
import re
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from bokeh.util.warnings import BokehDeprecationWarning

import cutaway as ct

PAGE = Path(__file__).parents[2] / "docs" / "since-2017.md"
ROW = re.compile(r"^\| `(?P<old>[^`]+)`[^|]*\| `(?P<error>\w+)` \| `(?P<new>[^`]+)` \|$", re.MULTILINE)
ROWS = [match.groups() for match in ROW.finditer(PAGE.read_text().split("\n## ")[0])]


@pytest.fixture(scope="module")
def trained():
    """A small model after two epochs, like the one in the lesson."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).random((32, 784), dtype=np.float32)
    y = np.arange(32) % 10
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(10, "softmax")])
    model.compile(keras.optimizers.SGD(0.01), "categorical_crossentropy", metrics=["accuracy"])
    targets = keras.utils.to_categorical(y, 10)
    history = model.fit(x, targets, epochs=2, verbose=0, validation_data=(x, targets))
    return {"x": x, "y": y, "model": model, "layer": model.layers[0], "history": history}


@pytest.fixture
def names(trained):
    from bokeh.plotting import figure
    from sklearn.manifold import MDS

    return trained | {
        "keras": keras,
        "K": keras.backend,
        "ct": ct,
        "Dense": keras.layers.Dense,
        "Dropout": keras.layers.Dropout,
        "SGD": keras.optimizers.SGD,
        "inputs": trained["model"].inputs,
        "outputs": trained["model"].outputs,
        "MDS": lambda **settings: Fitting(MDS(**settings), trained["x"]),
        "figure": figure,
        "p": figure(),
        "xy": trained["x"],
    }


class Fitting:
    """scikit-learn checks settings when it fits, so a bare ``MDS()`` is fitted right away."""

    def __init__(self, method, x):
        self.xy = method.fit_transform(x)

    def fit_transform(self, x):
        return self.xy


def run(code, names):
    exec(compile(code, "<since-2017.md>", "exec"), dict(names))


def test_the_table_was_found():
    table = PAGE.read_text().split("\n## ")[0]
    assert len(ROWS) == table.count("\n|") - 2 >= 19


@pytest.mark.exhaustive
@pytest.mark.parametrize(("old", "error", "new"), ROWS, ids=[row[0] for row in ROWS])
def test_the_old_call_fails_and_the_new_one_works(old, error, new, names, monkeypatch, tmp_path):
    if "load_data" in old:
        monkeypatch.setattr("socket.create_connection", refuse)
        monkeypatch.setattr("socket.getaddrinfo", refuse)
        monkeypatch.setattr("keras.src.datasets.mnist.get_file", offline_get_file(tmp_path))
    kind = BokehDeprecationWarning if error == "BokehDeprecationWarning" else getattr(builtins, error)
    if issubclass(kind, Warning):
        with pytest.warns(kind):
            run(old, names)
    else:
        with pytest.raises(kind) as caught:
            run(old, names)
        assert caught.type is kind  # no subclass: the table names what the reader sees
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(new, names)


def refuse(*address, **settings):
    raise OSError("no network")


def offline_get_file(folder):
    """Keras' own download, into an empty folder, so that it finds no earlier copy."""
    from keras.src.utils.file_utils import get_file

    def get(fname=None, origin=None, **settings):
        return get_file(fname, origin, cache_dir=str(folder), file_hash=settings.get("file_hash"))

    return get
