"""Rows that belong together are noticed, and healthy columns are not."""

import warnings

import numpy as np
import pandas as pd
import pytest

from cutaway.data import load_dataset, split_and_prepare
from cutaway.data.facts import grouping_of, groups
from cutaway.errors import CutawayWarning
from cutaway.topics.findings.evidence import warn_of_leaks


def households(seed, *, like=0.9, count=400):
    """Households of one to six people, who have the label of their household with the chance ``like``."""
    random = np.random.default_rng(seed)
    household = np.repeat(random.permutation(count), random.integers(1, 7, count))
    shared = random.integers(0, 2, count)[household]
    return household, np.where(random.random(len(household)) < like, shared, 1 - shared)


def frame_of(seed, **options):
    household, label = households(seed, **options)
    random = np.random.default_rng(seed)
    order = random.permutation(len(label))
    frame = pd.DataFrame({"household": [f"h{k}" for k in household], "income": random.normal(size=len(label))})
    return frame.assign(label=np.where(label, "yes", "no")).iloc[order].reset_index(drop=True)


def notes_of(frame, **options):
    table = load_dataset(frame, label="label", **options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CutawayWarning)
        split, data = split_and_prepare(table)
        warn_of_leaks(table, data, split)
    return table, split, [str(each.message) for each in caught]


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_a_household_are_noticed_as_numbers_and_as_names(seed):
    household, label = households(seed, like=0.8)
    for ordered in (False, True):
        found = grouping_of(household.astype(float), label, ordered=ordered)
        assert found.agreement - found.chance > 0.1
        assert found.groups == 400


@pytest.mark.parametrize("seed", range(5))
def test_healthy_columns_are_not_noticed(seed):
    random = np.random.default_rng(seed)
    rows = 2_000
    district = random.integers(0, 200, rows)
    share = random.uniform(0.2, 0.8, 200)
    age = random.integers(18, 90, 700)
    unique = random.permutation(rows)
    healthy = [
        (district, random.integers(0, 3, rows), False),  # nothing to do with the label
        (district, (random.random(rows) < share[district]).astype(int), False),  # a category that tells something
        (age, (random.random(700) < 1 / (1 + np.exp((50 - age) / 3))).astype(int), True),  # so do ages beside it
        (age, (age > 50).astype(int), True),
        (unique, unique % 2, True),  # one row each
        (random.integers(0, 10, rows), random.integers(0, 2, rows), False),  # a few large ones
        (district, np.zeros(rows, int), False),  # a single class
    ]
    for values, label, ordered in healthy:
        assert grouping_of(values.astype(float), label, ordered=ordered) is None


def test_labels_are_shuffled_only_where_rows_of_a_value_agree(monkeypatch):
    """Of 40 columns of 50,000 rows, shuffling took five of the six seconds in which a table was prepared."""
    measured = []
    real = groups._within
    monkeypatch.setattr(groups, "_within", lambda counts: (measured.append(1), real(counts))[1])
    random = np.random.default_rng(0)
    assert grouping_of(random.integers(0, 200, 2_000).astype(float), random.integers(0, 3, 2_000), ordered=True) is None
    assert len(measured) == 1
    household, label = households(0)
    found = grouping_of(household.astype(float), label, ordered=False)
    assert len(measured) == 2 + groups.SHUFFLES
    shuffled = [real(groups._counts(household, random.permutation(label), (400, 2))) for _ in range(200)]
    assert found.chance == pytest.approx(np.mean(shuffled), abs=0.01)


def test_missing_values_are_no_group():
    values = np.full(300, np.nan)
    assert grouping_of(values, np.arange(300) % 2, ordered=False) is None
    household, label = households(0)
    gaps = np.where(np.random.default_rng(0).random(len(label)) < 0.2, np.nan, household)
    assert grouping_of(gaps, label, ordered=False).groups < 400


def test_a_table_asks_for_the_group_with_the_share_of_held_out_rows_that_have_one_in_training():
    frame = frame_of(0)
    _, split, (note,) = notes_of(frame)
    names = frame["household"].to_numpy()
    share = np.isin(names[split.test.index], names[split.train.index]).mean()
    assert f'{share:.0%} of the held-out rows share their "household" with a training row' in note
    assert 'group="household"' in note
    assert share > 0.6
    assert notes_of(frame, group="household")[2] == []
    assert notes_of(frame, ignore=["household"])[2] == []
    assert notes_of(frame.assign(label=np.random.default_rng(1).permutation(frame["label"])))[2] == []


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
def test_healthy_tables_are_silent(name):
    import sklearn.datasets

    frame = getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame.rename(columns={"target": "label"})
    assert notes_of(frame)[2] == []
