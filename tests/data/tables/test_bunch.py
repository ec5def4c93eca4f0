"""Bunches as scikit-learn's loaders and fetch_openml return them."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.datasets import load_breast_cancer
from sklearn.utils import Bunch

from cutaway.data import load_dataset, split_and_prepare
from cutaway.errors import DataError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("as_frame", [True, False])
def test_a_bunch_is_the_table_of_its_frame(as_frame):
    tumors = load_breast_cancer(as_frame=as_frame)
    table = load_dataset(tumors)
    assert (table.options.label, table.class_names) == ("target", ("malignant", "benign"))
    _, data = split_and_prepare(table)
    frame = load_breast_cancer(as_frame=True).frame
    _, expected = split_and_prepare(load_dataset(frame, label="target", class_names=table.class_names))
    assert data.sha256 == expected.sha256


def test_text_targets_are_the_classes():
    frame = pd.DataFrame({"age": RNG.normal(40, 9, 200)})
    target = pd.Series(np.tile(["2", "1"], 100), name="survived")
    table = load_dataset(Bunch(data=frame, target=target, target_names=["survived"]))
    assert (table.options.label, set(table.class_names)) == ("survived", {"1", "2"})


def test_names_are_those_of_the_numbers_in_the_target():
    target = np.tile([3, 1, 2], 30)
    bunch = Bunch(data=RNG.normal(size=(90, 2)), target=target, target_names=np.array(["a", "b", "c", "d"]))
    table = load_dataset(bunch)
    assert [table.class_names[label] for label in table.labels["train"][:3]] == ["d", "b", "c"]
    assert load_dataset(bunch, class_names=["x", "y", "z"]).class_names == ("x", "y", "z")
    assert set(load_dataset(Bunch(**bunch | {"target_names": ["class"]})).class_names) == {"1", "2", "3"}


X, Y = RNG.normal(size=(60, 3)), np.arange(60) % 3


@pytest.mark.parametrize(
    "given",
    [
        {"data": X.reshape(60, 3, 1)},
        {"data": scipy.sparse.csr_matrix(X)},
        {"target": Y[:50]},
        {"target": np.stack([Y, Y], axis=1)},
        {"feature_names": ["a", "b"]},
    ],
)
def test_a_bunch_that_is_no_table_is_one_line(given):
    with pytest.raises(DataError) as caught:
        load_dataset(Bunch(**{"data": X, "target": Y} | given))
    assert "\n" not in str(caught.value)
