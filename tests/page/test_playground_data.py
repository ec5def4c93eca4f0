"""Data of the playground, in Node, against the lines of Python that the page shows for them."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from .node import run_script

IMPORTS = {"playground/data_sets.js": "DATA_SETS, makeSamples, trainTestSplit"}

CHOICES = [
    {"samples": 200, "classes": 3, "noise": 0.2, "seed": 0},
    {"samples": 101, "classes": 4, "noise": 0.0, "seed": 7},
    {"samples": 61, "classes": 10, "noise": 1.5, "seed": 2**31 - 1},
]

BODY = """
  return Object.keys(DATA_SETS).flatMap((name) => data.choices.map((choice) => {
    const settings = { ...choice, data: name };
    const samples = makeSamples(settings);
    const parts = trainTestSplit(samples, 0.3, choice.seed);
    return { settings, samples, parts, python: DATA_SETS[name].python(settings) };
  }));
"""


@pytest.fixture(scope="module")
def made():
    return run_script(BODY, {"choices": CHOICES}, imports=IMPORTS)


def test_every_dataset_is_the_one_that_its_lines_of_python_make(made):
    assert len({each["settings"]["data"] for each in made}) >= 13
    for each in made:
        names = {"np": np}
        exec("\n".join(each["python"]), names)
        samples, x, y = each["samples"], names["x"], names["y"]
        assert len(x) == each["settings"]["samples"]
        np.testing.assert_allclose(samples["x"].reshape(x.shape), x, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(samples["y"], y.ravel(), rtol=1e-6, atol=1e-6)
        assert samples["outputs"] == len(samples["classNames"]) == (1 if samples["isRegression"] else len(np.unique(y)))


def test_samples_are_divided_as_by_scikit_learn(made):
    for each in made:
        samples, parts = each["samples"], each["parts"]
        x = samples["x"].reshape(-1, samples["inputs"])
        expected = train_test_split(x, samples["y"], test_size=0.3, random_state=each["settings"]["seed"])
        for part, (inputs, labels) in zip(("train", "test"), (expected[::2], expected[1::2]), strict=True):
            np.testing.assert_array_equal(parts[part]["x"], inputs.ravel())
            np.testing.assert_array_equal(parts[part]["y"], labels)
