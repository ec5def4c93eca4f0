"""Columns that nothing is learned from are named with the reason, wherever a table is used."""

import numpy as np
import pandas as pd
import pytest

from cutaway.data import Preparation, left_out, left_out_in_words, load_dataset, split_and_prepare
from cutaway.errors import CutawayWarning, DataError
from cutaway.topics.findings.evidence import warn_of_leaks

SENTENCES = ("the card was charged twice", "nobody has answered me yet", "all good and thank you")


def table(**columns):
    random = np.random.default_rng(0)
    rows = 300
    frame = pd.DataFrame({"x": random.normal(size=rows), "label": ["a", "b"] * (rows // 2)})
    return load_dataset(frame.assign(**columns), label="label", ignore=["asked"] if "asked" in columns else [])


def numbered(text, rows=300):
    return [text.format(k, k + 1) for k in range(rows)]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (numbered("row {} came after {} or so"), "free text"),
        (numbered("a\ttab and  {} spaces here"), "free text"),
        (numbered("Ada Number{}"), "nearly unique"),
        (numbered("A-{}"), "nearly unique"),
        (numbered("Braund, Mr. Owen {}"), "nearly unique"),
        ([1] * 300, "constant"),
        ([None] * 300, "no value is known"),
        (list(range(300)), "counts the rows"),
        ([str(10**30 + k) for k in range(300)], "counts the rows"),  # float64 would round all to the same number
        ([2**60 + k for k in np.random.default_rng(0).permutation(300).tolist()], "nearly unique"),
        (np.random.default_rng(0).permutation(300), "nearly unique"),
        (np.random.default_rng(0).permutation(10**6)[:300], None),  # such as amounts, which differ by chance
        (np.random.default_rng(0).integers(0, 900, 300), None),
        (np.random.default_rng(0).permutation(300) / 2, None),
        ([SENTENCES[k % 3] for k in range(300)], None),
        ([f"{SENTENCES[k % 2]} {k % 100}" for k in range(300)], None),  # hashed: not nearly unique
    ],
)
def test_what_is_left_out_and_why(values, why):
    found = left_out(table(y=values).columns)
    assert found == ({} if why is None else {"y": why})


@pytest.mark.parametrize(
    ("name", "is_left_out"),
    [
        *(
            ("customer_id", True),
            ("CustomerId", True),
            ("Kundennr", True),
            ("Vertragsnummer", True),
            ("order no", True),
        ),
        *(("amount", False), ("valid", False), ("casino", False), ("paid", False)),
    ],
)
def test_whole_numbers_that_all_differ_identify_rows_if_they_are_called_so(name, is_left_out):
    numbers = np.random.default_rng(0).permutation(10**6)[:300]
    assert left_out(table(**{name: numbers}).columns) == ({name: "nearly unique"} if is_left_out else {})
    assert left_out(table(**{name: numbers // 50_000}).columns) == {}, "of 20 values"


def test_labels_that_float64_rounds_to_the_same_number_are_two_classes():
    frame = pd.DataFrame({"x": np.arange(60) % 7, "label": [str(10**30 + k % 2) for k in range(60)]})
    loaded = load_dataset(frame, label="label")
    assert loaded.class_names == (str(10**30), str(10**30 + 1))
    assert loaded.labels["train"].tolist() == [0, 1] * 30


def test_a_column_that_somebody_left_out_is_named_too():
    assert left_out(table(asked=np.arange(300) % 7).columns) == {"asked": "as requested"}


@pytest.mark.filterwarnings("error")
def test_free_text_is_warned_of_and_kept_in_the_preparation():
    given = table(note=numbered("row {} came after {} or so"), name=numbered("A-{}"))
    split, data = split_and_prepare(given)
    with pytest.warns(CutawayWarning, match='"note"'):
        warn_of_leaks(given, data, split)
    assert data.preparation.left_out == {"note": "free text", "name": "nearly unique"}
    assert Preparation.from_record(data.preparation.to_record()) == data.preparation
    _, plain = split_and_prepare(table())
    assert "left_out" not in plain.preparation.to_record()
    assert Preparation.from_record(plain.preparation.to_record()).left_out == {}


@pytest.mark.parametrize("damaged", [5, ["note"], {"note": 5}, {"note": None}, {"note": "x" * 3_000}])
def test_a_damaged_record_is_refused(damaged):
    _, data = split_and_prepare(table())
    with pytest.raises(DataError):
        Preparation.from_record(data.preparation.to_record() | {"left_out": damaged})


def test_few_are_listed_by_name():
    assert left_out_in_words({}) == ""
    assert left_out_in_words({"a": "constant", "b": "free text"}) == '"a" (constant) and "b" (free text)'
    many = left_out_in_words({f"c{k}": "constant" for k in range(1_200)})
    assert many.startswith('"c0" (constant), ')
    assert many.endswith('"c7" (constant) and 1,192 more')


def test_a_table_of_which_nothing_is_left_says_why():
    frame = pd.DataFrame({"text": numbered("row {} came after {} or so"), "label": ["a", "b"] * 150})
    with pytest.raises(DataError):
        load_dataset(frame, label="label")
    with pytest.raises(DataError):
        load_dataset(frame[["label"]], label="label")
