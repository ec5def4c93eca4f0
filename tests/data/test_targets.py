"""Answers that are numbers: of arrays and of tables, and how their samples are divided."""

import json

import numpy as np
import pandas as pd
import pytest

from cutaway.data import Dataset, Table, load_dataset, split_and_prepare
from cutaway.errors import DataError, UsageError

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=40) * 100


def test_floats_that_are_not_all_whole_are_numbers_and_a_copy():
    given = Y.copy()
    data = Dataset.from_arrays(X, given)
    given[:] = 0
    assert data.targets == ("y",)
    assert data.class_names == ()
    assert data.outputs == 1
    np.testing.assert_array_equal(data.labels["train"], Y[:, None])
    assert data.labels["train"].dtype == np.float64


@pytest.mark.parametrize(
    ("y", "options", "names"),
    [
        (np.arange(40), {"targets": ["age"]}, ("age",)),  # whole numbers are classes unless they have a name
        (np.stack([Y, -Y], axis=1), {}, ("y1", "y2")),
        (np.stack([Y, -Y], axis=1), {"targets": ["up", "down"]}, ("up", "down")),
        (pd.Series(Y, name="price"), {}, ("price",)),
        (pd.DataFrame({"a": Y, "b": Y + 1}), {}, ("a", "b")),
        (Y[:, None], {}, ("y",)),
        ((Y > 0), {"targets": "is_up"}, ("is_up",)),
    ],
)
def test_targets_have_the_names_that_are_given_or_those_of_pandas(y, options, names):
    data = Dataset.from_arrays(X, y, **options)
    assert data.task.names == names
    np.testing.assert_array_equal(data.labels["train"], np.asarray(y, np.float64).reshape(40, -1))


@pytest.mark.parametrize(
    ("y", "options", "error"),
    [
        (np.where(Y > 150, np.nan, Y), {}, DataError),
        (np.where(np.arange(40) == 3, np.inf, Y), {}, DataError),
        (np.zeros(40), {"targets": ["y"]}, DataError),  # all the same
        (Y[:30], {}, DataError),
        (Y[:, None, None], {"targets": ["y"]}, DataError),
        (np.array(["a"] * 40), {"targets": ["y"]}, DataError),
        (Y, {"targets": ["a", "b"]}, UsageError),
        (np.stack([Y, Y], axis=1), {"targets": ["a", "a"]}, UsageError),
        (Y, {"class_names": ["a", "b"]}, UsageError),
        (np.arange(40) % 2, {"log": True}, UsageError),
        (np.arange(40.0), {}, DataError),  # whole floats: classes or numbers, the user says which
    ],
)
def test_what_is_neither_numbers_nor_classes_is_refused(y, options, error):
    with pytest.raises(error):
        Dataset.from_arrays(X, y, **options)


def test_the_fingerprint_depends_on_the_targets_and_on_the_logarithm():
    made = [
        Dataset.from_arrays(X, np.exp(Y / 100), targets=[name], log=log)
        for name, log in [("a", False), ("b", False), ("a", True), ("a", False)]
    ]
    assert len({data.sha256 for data in made}) == 3
    assert made[0].sha256 == made[3].sha256


@pytest.fixture
def homes(ready_run):
    return ready_run("homes").path.parents[1] / "homes.csv"


def test_a_column_of_numbers_is_the_target_and_no_input(homes):
    table, frame = load_dataset(homes, target="price"), pd.read_csv(homes)
    assert isinstance(table, Table)
    np.testing.assert_array_equal(np.concatenate([*table.labels.values()])[:, 0], frame["price"])
    _, data = split_and_prepare(table, validation=0.25, seed=0)
    assert data.targets == ("price",)
    assert not any("price" in name for name in data.feature_names or ())
    again = load_dataset(homes, **json.loads(table.options.to_json()))
    assert again.options == table.options


def test_several_targets_are_in_the_order_in_which_they_are_named(homes):
    table = load_dataset(homes, target=("price", "noise"))
    frame = pd.read_csv(homes)
    np.testing.assert_array_equal(table.labels["train"], frame[["price", "noise"]])
    assert table.task.names == ("price", "noise")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"target": "area"}, DataError),  # missing in some rows
        ({"target": "city"}, DataError),  # text
        ({"target": "cost"}, UsageError),  # no such column
        ({"target": "price", "label": "city"}, UsageError),
        ({"target": "price", "class_names": ("a", "b")}, UsageError),
        ({"label": "city", "log": True}, UsageError),
        ({"target": ("price", "price")}, UsageError),
        ({"target": "price", "ignore": ("price",)}, UsageError),
    ],
)
def test_a_target_that_is_none_is_refused(homes, options, error):
    with pytest.raises(error):
        load_dataset(homes, **options)


@pytest.mark.parametrize("rows", [60, 600])
def test_each_part_of_a_split_has_its_share_of_low_and_of_high_targets(homes, rows):
    frame = pd.read_csv(homes).head(rows)
    split, data = split_and_prepare(load_dataset(frame, target="price"), validation=0.25, seed=3)
    place = dict(zip(np.sort(frame["price"]), np.linspace(0, 1, rows), strict=True))
    for part in (split.train, split.val, split.test):
        thirds = np.bincount([int(place[y] * 2.999) for y in data.y(part)[:, 0]], minlength=3) / len(part)
        np.testing.assert_allclose(thirds, 1 / 3, atol=0.17 if rows == 60 else 0.04)


def test_a_file_of_test_rows_has_the_same_targets(homes, tmp_path):
    frame = pd.read_csv(homes)
    frame.head(50).to_csv(tmp_path / "test.csv", index=False)
    frame.tail(550).to_csv(tmp_path / "train.csv", index=False)
    table = load_dataset(tmp_path / "train.csv", target="price", test=str(tmp_path / "test.csv"))
    np.testing.assert_array_equal(table.labels["test"][:, 0], frame["price"].head(50))
