"""Bunches as scikit-learn's loaders and fetch_openml return them."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.utils import Bunch

from cutaway.data import Dataset, load_dataset, split_and_prepare
from cutaway.errors import DataError, UsageError

RNG = np.random.default_rng(0)
AGE, CITY, LABEL = RNG.normal(40, 9, 200), np.tile(["Rome", "Oslo", "Bonn", "Rome", ""], 40), np.tile(["2", "1"], 100)
AGE[:3] = np.nan


def openml(*, as_frame):
    """What fetch_openml(..., as_frame=as_frame) returns for two columns and a target of categories."""
    city = pd.Categorical([value or None for value in CITY], ["Oslo", "Rome", "Bonn"])
    shared = {
        "feature_names": ["age", "city"],
        "target_names": ["survived"],
        "details": {"name": "titanic"},
        "url": "x",
    }
    if as_frame:
        data = pd.DataFrame({"age": AGE, "city": city})
        target = pd.Series(pd.Categorical(LABEL, ["1", "2"]), name="survived")
        frame = data.assign(survived=target)
        return Bunch(data=data, target=target, frame=frame, categories=None, **shared)
    codes = np.where(city.codes < 0, np.nan, city.codes.astype(float))
    categories = {"city": ["Oslo", "Rome", "Bonn"]}
    target = LABEL.astype(object)
    return Bunch(data=np.stack([AGE, codes], axis=1), target=target, frame=None, categories=categories, **shared)


def test_what_fetch_openml_returns_does_not_depend_on_as_frame():
    found = []
    for as_frame in (True, False):
        table = load_dataset(openml(as_frame=as_frame))
        assert (table.options.label, table.class_names) == ("survived", ("1", "2"))
        _, data = split_and_prepare(table)
        found.append(data)
    names = "age", "age is missing", "city=Bonn", "city=Oslo", "city=Rome", "city is missing"
    assert found[0].feature_names == names
    np.testing.assert_array_equal(found[0].sources["train"].x, found[1].sources["train"].x)
    np.testing.assert_array_equal(found[0].sources["train"].y, LABEL == "2")


def test_names_are_those_of_the_numbers_in_the_target():
    x = RNG.normal(size=(90, 2))
    bunch = Bunch(data=x, target=np.tile([3, 1, 2], 30), target_names=np.array(["a", "b", "c", "d"]))
    table = load_dataset(bunch)
    assert table.class_names == ("b", "c", "d")
    assert [column.name for column in table.columns] == ["x0", "x1", "target"]
    np.testing.assert_array_equal(table.labels["train"], np.tile([2, 0, 1], 30))
    assert load_dataset(bunch, class_names=["x", "y", "z"]).class_names == ("x", "y", "z")
    assert load_dataset(Bunch(**bunch | {"target_names": ["class"]}), label="target").class_names == ("1", "2", "3")


def test_one_of_several_targets_is_the_label_and_the_others_are_left_out():
    targets = pd.DataFrame({"a": np.tile(["x", "y"], 45), "b": np.repeat(["u", "v", "w"], 30)})
    bunch = Bunch(data=pd.DataFrame({"n": RNG.normal(size=90)}), target=targets, target_names=["a", "b"])
    with pytest.raises(UsageError, match='needs the one that is the label; got the targets a, b; next: .*label="a"'):
        load_dataset(bunch)
    with pytest.raises(UsageError, match="the targets a, b and label='c'"):
        load_dataset(bunch, label="c")
    table = load_dataset(bunch, label="b")
    assert (table.class_names, [column.name for column in table.columns]) == (("u", "v", "w"), ["n", "b"])


def test_several_targets_in_an_array_are_chosen_from_as_in_a_frame():
    targets = np.stack([np.tile([0, 1], 45), np.repeat([0, 1, 2], 30)], axis=1)
    bunch = Bunch(data=RNG.normal(size=(90, 2)), target=targets, target_names=["a", "b"])
    with pytest.raises(UsageError, match='needs the one that is the label; got the targets a, b; next: .*label="a"'):
        load_dataset(bunch)
    table = load_dataset(bunch, label="a")
    assert (table.class_names, [column.name for column in table.columns]) == (("0", "1"), ["x0", "x1", "a"])
    np.testing.assert_array_equal(table.labels["train"], targets[:, 0])
    with pytest.raises(UsageError, match="got the targets target 1, target 2"):
        load_dataset(Bunch(data=bunch.data, target=targets))


X, Y = np.random.default_rng(1).normal(size=(60, 3)), np.arange(60) % 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"data": ["a text"] * 60}, "is not empty; got 60 texts; next: turn texts into numbers first, .*TfidfVect"),
        ({"data": X[:, 0]}, r"table \(sample, column\) .* ndarray of the shape \(60,\); next: reshape"),
        ({"data": X.reshape(60, 3, 1)}, r"ndarray of the shape \(60, 3, 1\); next: reshape"),
        ({"data": X[:0], "target": Y[:0], "target_names": ["a", "b", "c"]}, r"shape \(0, 3\); next: check how"),
        ({"data": pd.DataFrame(X)[:0], "target": Y[:0]}, r"DataFrame of the shape \(0, 3\); next: check how"),
        ({"data": [[1, 2], [3]], "target": [0, 1]}, "form one rectangular array; got rows of different lengths"),
        ({"data": None}, r"NoneType of the shape \(\)"),
        ({"target": Y[:50]}, r"one target for each sample; got 60 samples and targets of the shape \(50,\)"),
        ({"data": pd.DataFrame(X), "target": pd.Series(Y[:50])}, r"60 samples and targets of the shape \(50,\)"),
        ({"target": 3}, r"60 samples and targets of the shape \(\)"),
        ({"feature_names": ["a", "b"]}, "one name for each column; got 2 feature_names for 3 columns"),
        ({"target_names": ["a", "b", "a"]}, 'have different names; got "a" for 0 and for 2 in target_names'),
    ],
)
def test_a_bunch_that_is_no_table_is_one_line(given, message):
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(Bunch(**{"data": X, "target": Y} | given))
    assert "\n" not in str(caught.value)


def test_rows_in_a_list_are_a_table():
    table, expected = (load_dataset(Bunch(data=data, target=Y.tolist())) for data in (X.tolist(), X))
    assert table.describe().equals(expected.describe())


def test_a_bunch_without_a_target_needs_a_label():
    frame = pd.DataFrame({"n": RNG.normal(size=90), "kind": np.tile(["x", "y"], 45)})
    bunch = Bunch(data=frame, target=None, frame=frame)
    with pytest.raises(UsageError, match="a table needs its label"):
        load_dataset(bunch)
    assert load_dataset(bunch, label="kind").class_names == ("x", "y")


def test_a_sparse_matrix_becomes_an_array():
    x = scipy.sparse.random(60, 30, density=0.2, format="csr", random_state=0, dtype=np.float32)
    names = [f"word {number}" for number in range(30)]
    bunch = Bunch(data=x, target=np.tile([0, 1, 2], 20), target_names=["a", "b", "c"], feature_names=names)
    data = load_dataset(bunch)
    assert isinstance(data, Dataset)
    assert (data.class_names, data.feature_names) == (("a", "b", "c"), tuple(names))
    np.testing.assert_array_equal(data.sources["train"].x, x.toarray())
    with pytest.raises(UsageError, match="takes class_names; got numbers"):
        load_dataset(bunch, numbers="none")


def test_a_target_named_like_a_column_keeps_both():
    data = pd.DataFrame({"target": RNG.normal(size=60), "n": RNG.normal(size=60)})
    table = load_dataset(Bunch(data=data, target=np.tile([0, 1], 30), target_names=["no", "yes"]))
    assert [column.name for column in table.columns] == ["target", "n", "target_"]
    assert table.class_names == ("no", "yes")
