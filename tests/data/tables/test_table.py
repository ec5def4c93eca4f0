"""A table of every kind of column: what each is taken for, and that files and frames give the same dataset."""

import json
import warnings
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cutaway.cache import forget_rows
from cutaway.data import Dataset, Table, column_facts, leaky_inputs, load_again, load_dataset, split_and_prepare
from cutaway.data.facts.leakage import correct_alone, halves
from cutaway.data.tables import table as tables
from cutaway.data.tables.cells import DATE_FORMATS, as_dates
from cutaway.errors import CutawayWarning, DataError, UnknownNameError, UsageError
from cutaway.topics.findings.evidence import warn_of_leaks
from tests.ready_runs import write_table


def churn(rows=600, seed=0):
    random = np.random.default_rng(seed)
    age = random.integers(18, 90, rows).astype(float)
    age[::7] = np.nan
    seen = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 1000, rows), unit="D")
    frame = pd.DataFrame(
        {
            "row": np.arange(rows),
            "age": age,
            "city": random.choice(["Rome", "Oslo", "Bonn"], rows),
            "since": seen,
            "constant": 1,
            "again": age,
            "note": [f"note {number}" for number in range(rows)],
            "zip": [f"z{number}" for number in random.integers(0, 200, rows)],
            "active": random.random(rows) < 0.5,
            "churned": random.choice(["yes", "no"], rows),
        }
    )
    frame.loc[5:9, "city"] = None
    return frame


@pytest.fixture(scope="module")
def customers():
    return churn()


def prepared(where, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CutawayWarning)  # dates and a random split
        return split_and_prepare(load_dataset(where, **{"label": "churned", **options}))


def test_what_is_done_with_each_column(customers):
    frame = customers
    table = load_dataset(frame, label="churned")
    assert {column.name: (column.use, column.treatment) for column in table.columns} == {
        "row": ("ignored", "counts the rows"),
        "age": ("feature", "standardized"),
        "city": ("feature", "one-hot"),
        "since": ("feature", "date parts"),
        "constant": ("ignored", "constant"),
        "again": ("ignored", 'the same as "age"'),
        "note": ("ignored", "nearly unique"),
        "zip": ("feature", "hashed"),
        "active": ("feature", "one-hot"),
        "churned": ("label", "the class"),
    }
    assert isinstance(table, Table)
    assert table.class_names == ("no", "yes")
    assert repr(table) == "<Table 'table': train 600 rows, 5 of 10 columns used, 2 classes>"


def test_a_table_describes_its_columns(customers):
    table = load_dataset(customers, label="churned", ignore=["zip"])
    described = table.describe()
    assert described.columns.tolist() == ["name", "type", "use", "missing", "values", "treatment"]
    assert described["name"].tolist() == customers.columns.tolist()
    assert described["missing"].tolist() == pytest.approx(customers.isna().mean().tolist())
    rows = described.set_index("name")
    low, high = customers["age"].min(), customers["age"].max()
    assert rows.loc["age", ["type", "use", "values"]].tolist() == ["number", "feature", f"{low:g} to {high:g}"]
    assert rows.loc["zip", ["use", "treatment"]].tolist() == ["ignored", "as requested"]
    assert rows.loc["churned", "use"] == "label"
    assert "z199" in table.columns[7].values
    assert "z199" not in repr(table.columns)


def test_names_of_the_inputs(customers):
    frame = customers
    _, data = prepared(frame)
    assert data.feature_names[:6] == ("age", "age is missing", "city=Bonn", "city=Oslo", "city=Rome", "city is missing")
    assert data.feature_names[6:11] == tuple(
        f"since {part}" for part in ("time", "month sin", "month cos", "weekday sin", "weekday cos")
    )
    assert data.feature_names[-2:] == ("active=false", "active=true")
    assert len(data.feature_names) == data.features


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "tsv", "csv, semicolon", "parquet", "feather", "polars", "arrow"])
def test_every_source_gives_the_same_dataset(kind, customers, tmp_path):
    frame = customers
    import polars
    import pyarrow

    writers = {
        "csv": lambda path: frame.to_csv(path, index=False),
        "csv.gz": lambda path: frame.to_csv(path, index=False),
        "tsv": lambda path: frame.to_csv(path, index=False, sep="\t"),
        "csv, semicolon": lambda path: frame.to_csv(path, index=False, sep=";", decimal=",", encoding="utf-16"),
        "parquet": lambda path: frame.to_parquet(path, row_group_size=100),
        "feather": lambda path: frame.to_feather(path),
    }
    if kind in writers:
        where = tmp_path / f"table.{kind.split(',')[0]}"
        writers[kind](where)
    else:
        where = polars.from_pandas(frame) if kind == "polars" else pyarrow.Table.from_pandas(frame)
    split, data = prepared(where)
    expected_split, expected = prepared(frame)
    assert data.sha256 == expected.sha256
    assert data.feature_names == expected.feature_names
    assert np.array_equal(split.train.index, expected_split.train.index)
    table, some = load_dataset(where, label="churned"), split.train.take(slice(50))
    numbers = table.numbers_of(table.rows_of(some))
    np.testing.assert_array_equal(numbers["age"], frame["age"].to_numpy()[some.index])


def test_categories_do_not_depend_on_who_wrote_them(tmp_path):
    texts = {"pandas": "True,3.0", "R": "TRUE,3", "JSON": "true,3.00"}
    for name, text in texts.items():
        path = tmp_path / f"{name}.csv"
        path.write_text("flag,kind,y\n" + f"{text},a\n{text},b\nFalse,-4,b\nFalse,-4,a\n,0,a\n,0,b\n" * 20)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CutawayWarning)  # equal rows
            _, data = split_and_prepare(load_dataset(path, label="y", category=["kind"]))
        assert data.feature_names[:3] == ("flag=false", "flag=true", "flag is missing")
        assert data.feature_names[3:] == ("kind=-4", "kind=0", "kind=3")


def test_a_folder_of_parquet_files_is_one_table(customers, tmp_path):
    frame = customers
    for number, start in enumerate(range(0, 600, 200)):
        frame[start : start + 200].to_parquet(tmp_path / f"part-{number}.parquet")
    assert prepared(tmp_path)[1].sha256 == prepared(frame)[1].sha256
    frame[:5].rename(columns={"age": "AGE"}).to_parquet(tmp_path / "part-9.parquet")
    with pytest.raises(DataError, match="part-9"):
        load_dataset(tmp_path, label="churned")


def test_text_in_a_frame_is_read_as_text_in_a_file(tmp_path):
    """pandas itself knows no "?", so a column of numbers with one is text to it."""
    frame = pd.DataFrame(
        {"age": ["31", "45", "?", "-", "28"] * 20, "zip": ["01234", "99999", "10115", "", "80331"] * 20}
    )
    frame["y"] = np.tile(["a", "b"], 50)
    frame.to_csv(tmp_path / "t.csv", index=False)
    kinds = {}
    for where in (frame, tmp_path / "t.csv"):
        table = load_dataset(where, label="y")
        kinds[str(type(where))] = [(c.kind, c.missing, c.treatment) for c in table.columns]
    first, second = kinds.values()
    assert first == second
    assert first[:2] == [("number", 40, "standardized"), ("category", 20, "one-hot")]


def test_labels_may_get_names(customers):
    table = load_dataset(customers, label="churned", class_names=["stays", "leaves"])
    assert table.class_names == ("stays", "leaves")
    with pytest.raises(UsageError):
        load_dataset(customers, label="churned", class_names=["a", "b", "c"])


def test_large_tables_report_how_far_they_are(customers, tmp_path, monkeypatch):
    from cutaway.data.tables.readers import reader

    monkeypatch.setattr(reader, "SMALL", {"MB": 0, "rows": 0})
    customers.to_csv(tmp_path / "t.csv", index=False)
    told = []
    table = load_dataset(tmp_path / "t.csv", label="churned", on_progress=told.append)
    table.prepare(table.split(), warn=False, on_progress=told.append)
    assert [p.task for p in told if p.ended] == ["reading t.csv", "fitting the preparation", "preparing the table"]
    assert all(p.unit == "MB" for p in told)


def test_test_samples_may_be_in_a_file_of_their_own(customers, tmp_path):
    frame = customers
    frame.to_csv(tmp_path / "train.csv", index=False)
    churn(100, seed=1)[frame.columns[::-1]].to_csv(tmp_path / "test.csv", index=False)
    split, data = prepared(tmp_path / "train.csv", test=tmp_path / "test.csv")
    assert (len(split.train), len(split.val), len(split.test)) == (450, 150, 100)
    assert split.test[3] == "test[3]"
    assert load_again(data.origin).labels["test"].tolist() == data.sources["test"].y.tolist()


def test_a_table_is_loaded_again_from_its_origin(customers, tmp_path):
    frame = customers
    path = tmp_path / "churn.csv"
    frame.to_csv(path, index=False)
    _, data = prepared(path, ignore=["zip"], numbers="robust")
    assert json.loads(data.origin["options"]) == {"label": "churned", "ignore": ["zip"], "numbers": "robust"}
    again = load_again(json.loads(json.dumps(data.origin)))
    assert again.apply(data.preparation).sha256 == data.sha256


def test_groups_are_never_in_two_splits(customers):
    frame = customers
    split, data = prepared(frame, group="zip")
    groups = [set(frame["zip"].to_numpy()[split.part(part).index]) for part in ("train", "val", "test")]
    assert sum(map(len, groups)) == len(set.union(*groups))
    assert not split.stratified
    assert len(split.test) == pytest.approx(0.2 * 600, rel=0.15)
    assert "zip#0" not in data.feature_names


def test_the_latest_rows_are_the_test_samples(customers):
    frame = customers
    split, data = prepared(frame, time="since")
    dates = [frame["since"].to_numpy()[split.part(part).index] for part in ("train", "val", "test")]
    assert dates[0].max() < dates[1].min() <= dates[1].max() < dates[2].min()
    assert not any("since" in name for name in data.feature_names or ())


def test_a_column_holds_the_weights(customers):
    frame = customers
    table = load_dataset(frame.assign(weight=np.arange(600) / 600), label="churned", weight="weight", ignore=["row"])
    assert np.array_equal(table.weights, np.arange(600) / 600)


def test_the_label_may_be_a_number(customers):
    frame = customers
    assert load_dataset(frame, label=-1).options.label == "churned"
    assert load_dataset(frame, label=9).options.label == "active"


@pytest.mark.parametrize("options", ["5", "null", '"label"', "[]", '{"no": 1}', "{", "[" * 100_000])
def test_damaged_options_of_a_dataset_are_refused(options):
    with pytest.raises(DataError):
        load_again({"kind": "path", "path": "table.csv", "options": options})


WRONG = {
    "no label": ({"label": None}, UsageError, 'label="churned"'),
    "another label": ({"label": "churnd"}, UnknownNameError, '"churned"'),
    "a constant label": ({"label": "constant"}, DataError, "constant"),
    "a label with gaps": ({"label": "city"}, DataError, "5 of 600 rows"),
    "dates as the label": ({"label": "since"}, DataError, "since"),
    "an unknown option": ({"label": "churned", "lable": 1}, UsageError, "lable"),
    "an unknown scaling": ({"label": "churned", "numbers": "log"}, UsageError, "numbers"),
    "groups and times": ({"label": "churned", "group": "zip", "time": "since"}, UsageError, "group"),
    "too few groups": ({"label": "churned", "group": "active"}, DataError, "2 groups"),
    "times that are text": ({"label": "churned", "time": "city"}, DataError, "time"),
    "weights with gaps": ({"label": "churned", "weight": "age"}, DataError, "86"),
    "values refused": ({"label": "churned", "missing": "refuse"}, DataError, '86 of 600 rows without "age"'),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_options_are_one_line(name, customers):
    frame = customers
    options, kind, named = WRONG[name]
    with pytest.raises(kind, match=named):
        prepared(frame, **options)


@pytest.mark.parametrize(("cells", "row"), [(["1", "2", "x"], 3), (["1", "2", "inf"], 3), (["1", "1e200", "2"], 2)])
def test_a_bad_cell_is_named_with_its_row(cells, row, tmp_path):
    path = tmp_path / "t.csv"
    pd.DataFrame({"v": cells + ["3"] * 40, "y": ["a", "b"] * 21 + ["a"]}).to_csv(path, index=False)
    with pytest.raises(DataError, match=f"row {row} "):
        split_and_prepare(load_dataset(path, label="y"))


@pytest.mark.parametrize("wrong", ["31.02.2023", "29.02.2023", "31.4.2023"])
def test_a_date_that_no_calendar_has_is_refused_and_not_counted_on(wrong, tmp_path):
    dates = ["29.02.2024", wrong, "3.3.2023", *(f"{1 + row % 28}.{1 + row % 12}.2023" for row in range(117))]
    path = tmp_path / "t.csv"
    pd.DataFrame({"since": dates, "y": ["a", "b"] * 60}).to_csv(path, index=False)
    with pytest.raises(DataError, match=f'"{wrong}" in row 2 '):
        split_and_prepare(load_dataset(path, label="y"))


@pytest.mark.parametrize("form", DATE_FORMATS[2:])
def test_of_every_form_of_dates_the_days_of_a_month_are_known(form):
    def written(year, month, day):
        return date(2000, 11, 25).strftime(form).replace("2000", year).replace("11", month).replace("25", day)

    right = [("2024", "02", "29"), ("2023", "3", "1"), ("2023", "12", "31"), ("2023", "01", "03")]
    wrong = [("2023", "02", "29"), ("2024", "2", "30"), ("2023", "02", "31"), ("2023", "04", "31")]
    cells = pa.chunked_array([[written(*each) for each in right + wrong] + [None]])
    expected = [datetime(*map(int, each), tzinfo=UTC).timestamp() for each in right] + [None] * (len(wrong) + 1)
    assert as_dates(cells, form).to_pylist() == expected


def test_without_a_label_the_column_that_looks_like_one_is_proposed(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"sensor_{number}": random.normal(size=60) for number in range(30)})
    frame.insert(12, "state", ["fine", "broken", "fine"] * 20)
    frame.to_csv(tmp_path / "wide.csv", index=False)
    with pytest.raises(UsageError, match='label="state"'):
        load_dataset(tmp_path / "wide.csv")
    with pytest.raises(UsageError, match='label="state"'):
        load_dataset(frame)


def test_measured_labels_are_refused_or_questioned():
    random = np.random.default_rng(0)
    numbers = pd.DataFrame({"x": random.normal(size=300), "y": random.normal(size=300)})
    with pytest.raises(DataError):
        load_dataset(numbers, label="y")
    whole = numbers.assign(y=random.permutation(np.repeat(np.arange(50), 6)))
    with pytest.warns(CutawayWarning):
        split_and_prepare(load_dataset(whole, label="y"))


def test_suspicious_columns_are_named():
    random = np.random.default_rng(0)
    label = random.choice(["yes", "no"], 2000, p=[0.3, 0.7])
    frame = pd.DataFrame(
        {
            "age": random.normal(50, 10, 2000),
            "closed": np.where(label == "yes", 1.0, 0) + 0.05 * random.normal(size=2000),
            "why": np.where(label == "yes", "moved", "stays"),
            "customer_id": random.integers(0, 10**9, 2000),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 1000, 2000), unit="D"),
            "y": label,
        }
    )
    table = load_dataset(pd.concat([frame, frame[:200]]), label="y")
    with pytest.warns(CutawayWarning, match='"customer_id"') as caught:
        split, data = split_and_prepare(table)
    assert len(caught) == 1
    with pytest.warns(CutawayWarning) as caught:
        warn_of_leaks(table, data, split)
    leak, repeated = (str(warning.message) for warning in caught)
    assert '"closed"' in leak
    assert '"why"' in leak
    assert " of 660 training samples" in leak
    assert "equal" in repeated


def told(columns, label, seed=0):
    """The columns that tell the label alone."""
    table = load_dataset(pd.DataFrame({**columns, "y": label}), label="y")
    split, data = split_and_prepare(table, seed=seed)
    _, _, telling = column_facts(table, data, split)
    assert telling is not None
    return {data.preparation.columns_of_features[each.input] for each in telling if each.is_leak}


def test_numbers_are_judged_as_inputs_are():
    random = np.random.default_rng(0)
    label = np.arange(600) % 2
    known, noise = label + 0.1 * random.normal(size=600), random.normal(size=600)
    assert told({"known": known, "noise": noise}, label) == {"known"}
    fit, judge = halves(600)
    (found,) = leaky_inputs(np.stack([noise, known], axis=1).astype(np.float32), label, classes=2)
    assert (found.input, found.correct) == (1, correct_alone(known.astype(np.float32), label, fit, judge))
    # codes get the class that is most frequent in the first half: every second code is of class 1
    assert correct_alone(np.arange(600) % 4, label, fit, judge, codes=True) == len(judge)
    # a code with as many samples of both classes gets the first one, although the second is more frequent
    codes, y = np.array([0, 0, np.nan, np.nan, 1, 1, 0, np.nan, 1, 2]), np.array([0, 1, 0, 1, 1, 1, 0, 0, 1, 1])
    assert correct_alone(codes, y, np.arange(6), np.arange(6, 10), codes=True) == 4


def test_columns_that_tell_the_label_with_exceptions_are_named():
    random = np.random.default_rng(0)
    label = random.choice(["yes", "no"], 3000, p=[0.3, 0.7])

    def wrong(share):
        return np.where(random.random(3000) < share, random.permutation(label), label)

    known = random.choice(["a", "b"], 3000)
    columns = {
        "category": np.where(wrong(0.04) == "yes", "moved", "stays"),
        "number": (wrong(0.04) == "yes") + 0.1 * random.normal(size=3000),
        "where": np.where(wrong(0.04) == "yes", known, None),
        "when": np.where(wrong(0.04) == "yes", random.normal(size=3000), np.nan),
        "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.where(wrong(0.04) == "yes", 0, 30), unit="D"),
        "good": (wrong(0.2) == "yes") + 0.1 * random.normal(size=3000),  # right in 92%
        "noise": random.normal(size=3000),
    }
    assert told(columns, label) == {"category", "number", "where", "when", "day"}


def test_few_rows_or_a_frequent_class_are_no_proof():
    random = np.random.default_rng(0)
    label = np.tile(["a", "b"], 25)
    columns = {f"c{n}": np.where(label == "a", 0.0, 1.0) + 0.1 * random.normal(size=50) for n in range(3)}
    assert told(columns, label) == set()  # 15 samples without an error: perhaps 20% of them
    rare = np.where(random.random(3000) < 0.04, "rare", "usual")
    assert told({"x": random.normal(size=3000), "k": random.choice(["u", "v"], 3000)}, rare) == set()


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_honest_tables_raise_no_suspicion(name):
    import sklearn.datasets

    frame = getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame.drop_duplicates()
    _, data = split_and_prepare(load_dataset(frame, label="target"))
    assert isinstance(data, Dataset)
    assert data.features == frame.shape[1] - 1


def test_inputs_above_the_limit_are_a_file_that_is_made_once(tmp_path, monkeypatch, own_cache):
    table = load_dataset(write_table(tmp_path / "table.csv"), label="churned")
    in_memory = table.prepare(table.split(seed=0), warn=False)
    monkeypatch.setattr(tables, "IN_MEMORY", 0)
    on_disk = in_memory
    for _ in range(2):
        on_disk = load_dataset(tmp_path / "table.csv", label="churned").prepare(table.split(seed=0), warn=False)
        assert isinstance(on_disk.sources["train"].x, np.memmap)
        np.testing.assert_array_equal(on_disk.sources["train"].x, in_memory.sources["train"].x)
        assert len([*own_cache.glob("inputs-*")]) == 1
        monkeypatch.setattr(tables.shutil, "disk_usage", None)  # an error if it were made a second time
    forget_rows([json.loads(json.dumps(on_disk.preparation.to_record()))])  # as run.json has it
    assert not [*own_cache.glob("inputs-*")]
    monkeypatch.undo()
    monkeypatch.setattr(tables, "IN_MEMORY", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "table.csv"))
    with pytest.raises(DataError):
        table.prepare(table.split(seed=0), warn=False)
