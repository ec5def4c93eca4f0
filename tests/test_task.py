"""What the answers are: names, words, and groups of samples with alike answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import UsageError
from cutaway.task import LEAST, STRATA, Task, number_text, stratum_names

PRICE, PLACE = Task(targets=("price",)), Task(targets=("x", "y"))
CLASSES = Task(class_names=("cat", "dog"))


def test_classes_are_their_own_strata_and_have_names():
    y = {"train": np.array([1, 0, 1])}
    assert CLASSES.strata(y) is y
    assert CLASSES.texts(y["train"]) == ["dog", "cat", "dog"]
    assert CLASSES.names == ("cat", "dog")
    assert not CLASSES.is_numbers
    CLASSES.need_classes("this")


def test_numbers_are_told_to_five_digits_and_several_by_name():
    assert PRICE.texts(np.array([[12_345.678], [0.0123456], [-3.0], [2.5e12]])) == [
        "12,346",
        "0.012346",
        "-3",
        "2.5e+12",
    ]
    assert PLACE.texts(np.array([[1.5, -2.0]])) == ["x 1.5, y -2"]
    assert number_text(9_999.4) == "9999.4"
    assert number_text(123_456_789.4) == "123,456,789"
    with pytest.raises(UsageError, match="price"):
        PRICE.need_classes("a confusion")


def test_a_thousand_different_numbers_are_divided_into_tenths():
    y = np.random.default_rng(0).permutation(np.arange(1_000.0))[:, None]
    strata = PRICE.strata({"train": y[:800], "test": y[800:]})
    both = np.concatenate([strata["train"], strata["test"]])
    assert (both == np.concatenate([y[:800], y[800:]])[:, 0] // 100).all()
    assert both.dtype == np.int64


numbers = st.lists(st.integers(-3, 30), min_size=1, max_size=200)


@given(numbers, st.integers(0, 5))
def test_strata_are_ordered_share_ties_and_are_neither_many_nor_small(values, held_out):
    y = np.array(values, np.float64)[:, None]
    parts = {"train": y[held_out:], "test": y[:held_out]}
    found = PRICE.strata(parts)
    flat, strata = (np.concatenate([each[part] for part in parts]).ravel() for each in (parts, found))
    order = np.argsort(flat, kind="stable")
    assert (np.diff(strata[order]) >= 0).all()
    assert (np.diff(strata[order])[np.diff(flat[order]) == 0] == 0).all()
    counts = np.bincount(strata)
    assert len(counts) <= STRATA
    assert counts.min() >= min(LEAST / 2, len(flat))
    assert counts.sum() == len(flat)


def test_strata_have_names():
    assert stratum_names(1) == ("all of them",)
    assert stratum_names(3) == ("lowest third", "second third", "highest third")
    assert stratum_names(10)[0] == "lowest tenth"
    assert stratum_names(10)[9] == "highest tenth"
    assert len(set(stratum_names(7))) == 7
