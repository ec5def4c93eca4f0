import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.data import stratified_sample
from cutaway.errors import DataError, UsageError


@given(counts=st.lists(st.integers(0, 30), min_size=1, max_size=6), limit=st.integers(1, 80), seed=st.integers(0, 9))
def test_every_class_has_its_share(counts, limit, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    chosen = stratified_sample(labels, limit, seed=seed)
    total = len(labels)
    assert chosen.dtype == np.int64
    assert len(chosen) == min(limit, total)
    assert (np.diff(chosen) > 0).all()
    drawn = np.bincount(labels[chosen], minlength=len(counts))
    if total:
        assert (np.abs(drawn - np.array(counts) * len(chosen) / total) < 1).all()


def test_the_same_seed_draws_the_same_samples():
    labels = np.arange(1000) % 10
    first = stratified_sample(labels, 100, seed=1)
    np.testing.assert_array_equal(first, stratified_sample(labels, 100, seed=1))
    assert (first != stratified_sample(labels, 100, seed=2)).any()
    np.testing.assert_array_equal(np.bincount(labels[first]), np.full(10, 10))


def test_every_sample_is_equally_likely():
    labels = np.array([0] * 6 + [1] * 6)
    picked = np.bincount(np.concatenate([stratified_sample(labels, 4, seed=seed) for seed in range(600)]))
    np.testing.assert_allclose(picked / 600, 1 / 3, atol=0.08)


def test_labels_may_be_strings():
    np.testing.assert_array_equal(stratified_sample(np.array(["b", "a", "b", "b"]), 4, seed=0), np.arange(4))


@pytest.mark.parametrize("limit", [0, -1, 2.5, True])
def test_invalid_limits_are_refused(limit):
    with pytest.raises(UsageError):
        stratified_sample(np.arange(5), limit, seed=0)


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5])
def test_invalid_seeds_are_refused(seed):
    with pytest.raises(UsageError):
        stratified_sample(np.arange(5), 2, seed=seed)


def test_one_hot_labels_are_refused():
    with pytest.raises(DataError):
        stratified_sample(np.eye(3), 2, seed=0)


def test_a_slice_of_ids_gives_ids_and_a_position_a_name():
    from cutaway.data import SampleIds

    ids = SampleIds(("train", "test"), np.array([0, 1, 1], np.uint8), np.array([5, 0, 7]))
    assert (ids[1], ids[-1]) == ("test[0]", "test[7]")
    assert ids[1:].names() == ["test[0]", "test[7]"]
    assert len(ids[5:]) == 0
