"""The preparation against scikit-learn's transformers, through JSON, and on samples unlike those it was fitted on."""

import json
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, RobustScaler, StandardScaler

from cutaway.data import Preparation, load_dataset, split_and_prepare
from cutaway.data.preparation import CategoryStep, DateStep, NumberStep
from cutaway.data.tables import cell_chunks, frame_reader
from cutaway.data.tables.cells import read_cells
from cutaway.errors import DataError

SCALERS = {
    "standard": StandardScaler(),
    "robust": RobustScaler(),
    "quantile": QuantileTransformer(n_quantiles=200, subsample=None, output_distribution="normal"),
    "none": "passthrough",
}


def make_frame(rows=800, seed=0):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "a": random.normal(50, 20, rows),
            "b": random.exponential(1000, rows).round(1),
            "c": random.choice(["red", "green", "blue"], rows),
            "y": random.choice(["p", "q"], rows),
        }
    )
    frame.loc[random.random(rows) < 0.1, "b"] = np.nan
    return frame


def apply(preparation, frame):
    reader = frame_reader(frame)
    chunks = cell_chunks(reader, preparation.columns, formats=preparation.date_formats)
    ((_, cells),) = chunks
    return preparation.apply(cells)


@pytest.mark.parametrize("numbers", SCALERS)
def test_inputs_are_those_of_scikit_learn_fitted_on_the_training_samples(numbers):
    frame = make_frame()
    split, data = split_and_prepare(load_dataset(frame, label="y", numbers=numbers))
    train = frame.iloc[split.train.index]
    pipeline = make_pipeline(SimpleImputer(strategy="median", add_indicator=False), SCALERS[numbers])
    # scalers are fitted on what is known, so that filling in does not narrow them
    known = SCALERS[numbers].fit(train[["a", "b"]]) if numbers != "none" else None
    filled = SimpleImputer(strategy="median").fit(train[["a", "b"]]).transform(frame[["a", "b"]])
    expected = known.transform(pd.DataFrame(filled, columns=["a", "b"])) if known is not None else filled
    colors = OneHotEncoder(sparse_output=False).fit(train[["c"]]).transform(frame[["c"]])
    assert pipeline is not None
    assert data.feature_names == ("a", "b", "b is missing", "c=blue", "c=green", "c=red")
    given = data.sources["train"].x
    assert given[:, :2] == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert np.array_equal(given[:, 2], frame["b"].isna())
    assert np.array_equal(given[:, 3:], colors)


def test_other_samples_than_training_samples_do_not_matter():
    frame = make_frame()
    split, data = split_and_prepare(load_dataset(frame, label="y"))
    other = frame.copy()
    other.loc[split.test.index, ["a", "b"]] *= 3
    assert data.preparation == split_and_prepare(load_dataset(other, label="y"))[1].preparation


def test_it_survives_json_to_the_same_inputs():
    frame = make_frame()
    _, data = split_and_prepare(load_dataset(frame, label="y", numbers="quantile"))
    again = Preparation.from_record(json.loads(json.dumps(data.preparation.to_record())))
    assert again == data.preparation
    assert np.array_equal(apply(again, frame[frame.columns[::-1]])[0], data.sources["train"].x)


def test_inputs_have_different_names_and_those_of_columns_stay():
    frame = make_frame().assign(**{"b is missing": np.random.default_rng(1).normal(size=800)})
    frame["c=red"] = frame["a"] ** 2
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, data = split_and_prepare(load_dataset(frame, label="y"))
    derived = ("b is missing (of b)", "c=blue", "c=green", "c=red (of c)")
    assert data.feature_names == ("a", "b", *derived, "b is missing", "c=red")
    said = [str(warning.message) for warning in caught]
    assert [any(f'"{derived[k]}"' in text for text in said) for k in (0, 3)] == [True, True]
    x = data.sources["train"].x
    np.testing.assert_array_equal(x[:, 2], frame["b"].isna())
    np.testing.assert_array_equal(x[:, 5], frame["c"] == "red")


def test_names_that_two_derived_inputs_share_say_their_columns():
    first = CategoryStep(column="a", values=("b=c",))
    second = CategoryStep(column="a=b", values=("c",))
    third = NumberStep(column="a=b=c (of a=b)", fill=0.0, low=0.0, high=1.0)
    names = Preparation(steps=(first, second, third), rows=5).features
    assert names == ("a=b=c", "a=b=c (of a=b) (of a=b)", "a=b=c (of a=b)")


def test_rare_values_share_an_input():
    frame = make_frame(2000).assign(c=["common"] * 1000 + ["usual"] * 980 + [f"rare {n}" for n in range(20)])
    _, data = split_and_prepare(load_dataset(frame.sample(frac=1, random_state=0), label="y"))
    assert data.feature_names[-3:] == ("c=common", "c=usual", "c is another value")
    assert data.sources["train"].x[:, -1].sum() == 20


def test_what_no_training_sample_had_is_noted():
    _, data = split_and_prepare(load_dataset(make_frame(), label="y"))
    new = pd.DataFrame({"c": ["red", "mauve", None], "b": [1.0, np.nan, 1e9], "a": [np.nan, 50.0, -400.0]})
    inputs, notes = apply(data.preparation, new)
    assert np.isfinite(inputs).all()
    assert inputs[1, 3:].tolist() == inputs[2, 3:].tolist() == [0, 0, 0]
    (unknown, far_a, far_b, category) = sorted(notes.items(), key=lambda item: item[0])[0:4]
    text = " | ".join(f"{rule}: {count} {example}" for rule, (count, example) in notes.items())
    assert '"a" is empty, which it never was in training' in text
    assert "1 -400" in text
    assert "1 1e+09" in text
    assert '"c" has a value that no training sample has: 1 mauve' in text
    assert len(notes) == 4, (unknown, far_a, far_b, category)


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.drop(columns="a"),
        lambda f: f.assign(a="x"),
        lambda f: f.assign(a=pd.Timestamp("2020-01-01")),
        lambda f: f.assign(a=np.inf),
    ],
)
def test_columns_that_lack_or_have_another_type_are_refused_by_name(change):
    frame = make_frame()
    _, data = split_and_prepare(load_dataset(frame, label="y"))
    with pytest.raises(DataError) as caught:
        apply(data.preparation, change(frame))
    assert "'a'" in str(caught.value) or '"a"' in str(caught.value)


def test_parts_of_dates_against_pandas():
    days = pd.date_range("2019-12-30 00:00", periods=2000, freq="7h")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, data = split_and_prepare(load_dataset(pd.DataFrame({"t": days, "y": np.tile(["a", "b"], 1000)}), label="y"))
    inputs = dict(zip(data.feature_names, data.sources["train"].x.T, strict=True))
    angle = {
        "month": 2 * np.pi * (days.day_of_year - 1) / np.where(days.is_leap_year, 366, 365),
        "weekday": 2 * np.pi * days.day_of_week / 7,
        "hour": 2 * np.pi * (days.hour + days.minute / 60) / 24,
    }
    for part, expected in angle.items():
        assert inputs[f"t {part} sin"] == pytest.approx(np.sin(expected), abs=1e-6)
        assert inputs[f"t {part} cos"] == pytest.approx(np.cos(expected), abs=1e-6)
    assert np.corrcoef(inputs["t time"], np.arange(2000))[0, 1] == pytest.approx(1)


@pytest.mark.parametrize(
    "text", ["2020-03-31", "2020-03-31T12:30:00", "2020-03-31T12:30:00Z", "31.03.2020", "2020/03/31"]
)
def test_dates_are_recognized_as_text(text):
    frame = pd.DataFrame(
        {"t": [text, text.replace("2020", "2021")] * 50, "x": range(0, 200, 2), "y": list("aabb") * 25}
    )
    table = load_dataset(frame, label="y")
    assert table.columns[0].kind == "date"


DAMAGED = [
    {"steps": []},
    {"steps": [{"kind": "number", "column": "a", "fill": "x", "low": 0, "high": 1}]},
    {"steps": [{"kind": "number", "column": "a", "fill": 0.0, "low": 0, "high": 1, "scale": 0.0}]},
    {"steps": [{"kind": "number", "column": "a", "fill": 0.0, "low": 0, "high": 1, "quantiles": [2.0, 1.0]}]},
    {"steps": [{"kind": "hash", "column": "a", "inputs": 10**9}]},
    {"steps": [{"kind": "pickle", "column": "a"}]},
    {"steps": "x"},
    [],
    None,
]


@pytest.mark.parametrize("record", DAMAGED)
def test_a_damaged_record_is_one_line(record):
    with pytest.raises(DataError):
        Preparation.from_record({"rows": 1, **record} if isinstance(record, dict) else record)


def test_steps_are_plain_and_bounded():
    step = NumberStep(column="a", fill=0, low=0, high=1)
    assert step.model_dump(mode="json")["kind"] == "number"
    assert CategoryStep(column="c", values=("x",), other=True).features == ("c=x", "c is another value")
    assert DateStep(column="d", parts=("time",), fill=0, center=0, scale=1).features == ("d time",)


@pytest.mark.parametrize("row", [0, 1, 2, 37, 499])
@pytest.mark.parametrize(
    ("cells", "wrong", "form"),
    [
        (["2024-03-05"] * 500, "5.3.", "ISO 8601"),
        (["2024-03-05 08:30:00", None] * 250, "soon", "ISO 8601"),
        (["05.03.2024"] * 500, "2024-03-05", "%d.%m.%Y"),
        (["1.5", "2e3", "inf", None, "7"] * 100, "x", ""),
    ],
)
def test_a_cell_that_cannot_be_read_is_found_in_its_own_row(cells, wrong, form, row):
    """ISO dates are read all at once or not at all, and the first row was blamed for any other."""
    given = [*cells[:row], wrong, *cells[row + 1 :]]
    with pytest.raises(DataError) as caught:
        read_cells(
            pa.table({"a": pa.chunked_array([given[:100], given[100:]], pa.string())}),
            {"a": "date" if form else "number"},
            formats={"a": form},
            decimal=".",
            first=1000,
            where="new.csv",
        )
    assert f'"{wrong}" in row {1000 + row + 1:,} of new.csv' in caught.value.got
