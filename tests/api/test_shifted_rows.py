"""Columns of new rows that differ from the training samples are said; those that are alike are not."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.topics.prediction.shift import ShiftedColumns
from tests.ready_runs import record_untrained

pytestmark = pytest.mark.slow


def rows_of(count, seed):
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "weight": random.normal(70, 12, count),
            "age": random.integers(18, 90, count).astype(float),
            "place": random.choice(["north", "south", "west"], count),
        }
    )


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    rows = rows_of(900, 0)
    rows.assign(label=np.where(rows["weight"] + rows["age"] > 124, "yes", "no")).to_csv(folder / "p.csv", index=False)
    data = ct.load_dataset(folder / "p.csv", label="label")
    return record_untrained(data, folder / "runs")


def said(run, given):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run.predict(given)
    return [str(each.message) for each in caught if "than chance" in str(each.message)]


def test_rows_like_the_training_samples_are_not_warned_of(people):
    assert all(said(people, rows_of(count, seed)) == [] for seed, count in enumerate((1, 49, 60, 400), start=1))


def test_a_column_in_another_unit_is_named(people, tmp_path):
    rows = rows_of(300, 9)
    rows["weight"] *= 2.2
    rows.to_csv(tmp_path / "new.csv", index=False)
    (found,) = said(people, tmp_path / "new.csv")
    assert found.startswith("1 ")
    assert re.search('"weight" .*100%', found)
    assert "age" not in found


def test_other_categories_and_missing_cells_are_named(people):
    rows = rows_of(300, 10)
    rows["place"] = "north"
    rows.loc[:200, "age"] = np.nan
    (found,) = said(people, rows)
    assert found.startswith("2 ")
    assert re.search('"place" .*"place=north" in 100%.* in 3', found)
    assert "age" in found
    assert "weight" not in found


def test_rows_in_any_order_are_compared_with_all(people):
    """A sorted file of more rows than are compared holds what the training samples hold."""
    assert said(people, rows_of(9000, 11).sort_values("age")) == []


@pytest.mark.parametrize(
    ("make", "columns"),
    [("copies of three rows", 0), ("6 of 10 constant", 6), ("all equal", 10), ("2 of 3 constant", 2)],
)
def test_copies_of_a_row_with_one_column_changed_are_a_question_and_no_new_rows(make, columns, recwarn):
    random = np.random.default_rng(2)
    rows = random.normal(size=(210, 10))
    if "copies" in make:
        rows = np.repeat(rows[: 1 if "one" in make else 3], 210 if "one" in make else 70, axis=0)
        rows[:, 3] = np.tile(np.linspace(-3, 3, 70), 3)
    elif make == "all equal":
        rows[:] = 0.5
    else:
        rows[:, : int(make[0])] = 0.5
        rows = rows[:, : int(make.split()[2])]
    names = [str(n) for n in range(rows.shape[1])]
    compared = ShiftedColumns(random.normal(size=(400, len(names))).astype(np.float32), names, names)
    compared.add(rows.astype(np.float32))
    compared.warn()
    assert [str(each.message).split()[0] for each in recwarn] == ([str(columns)] if columns else [])


@pytest.mark.exhaustive
def test_a_hundred_columns_of_new_rows_drawn_alike_are_warned_of_as_rarely_as_is_said(recwarn):
    """Each of 200 sets may differ with a probability of 0.001."""
    random = np.random.default_rng(1)
    for _ in range(200):
        names = [str(n) for n in range(100)]
        compared = ShiftedColumns(random.normal(size=(400, 100)).astype(np.float32), names, names)
        compared.add(random.normal(size=(60, 100)).astype(np.float32))
        compared.warn()
    assert len(recwarn) <= 2
