"""Datasets from the user's arrays and tables."""

import hashlib
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

import cutaway as ct
from cutaway.data import Dataset, SampleIds, load_dataset, split_dataset
from cutaway.errors import CutawayWarning, DataError, UsageError
from cutaway.image_shape import ImageShape

X = np.arange(12, dtype=np.uint8).reshape(4, 3)
Y = [0, 1, 0, 1]
FLOATS = X / np.float32(12)


def ids(*names, sources=("train", "test")):
    pairs = [name.rstrip("]").split("[") for name in names]
    return SampleIds(
        sources,
        np.array([sources.index(source) for source, _ in pairs], np.uint8),
        np.array([int(index) for _, index in pairs], np.int64),
    )


def test_uint8_stays_uint8_and_everything_else_becomes_float32():
    assert Dataset.from_arrays(X, Y).sources["train"].x.dtype == np.uint8
    for other in (FLOATS.astype(np.float64), X.astype(np.int64), X > 3, X.tolist()):
        data = Dataset.from_arrays(other, Y)
        assert data.sources["train"].x.dtype == np.float32
        assert data.scale == 1.0
        np.testing.assert_array_equal(data.sources["train"].x, np.asarray(other, np.float32))


def test_shape_and_scale():
    data = Dataset.from_arrays(np.zeros((4, 2), np.uint8), Y)
    images = {(784,): None, (28, 28): (28, 28, 1), (8, 6, 3): (8, 6, 3), (8, 6, 1): (8, 6, 1), (8, 8, 2): None}
    for shape, image in images.items():
        data = Dataset.from_arrays(np.zeros((4, *shape), np.uint8), Y)
        assert (data.shape, data.scale) == (shape, 255.0)
        assert data.image == (None if image is None else ImageShape(*image))
        assert data.features == np.zeros(shape).size
    assert repr(data) == "<Dataset 'arrays': train 4 samples of (8, 8, 2) uint8, 2 classes>"
    assert data.origin == {"kind": "arrays"}
    assert list(data.sources) == ["train"]


def test_images_keep_their_colors():
    x = np.random.default_rng(0).integers(0, 256, (4, 5, 6, 3), np.uint8)
    shown = Dataset.from_arrays(x, Y).images(ids("train[3]", "train[0]"))
    np.testing.assert_array_equal(shown, x[[3, 0]] / np.float32(255))
    gray = Dataset.from_arrays(x[..., :1], Y).images(ids("train[3]"))
    np.testing.assert_array_equal(gray, x[[3], :, :, 0] / np.float32(255))
    stretched = Dataset.from_arrays(x / np.float32(100) - 1, Y, scale=1).images(ids("train[3]"))
    assert (stretched.min(), stretched.max(), stretched.shape) == (0, 1, (1, 5, 6, 3))


def test_rows_and_inputs_are_in_the_order_of_the_ids():
    data = Dataset.from_arrays(X, Y, x_test=X[:2] + 100, y_test=[1, 0], scale=200)
    picked = ids("test[1]", "train[3]", "train[3]", "test[0]")
    np.testing.assert_array_equal(data.x(picked), [X[1] + 100, X[3], X[3], X[0] + 100])
    assert data.x(picked).dtype == np.uint8
    assert data.y(picked).tolist() == [0, 1, 1, 1]
    assert data.y(picked).dtype == np.int64
    expected = np.array([X[1] + 100, X[3], X[3], X[0] + 100], np.float32) / np.float32(200)
    assert data.inputs(picked).dtype == np.float32
    np.testing.assert_array_equal(data.inputs(picked), expected)


def test_inputs_are_flat_unless_asked():
    data = Dataset.from_arrays(X.reshape(4, 3, 1), Y)
    assert data.inputs(ids("train[2]")).shape == (1, 3)
    assert data.inputs(ids("train[2]"), flat=False).shape == (1, 3, 1)
    nobody = ids()
    assert data.inputs(nobody).shape == (0, 3)
    assert data.inputs(nobody, flat=False).shape == (0, 3, 1)


@pytest.mark.parametrize("stranger", ["train[4]", "train[-1]", "test[0]"])
def test_ids_of_another_dataset_are_refused(stranger):
    data = Dataset.from_arrays(X, Y)
    with pytest.raises(DataError, match=re.escape(stranger)):
        data.y(ids("train[0]", stranger))


def test_the_users_arrays_are_copied_and_remain_writeable():
    mine, labels = X.copy(), np.array(Y)
    data = Dataset.from_arrays(mine, labels)
    mine[:], labels[:] = 99, 1
    np.testing.assert_array_equal(data.sources["train"].x, X)
    assert data.sources["train"].y.tolist() == Y
    for array in (data.sources["train"].x, data.sources["train"].y):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_samples_and_labels_have_a_fingerprint_whatever_the_other_samples_are():
    """Test samples are the same ones beside other training samples, and others with another value or label."""
    x, y = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32), np.arange(80) % 2

    def digest(x, y, **more):
        data = Dataset.from_arrays(x[20:], y[20:], x_test=x[:20], y_test=y[:20], **more)
        return data.digest_of(split_dataset(data).test)

    found, other = digest(x, y), x.copy()
    other[30:] = 0
    assert digest(other[:70], y[:70], name="another name", scale=2.0) == found
    assert digest(x, y, x_val=x[:5], y_val=y[:5]) == found
    changed, relabeled = x.copy(), y.copy()
    changed[3, 1] += 1
    relabeled[3] = 1 - relabeled[3]
    assert len({found, digest(changed, y), digest(x, relabeled), digest(x, y, class_names=["no", "yes"])}) == 4


def test_rows_of_a_table_have_the_same_fingerprint_without_a_column_and_prepared_on_other_rows(tmp_path):
    lines = [f"{k % 7},{k * k % 11},{'ab'[k % 3 > 0]}" for k in range(60)]
    for part, rows in (("train", lines[20:]), ("test", lines[:20])):
        (tmp_path / f"{part}.csv").write_text("\n".join(["x,y,label", *rows]) + "\n")

    def digest(seed=0, **options):
        options |= {"label": "label", "test": tmp_path / "test.csv"}
        table = load_dataset(tmp_path / "train.csv", **options)
        split = table.split(seed=seed)
        return table.prepare(split, warn=False).digest_of(split.test)

    found = digest()
    assert digest(seed=1) == digest(ignore=["y"]) == found
    (tmp_path / "test.csv").write_text("\n".join(["x,y,label", *lines[1:21]]) + "\n")
    assert digest() != found, "other labels"


def test_the_fingerprint_depends_on_the_content_only():
    base = Dataset.from_arrays(X, Y)
    assert Dataset.from_arrays(X.copy(), np.array(Y, np.int8), name="other").sha256 == base.sha256
    header = (
        b'{"arrays": [["train", "uint8", [4, 3]], ["train", "int64", [4]]], "class_names": ["0", "1"], "scale": 255.0}'
    )
    assert base.sha256 == hashlib.sha256(header + X.tobytes() + np.array(Y, "<i8").tobytes()).hexdigest()
    changed = X.copy()
    changed[3, 2] += 1
    others = [
        Dataset.from_arrays(changed, Y),
        Dataset.from_arrays(X.reshape(4, 3, 1), Y),
        Dataset.from_arrays(X.astype(np.float32), Y),
        Dataset.from_arrays(X, [0, 1, 1, 1]),
        Dataset.from_arrays(X, Y, class_names=["a", "b"]),
        Dataset.from_arrays(X, Y, scale=16),
        Dataset.from_arrays(X, Y, x_test=X, y_test=Y),
    ]
    assert len({base.sha256, *(data.sha256 for data in others)}) == 8


def test_a_dataset_can_be_pickled():
    data = Dataset.from_arrays(X, Y, x_test=X, y_test=Y)
    assert pickle.loads(pickle.dumps(data)).sha256 == data.sha256


@pytest.mark.parametrize(
    ("labels", "codes", "names"),
    [
        ([0, 2, 1, 0], [0, 2, 1, 0], ("0", "1", "2")),
        ([5, -3, 5, 40], [1, 0, 1, 2], ("-3", "5", "40")),
        (["cat", "ant", "bee", "ant"], [2, 0, 1, 0], ("ant", "bee", "cat")),
        ([True, False, True, True], [1, 0, 1, 1], ("False", "True")),
        (np.array([1, 0, 1, 1], np.uint8), [1, 0, 1, 1], ("0", "1")),
        (np.array(["b", "a", "b", "b"]), [1, 0, 1, 1], ("a", "b")),
        (np.array(["b", "a", "b", "b"], dtype=object), [1, 0, 1, 1], ("a", "b")),
        (pd.Series(["b", "a", "b", "b"], index=[7, 8, 9, 10]), [1, 0, 1, 1], ("a", "b")),
        (pd.Series(["b", "a", "b", "b"], dtype="category"), [1, 0, 1, 1], ("a", "b")),
        (pd.Series([3, 4, 3, 3], dtype="Int64"), [0, 1, 0, 0], ("3", "4")),
    ],
)
def test_labels_become_sorted_classes(labels, codes, names):
    data = Dataset.from_arrays(X, labels)
    assert data.sources["train"].y.tolist() == codes
    assert data.sources["train"].y.dtype == np.int64
    assert data.class_names == names
    assert data.classes == len(names)


def test_class_names_give_the_order_and_allow_classes_without_samples():
    names = ["no", "yes", "maybe"]
    assert Dataset.from_arrays(X, Y, class_names=names).class_names == ("no", "yes", "maybe")
    data = Dataset.from_arrays(X, ["yes", "no", "yes", "no"], class_names=names)
    assert data.sources["train"].y.tolist() == [1, 0, 1, 0]
    assert Dataset.from_arrays(X, [True, False] * 2, class_names=names).sources["train"].y.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    "arguments",
    [
        {"y": [0, 1, 0, 2], "class_names": ["a", "b"]},
        {"y": [0, -1, 0, 1], "class_names": ["a", "b"]},
        {"y": list("abac"), "class_names": ["a", "b"]},
        {"y": np.eye(4)},
        {"y": [[0], [1], [0], [1]]},
        {"y": [0.0, 1.0, 0.0, 1.0]},
        {"y": ["a", "b", None, "a"]},
        {"y": ["a", "b", float("nan"), "a"]},
        {"y": pd.Series([1, None, 0, 1], dtype="Int64")},
        {"y": [1, "a", 1, 1]},
        {"y": [1, [2], 1, 1]},
        {"y": []},
        {"y": [1, 1, 1, 1]},
        {"y": [0, 1, 0]},
        {"x_test": X, "y_test": [0, 1, 2, 0]},
        {"x_test": X, "y_test": [0, 1, 2, 0], "class_names": list("abc")},
        {"x_test": X, "y_test": list("abab")},
        {"x_test": X[:, :2], "y_test": Y},
        {"x_test": FLOATS, "y_test": Y},
        {"x_test": X, "y_test": Y[:2]},
        {"x": X[:0], "y": []},
        {"x": X[:, :0]},
        {"x": X[:, 0]},
        {"x": [[1, 2], [3]]},
        {"x": X.astype(object)},
        {"x": X * 1j},
        {"x": X.astype("datetime64[s]")},
        {"x": np.ma.array(FLOATS, mask=X == 4)},
        {"x": np.where(X == 7, np.nan, FLOATS)},
        {"x": np.where(X > 7, -np.inf, FLOATS)},
        {"x": np.where(X == 4, 1e300, FLOATS.astype(float))},
        {"x": FLOATS, "x_test": np.where(X == 4, np.nan, FLOATS), "y_test": Y},
    ],
)
def test_invalid_data_is_refused_in_one_line(arguments):
    with pytest.raises(DataError) as caught:
        Dataset.from_arrays(**{"x": X, "y": Y} | arguments)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert ("shuffle" in caught.value.hint) is (arguments.get("y_test") == [0, 1, 2, 0])


@pytest.mark.parametrize(
    "arguments",
    [{"x_test": X}, {"y_test": Y}, {"class_names": "ab"}, {"class_names": ["a", "a"]}, {"class_names": [0, 1]}],
)
def test_invalid_settings_are_usage_errors(arguments):
    with pytest.raises(UsageError):
        Dataset.from_arrays(X, Y, **arguments)


@pytest.mark.parametrize("scale", [0, -1, np.nan, np.inf, True, "x", None, 1e300])
def test_a_scale_that_cannot_divide_is_a_usage_error(scale):
    with pytest.raises(UsageError):
        Dataset.from_arrays(X, Y, scale=scale)


@pytest.mark.parametrize("name", [None, 5, b"bytes", "\ud800", "x" * 10_000_000], ids=lambda name: repr(name)[:9])
def test_a_name_that_no_run_folder_can_hold_is_refused(name):
    with pytest.raises(UsageError) as refused:
        Dataset.from_arrays(X, Y, name=name)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("name", ["\ud800", "x" * 1_001], ids=["half a pair", "long"])
def test_a_class_or_a_column_with_a_name_that_no_run_folder_can_hold_is_refused(name):
    for y, names in ((Y, ["a", name]), (np.array(["a", name])[Y], None)):
        with pytest.raises(UsageError):
            Dataset.from_arrays(X, y, class_names=names)
    if len(name) > 1:  # pandas itself refuses the other one
        with pytest.raises(UsageError):
            Dataset.from_arrays(pd.DataFrame({"a": [1.0, 2.0], name: [1.0, 2.0]}), [0, 1])


def test_unscaled_wide_inputs_warn_and_a_given_scale_does_not():
    with pytest.warns(CutawayWarning) as caught:
        data = Dataset.from_arrays([[-5.0], [250.0]], [0, 1])
    assert caught[0].filename == __file__
    assert data.scale == 1.0
    assert Dataset.from_arrays([[-5.0], [250.0]], [0, 1], scale=1).scale == 1.0
    assert Dataset.from_arrays([[-100.0], [100.0]], [0, 1]).scale == 1.0
    with pytest.warns(CutawayWarning):
        Dataset.from_arrays([[1.0], [1.0]], [0, 1], x_test=[[-101.0]], y_test=[0])
    images = np.array([0.0, 255.0]).reshape(2, 1, 1).repeat(2, axis=2)
    with pytest.warns(CutawayWarning):
        Dataset.from_arrays(images, [0, 1])


@pytest.mark.exhaustive
@pytest.mark.slow
def test_wine_is_learned_once_its_columns_are_standardized_as_the_warning_advises(tmp_path):
    bunch = load_wine()
    with pytest.warns(CutawayWarning) as caught:
        raw = Dataset.from_arrays(bunch.data, bunch.target)
    (advice,) = {str(each.message) for each in caught}
    settings = {"epochs": 30, "seed": 0, "runs": tmp_path, "progress": False}
    before = ct.train(ct.mlp((32,)), raw, **settings).test["accuracy"]
    assert "StandardScaler" in advice
    standardized = StandardScaler().fit_transform(bunch.data)
    after = ct.train(ct.mlp((32,)), Dataset.from_arrays(standardized, bunch.target), **settings).test["accuracy"]
    assert (before < 0.7, after > 0.95) == (True, True)


def test_a_warning_points_at_the_line_of_the_user_through_every_door(tmp_path):
    np.savez(tmp_path / "data.npz", x_train=np.array([[0.0], [500.0]]), y_train=np.array([0, 1]))
    with pytest.warns(CutawayWarning) as caught:
        load_dataset(tmp_path / "data.npz")
    assert caught[0].filename == __file__


def test_a_scale_that_makes_inputs_overflow_is_refused():
    with pytest.raises(UsageError):
        Dataset.from_arrays([[-5.0], [250.0]], [0, 1], scale=1e-38)
    with pytest.raises(UsageError):
        Dataset.from_arrays(np.zeros((2, 1), np.uint8), [0, 1], scale=1e-5)
    assert Dataset.from_arrays([[0.0], [1e-4]], [0, 1], scale=1e-4).scale == 1e-4


def test_a_measured_quantity_as_labels_is_refused_or_questioned():
    y = np.random.default_rng(0).normal(150, 60, 442)
    x = np.zeros((442, 1))
    with pytest.raises(DataError):
        Dataset.from_arrays(x, np.zeros(442))
    with pytest.warns(CutawayWarning) as caught:
        Dataset.from_arrays(x, (y / 4).astype(int))
    assert caught[0].filename == __file__
    for samples, classes in [(400, 40), (50_000, 100), (60, 20)]:  # faces, CIFAR-100, a small one: no warning
        labels = np.arange(samples) % classes
        assert Dataset.from_arrays(np.zeros((samples, 1)), labels).classes == classes
    names = [str(number) for number in range(60)]
    assert Dataset.from_arrays(np.zeros((60, 1)), np.arange(60), class_names=names).classes == 60


class TestTables:
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "b": [0.5, 0.25, 0.0, 1.0], "c": [True, False, True, True]})
    labels = pd.Series([0, 1, 0, 1], name="y")

    def test_numeric_columns_are_features(self):
        data = Dataset.from_arrays(self.frame, self.labels)
        assert data.sources["train"].x.dtype == np.float32
        np.testing.assert_array_equal(data.sources["train"].x, [[1, 0.5, 1], [2, 0.25, 0], [3, 0, 1], [4, 1, 1]])

    def test_uint8_stays_uint8(self):
        data = Dataset.from_arrays(pd.DataFrame(X), self.labels)
        assert data.scale == 255.0
        np.testing.assert_array_equal(data.sources["train"].x, X)

    def test_nullable_columns_are_read_and_a_missing_value_is_located(self):
        whole = self.frame.assign(a=pd.array([1, 2, 3, 4], dtype="Int64"))
        assert Dataset.from_arrays(whole, self.labels).sources["train"].x[:, 0].tolist() == [1, 2, 3, 4]
        holey = self.frame.assign(a=pd.array([1, 2, None, 4], dtype="Int64"))
        with pytest.raises(DataError, match=r'train\[2\], column "a"'):
            Dataset.from_arrays(holey, self.labels)

    def test_columns_that_are_not_numeric_are_refused_by_name(self):
        frame = self.frame.assign(town="x", day=pd.Timestamp("2020-01-01"), kind=pd.Categorical(list("abab")))
        with pytest.raises(DataError):
            Dataset.from_arrays(frame, self.labels)

    def test_tables_and_labels_with_other_indexes_are_refused(self):
        with pytest.raises(DataError):
            Dataset.from_arrays(self.frame, self.labels[::-1])
        assert Dataset.from_arrays(self.frame, self.labels[::-1].to_numpy()).sources["train"].y.tolist() == [1, 0, 1, 0]

    def test_columns_in_another_order_are_refused(self):
        with pytest.raises(DataError):
            Dataset.from_arrays(self.frame, self.labels, x_test=self.frame[["c", "b", "a"]], y_test=self.labels)
