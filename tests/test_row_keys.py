"""Whether rows are equal is decided once, by their values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import cutaway.row_keys as module
from cutaway.row_keys import first_equal, row_keys

DTYPES = ("bool", "uint8", "int16", "int64", "float16", "float32", "float64")
FEW = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, 0.1, 1e-320, 1e300, -1e300, np.inf, -np.inf, np.nan, -np.nan])


def is_equal(one: np.ndarray, other: np.ndarray) -> bool:
    return all(a == b or (np.isnan(a) and np.isnan(b)) for a, b in zip(one.flat, other.flat, strict=True))


@given(arrays("float64", array_shapes(min_dims=2, max_dims=3, max_side=6), elements=FEW | st.floats()))
def test_rows_have_equal_keys_if_their_values_are_equal(x: np.ndarray) -> None:
    keys, first = row_keys(x), first_equal(row_keys(x))
    for i in range(len(x)):
        for j in range(i + 1):
            assert (keys[i] == keys[j]).all() == is_equal(x[i], x[j])
        assert first[i] == next(j for j in range(len(x)) if is_equal(x[i], x[j]))


@given(arrays("uint8", (5, 4), elements=st.integers(0, 1)), st.sampled_from(DTYPES), st.sampled_from(DTYPES))
def test_the_same_values_are_equal_in_every_type(x: np.ndarray, one: str, other: str) -> None:
    assert (row_keys(x.astype(one)) == row_keys(x.astype(other))).all()


def test_a_value_that_was_rounded_is_another() -> None:
    x = np.array([[0.1, 2.0**30 + 1]])
    assert (row_keys(x) != row_keys(x.astype(np.float32))).all()
    assert (row_keys(np.array([[2**30 + 1]])) == row_keys(x[:, 1:])).all()


def test_keys_do_not_depend_on_how_rows_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).integers(0, 9, (3000, 4)).astype(np.float32)
    whole = row_keys(x)
    monkeypatch.setattr(module, "CHUNK", 28)
    assert (row_keys(x) == whole).all()
    assert first_equal(row_keys(x[:0])).tolist() == []
    assert first_equal(row_keys(x[:5, :0])).tolist() == [0] * 5
    known: dict[bytes, int] = {}
    assert first_equal(whole).tolist() == [known.setdefault(row.tobytes(), number) for number, row in enumerate(x)]
    assert 1000 < len(known) < 2900


def test_many_rows_of_zeros_and_ones_are_told_apart() -> None:
    x = np.random.default_rng(1).integers(0, 2, (200_000, 40), dtype=np.uint8)
    assert len(np.unique(row_keys(x), axis=0)) == len(np.unique(x, axis=0))
