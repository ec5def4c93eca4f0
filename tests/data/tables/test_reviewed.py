"""Faults that a review found: each of these gave a wrong result without a word, or an error that was none."""

import warnings

import numpy as np
import pandas as pd
import pytest

from cutaway.data import Dataset, load_again, load_dataset, split_and_prepare
from cutaway.errors import CutawayError, CutawayWarning, DataError, UsageError


def small(rows=120, seed=0):
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {"p": random.normal(size=rows), "c": random.choice(["u", "v"], rows), "y": random.choice(["a", "b"], rows)}
    )


def test_a_frame_may_have_test_samples_of_its_own(tmp_path):
    small(40, seed=1).to_csv(tmp_path / "test.csv", index=False)
    small().to_csv(tmp_path / "train.csv", index=False)
    for where in (small(), tmp_path / "train.csv"):
        for test in (small(40, seed=1), tmp_path / "test.csv", str(tmp_path / "test.csv")):
            table = load_dataset(where, label="y", test=test)
            assert [len(labels) for labels in table.labels.values()] == [120, 40]


def test_a_decimal_comma_beside_decimal_points(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("p;q;r;y\n" + "4,5;12.5;1.500;a\n5,5;0.123;2.000.000;b\n1,25;12.345;3.250;a\n" * 20)
    by_name = {column.name: column for column in load_dataset(path, label="y").columns}
    assert (by_name["p"].low, by_name["p"].high) == (1.25, 5.5)
    assert (by_name["q"].low, by_name["q"].high) == (0.123, 12.5)
    assert (by_name["r"].low, by_name["r"].high) == (1500, 2_000_000)


def test_marks_of_missing_values_may_follow_a_space(tmp_path):
    path = tmp_path / "adult.csv"
    path.write_text("p, q, y\n" + "1, ?, a\n NA, x, b\n3, z, a\n" * 30)
    by_name = {column.name: column for column in load_dataset(path, label="y").columns}
    assert (by_name["p"].type, by_name["p"].missing) == ("number", 30)
    assert (by_name["q"].type, by_name["q"].missing, by_name["q"].distinct) == ("category", 30, 2)


def test_groups_are_known_and_shared_ones_are_said():
    frame = small().assign(g=np.repeat(np.arange(24), 5).astype(float))
    with pytest.raises(DataError, match="5 of 120"):
        load_dataset(frame.assign(g=frame["g"].where(frame["g"] != 3)), label="y", group="g")
    with pytest.warns(CutawayWarning, match="24 of 24"):
        load_dataset(frame, label="y", group="g", test=frame)


def test_gaps_are_refused_wherever_they_are():
    frame = small()
    frame.loc[119, "p"] = np.nan
    with pytest.raises(DataError, match='"p"'):
        load_dataset(frame, label="y", missing="refuse")
    with pytest.raises(DataError, match='"p"'):
        load_dataset(small(), label="y", missing="refuse", test=frame)


def test_a_class_of_the_latest_rows_only_is_refused():
    frame = small().assign(t=np.arange(120), y=["a"] * 100 + ["b"] * 20)
    with pytest.raises(DataError, match='"b"'):
        load_dataset(frame, label="y", time="t").split()


@pytest.mark.parametrize("bad", ["2020-13-45", "someday"])
def test_a_bad_date_is_named_with_its_row(bad, tmp_path):
    days = pd.date_range("2020-01-01", periods=120).strftime("%Y-%m-%d").tolist()
    days[76] = bad
    small().assign(d=days).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match=f'"{bad}" in row 77'):
        load_dataset(tmp_path / "t.csv", label="y")


def test_dates_that_do_not_tell_day_from_month_are_said():
    frame = small().assign(d=[f"{1 + n % 12:02}/{1 + n % 5:02}/2020" for n in range(120)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, day_first = split_and_prepare(load_dataset(frame, label="y"))
    assert "month_first" in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dates and a random split
        _, month_first = split_and_prepare(load_dataset(frame, label="y", month_first=True))
    assert [step.date_format for step in day_first.preparation.steps if step.kind == "date"] == ["%d/%m/%Y"]
    assert [step.date_format for step in month_first.preparation.steps if step.kind == "date"] == ["%m/%d/%Y"]


def test_names_that_pandas_gives_to_columns_without_names(tmp_path):
    pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3))).assign(y=list("ab") * 25).rename(
        columns={"y": 3}
    ).to_csv(tmp_path / "t.csv", index=False)
    table = load_dataset(tmp_path / "t.csv", label="3")
    assert len(table.labels["train"]) == 50


def test_very_large_numbers_and_long_texts_are_refused_or_bounded():
    with pytest.raises(DataError):
        split_and_prepare(load_dataset(small().assign(p=[1e60] + [1.0, 2.0] * 59 + [1.0]), label="y"))
    with pytest.raises(DataError):
        load_dataset(small().rename(columns={"p": "p" * 300}), label="y")
    long = small().assign(c=["x" * 2000, "short"] * 60)
    _, data = split_and_prepare(load_dataset(long, label="y"))
    assert data.feature_names == ("p", "c=short", "c is another value")


@pytest.mark.parametrize(
    "call",
    [
        lambda f: load_dataset(f["p"], label="y"),
        lambda f: load_dataset(f, label=1.5),
        lambda f: load_dataset(f, label=["y"]),
        lambda f: load_dataset(f, label="y", ignore=1),
        lambda f: load_dataset(f, label="y", ignore=[1]),
        lambda f: load_dataset(f, label="y", test=5),
        lambda f: load_dataset(f, label="y", group=5),
        lambda f: load_dataset(f.assign(y=[[1]] * len(f)), label="y"),
        lambda f: load_dataset(f.assign(g=[[1]] * len(f)), label="y", group="g"),
        lambda f: load_dataset(f.assign(p=[2**70] * len(f)), label="y"),
        lambda f: load_again({"kind": "path", "path": "x.csv", "options": '{"label": ["y"]}'}),
        lambda f: load_again({"kind": "path", "path": "x.csv", "options": '{"label": "y", "where": "/etc"}'}),
        lambda f: load_again({"kind": "path", "path": "x.csv", "options": "[" * 100_000}),
    ],
)
def test_odd_calls_are_one_line(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small().to_csv("x.csv", index=False)
    with pytest.raises(CutawayError) as caught:
        call(small())
    assert "\n" not in str(caught.value)


def test_an_empty_folder_is_no_table(tmp_path):
    from cutaway.data.tables import open_reader

    with pytest.raises(DataError):
        open_reader(tmp_path)


def test_a_table_of_one_source_is_a_dataset_once_it_is_split():
    _, data = split_and_prepare(load_dataset(small(), label="y"))
    assert isinstance(data, Dataset)
    with pytest.raises(UsageError):
        load_dataset(small(), label="y", test_share=2.0)


def test_a_date_that_stands_for_no_end_is_read(tmp_path):
    until = ["2021-03-04", "9999-12-31", "1500-01-01", "2020-02-29"] * 10
    pd.DataFrame({"until": until, "y": ["a", "b"] * 20}).to_csv(tmp_path / "t.csv", index=False)
    table = load_dataset(tmp_path / "t.csv", label="y", use=["until"])
    assert next(column for column in table.columns if column.name == "until").kind == "date"
    split = table.split(validation=0.25, seed=0)
    assert np.isfinite(table.prepare(split, warn=False).inputs(split.part("all"))).all()
