import re

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import cutaway as ct
from cutaway.context import RunContext
from cutaway.data import Dataset, split_dataset
from cutaway.errors import DataError, ModelError, UnknownNameError
from cutaway.image_shape import ImageShape
from tests.ready_runs import record_untrained


def test_a_sample_is_explained_by_name_and_by_values(digits_run):
    named = digits_run.explain(digits_run.split.test[5])
    row = digits_run.data.x(digits_run.split.test)[5]
    found = digits_run.explain(row)
    np.testing.assert_array_equal(named.attribution.logits, found.attribution.logits)
    assert named.winner == digits_run.class_names[digits_run.predictions()[5].argmax()]
    assert named.runner_up != named.winner
    table = named.to_pandas("dense_2")
    assert table["contribution"].is_monotonic_decreasing
    total = table["contribution"].sum() + named.attribution.offsets["dense_2"]
    assert total == pytest.approx(named.attribution.difference, abs=1e-4)
    assert len(named.to_pandas()) == 64
    assert list(named.to_pandas().columns) == ["input", "contribution"]
    with pytest.raises(UnknownNameError):
        named.to_pandas("dense_9")


def test_a_pixel_has_its_place_and_its_value(digits_run):
    row = digits_run.data.x(digits_run.split.test)[5]
    for sample in (digits_run.split.test[5], row):
        (shown,) = digits_run.explain(sample).tables(limit=0)
        assert len(shown) == 64
        for line in shown.texts():
            x, y = re.fullmatch(r"row (\d), column (\d)", line["Input"]).groups()
            assert line["Value"] == f"{row[int(x) - 1, int(y) - 1]:g}"
    (units,) = digits_run.explain(row).tables("dense_2")
    assert [column.heading for column in units.columns] == ["Unit", "Contribution", "Activation"]


def test_a_place_in_an_image_names_the_channel_where_there_are_several():
    assert ImageShape(28, 28, 1).pixel(28 * 13 + 9) == "row 14, column 10"
    assert ImageShape(28, 28, 3).pixel(3 * (28 * 13 + 9) + 2) == "row 14, column 10, channel 3"


def test_the_label_is_given_its_probability_where_it_is_neither_of_the_two_compared(digits_run):
    found = digits_run.explain("test[5]")
    first, second, third = np.argsort(-found.probabilities)[:3]
    (table,) = found.tables(label=found.class_names[third])
    chance = f"{found.probabilities[third]:.1%}"
    assert chance in table.notes[1]
    for label in (first, second):
        (other,) = found.tables(label=found.class_names[label])
        assert len(other.notes) == len(table.notes) - 1


def test_values_of_arrays_and_of_tables_are_those_of_the_data(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(90, 3)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    runs = tmp_path / "runs"
    found = record_untrained(Dataset.from_arrays(x, y, scale=1), runs).explain("sample[5]")
    (shown,) = found.tables()
    assert {line["Input"]: line["Value"] for line in shown.texts()} == {
        f"column {k + 1}": f"{x[5, k]:g}" for k in range(3)
    }
    frame = pd.DataFrame(x.round(3), columns=["a", "b", "c"]).assign(y=np.where(y, "yes", "no"))
    frame.to_csv(tmp_path / "t.csv", index=False)
    run = record_untrained(ct.load_dataset(tmp_path / "t.csv", label="y"), runs)
    (shown,) = run.explain("sample[5]").tables()
    read = pd.read_csv(tmp_path / "t.csv", dtype=str)
    assert {line["Input"]: line["Value"] for line in shown.texts()} == read.loc[5, ["a", "b", "c"]].to_dict()
    (shown,) = run.explain(frame.iloc[[5]].drop(columns="y")).tables()
    assert "Value" not in [column.heading for column in shown.columns], "of a new row only prepared values are kept"


@pytest.mark.parametrize(
    "name", ["test", "nowhere[3]", "sample[x]", "sample[-1]", "sample[1797]", "test[360]", "sample[" + "9" * 30 + "]"]
)
def test_samples_of_no_such_name(digits_run, name):
    with pytest.raises(UnknownNameError, match=r"sample\[0\] to sample\[1796\].*test\[0\] to test\[359\]"):
        digits_run.explain(name)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_place_in_a_split_that_is_ours_names_a_sample(digits_run, split):
    ids = digits_run.context.sample(f"{split}[7]")
    assert ids.names() == [digits_run.split.part(split)[7]]
    assert ids[0].startswith("sample["), "its own name says no split"
    np.testing.assert_array_equal(digits_run.data.x(ids)[0], digits_run.data.x(digits_run.split.part(split))[7])


def test_a_source_of_the_data_goes_before_a_split():
    generator = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = generator.normal(size=(60, 2))
    data = Dataset.from_arrays(x, y, x_test=x[:9] + 1, y_test=y[:9])
    split = split_dataset(data, validation=0.25, seed=0)
    context = RunContext.__new__(RunContext)
    context.data = context.loaded = data
    context.split = split
    for name in ("train[7]", "test[7]"):
        assert context.sample(name).names() == [name]
        assert context.sample(name).index[0] == 7
    assert context.sample("val[7]").names() == [split.val[7]]
    with pytest.raises(UnknownNameError):
        context.sample("val[15]")


def test_a_model_that_is_not_piecewise_linear_is_refused(tmp_path):
    run = record_untrained(ct.load_dataset("digits"), tmp_path, activation="tanh")
    with pytest.raises(ModelError, match='"dense_1" .*tanh'):
        run.explain(np.zeros((8, 8), np.float32))


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore:.*equal a training sample")
def test_an_array_with_a_number_for_each_column_is_prepared_as_the_row_is(tmp_path):
    frame = load_iris(as_frame=True).frame
    columns, frame["target"] = list(frame.columns[:-1]), np.array(["s", "ve", "vi"])[frame["target"]]
    run = ct.train(ct.mlp((16,)), ct.load_dataset(frame, label="target"), epochs=10, runs=tmp_path, progress=False)
    for row in frame[columns].to_numpy()[::15]:
        by_name = run.explain(dict(zip(columns, row, strict=True)))
        assert run.explain(row).attribution.difference == by_name.attribution.difference
        assert run.explain(row).winner == run.class_names[run.predict(row[None]).argmax()]


def test_a_new_row_is_explained_where_the_training_data_are_gone(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(90, 3)), columns=["a", "b", "c"])
    frame.assign(y=np.where(frame["a"] > 0, "yes", "no")).to_csv(tmp_path / "t.csv", index=False)
    run = record_untrained(ct.load_dataset(tmp_path / "t.csv", label="y"), tmp_path / "runs")
    expected = run.explain("sample[5]").to_pandas()
    (tmp_path / "t.csv").unlink()
    again = ct.open_run(run.path)
    for given in (frame.iloc[[5]], frame.iloc[5].to_numpy(), frame.iloc[5].to_dict()):
        pd.testing.assert_frame_equal(again.explain(given).to_pandas(), expected)
    with pytest.raises(DataError):
        again.explain("sample[5]")


def test_a_new_image_is_explained_without_the_data(digits_run, monkeypatch):
    row = digits_run.data.x(digits_run.split.test)[5]
    expected = digits_run.explain(row).to_pandas()
    again = ct.open_run(digits_run.path)
    monkeypatch.setattr(RunContext, "data", None)  # would be an error if it were used
    pd.testing.assert_frame_equal(again.explain(row).to_pandas(), expected)
