import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import DataError
from cutaway.metrics import DIFFICULTIES, DynamicsTracker
from cutaway.metrics.dynamics import FLOOR
from cutaway.options import DYNAMICS_SORTS


def tracked(probabilities, labels, *, chunk=None):
    """Dynamics of ``(epoch, sample, class)``, epochs numbered from 1."""
    tracker = DynamicsTracker(np.asarray(labels))
    for epoch, p in enumerate(probabilities, start=1):
        size = chunk or max(len(p), 1)
        tracker.add(epoch, (p[i : i + size] for i in range(0, len(p), size)))
    return tracker.result()


def naive(probabilities, label):
    """What is known of one sample, in loops: ``probabilities`` are (epoch, class)."""
    right = [int(np.argmax(p)) == label for p in probabilities]
    given_p = [float(p[label]) for p in probabilities]
    other = [max(float(q) for k, q in enumerate(p) if k != label) for p in probabilities]
    n = len(right)
    mean = sum(given_p) / n
    return {
        "first_learned": right.index(True) + 1 if any(right) else -1,
        "forgotten": sum(right[t] and not right[t + 1] for t in range(n - 1)),
        "correctness": sum(right) / n,
        "confidence": mean,
        "variability": math.sqrt(sum((p - mean) ** 2 for p in given_p) / n),
        "margin": sum(a - b for a, b in zip(given_p, other, strict=True)) / n,
        "area_under_margin": sum(
            math.log(max(a, FLOOR)) - math.log(max(b, FLOOR)) for a, b in zip(given_p, other, strict=True)
        )
        / n,
        "predicted": int(np.argmax(probabilities[-1])),
    }


@given(
    epochs=st.integers(1, 6),
    samples=st.integers(1, 9),
    classes=st.integers(2, 4),
    chunk=st.integers(1, 9),
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from([np.float16, np.float32]),
)
def test_every_sample_is_judged_as_a_loop_over_its_epochs_does(epochs, samples, classes, chunk, seed, dtype):
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=rng.choice([0.5, 3, 20]), size=(epochs, samples, classes))
    p = np.exp(logits - logits.max(axis=2, keepdims=True))
    p = (p / p.sum(axis=2, keepdims=True)).astype(dtype)
    labels = rng.integers(0, classes, samples)
    found = tracked(p, labels, chunk=chunk)
    for i, label in enumerate(labels):
        for name, expected in naive(p[:, i], label).items():
            assert getattr(found, name)[i] == pytest.approx(expected, abs=1e-9), name


def test_a_few_histories_by_hand():
    """Probabilities of class 0, which is the label of all, in four epochs."""
    histories = {
        "learned at once": [0.9, 0.9, 0.9, 0.9],
        "forgotten twice": [0.9, 0.2, 0.8, 0.1],
        "learned in the third": [0.1, 0.1, 0.9, 0.9],
        "never learned": [0.3, 0.2, 0.2, 0.1],
        "a tie is the first class": [0.5, 0.5, 0.5, 0.5],
    }
    given_p = np.array(list(histories.values())).T
    found = tracked(np.stack([given_p, 1 - given_p], axis=2), np.zeros(5, int))
    assert found.epochs == (1, 2, 3, 4)
    assert found.first_learned.tolist() == [1, 1, 3, -1, 1]
    assert found.never_learned.tolist() == [False, False, False, True, False]
    assert found.forgotten.tolist() == [0, 2, 0, 0, 0]
    assert found.correctness.tolist() == [1, 0.5, 0.5, 0, 1]
    np.testing.assert_allclose(found.confidence, [0.9, 0.5, 0.5, 0.2, 0.5])
    np.testing.assert_allclose(found.margin, [0.8, 0, 0, -0.6, 0], atol=1e-12)
    np.testing.assert_allclose(found.variability, [0, math.sqrt(0.125), 0.4, math.sqrt(0.005), 0], atol=1e-12)
    assert found.area_under_margin[0] == pytest.approx(math.log(9))
    assert found.area_under_margin[1] == pytest.approx(math.log(9 * 0.25 * 4 / 9) / 4, abs=1e-12)
    assert found.order("forgotten").tolist()[:2] == [3, 1]
    assert found.order("first_learned").tolist()[:2] == [3, 2]
    assert found.order("confidence").tolist()[0] == 3
    assert found.order("variability").tolist()[0] == 2


def test_the_logarithmic_margin_of_a_softmax_is_the_difference_of_the_logits():
    logits = np.random.default_rng(0).normal(scale=3, size=(5, 40, 7))
    p = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    labels = np.random.default_rng(1).integers(0, 7, 40)
    own = np.take_along_axis(logits, np.broadcast_to(labels[None, :, None], (5, 40, 1)), axis=2)[:, :, 0]
    others = np.where(np.arange(7) == labels[:, None], -np.inf, logits).max(axis=2)
    found = tracked(p, labels)
    np.testing.assert_allclose(found.area_under_margin, (own - others).mean(axis=0), atol=1e-9)


def test_one_epoch_that_deviates_makes_no_sample_ambiguous_and_two_do():
    for count in (4, 8, 14):
        once, twice = np.ones(count), np.ones(count)
        once[0], twice[:2] = 0, 0
        p = np.stack([once, twice, np.ones(count), np.zeros(count)], axis=1)
        found = tracked(np.stack([p, 1 - p], axis=2), np.zeros(4, int))
        assert [DIFFICULTIES[k] for k in found.difficulty] == ["easy", "ambiguous", "easy", "hard"]
    assert tracked(np.full((20, 1, 2), 0.5), [0]).ambiguous_from == 0.25
    for count in (1, 2, 3):
        p = np.arange(count) % 2
        assert tracked(np.stack([p, 1 - p], axis=1)[:, None, :].astype(float), [0]).difficulty[0] != 1


@pytest.mark.parametrize("sort", DYNAMICS_SORTS)
def test_samples_are_sorted_with_the_hardest_first(sort):
    rng = np.random.default_rng(3)
    found = tracked(rng.dirichlet(np.ones(3), (6, 50)), rng.integers(0, 3, 50))
    order = found.order(sort)
    assert sorted(order) == list(range(50))
    values = getattr(found, sort)[order]
    if sort in ("forgotten", "first_learned"):
        never = found.never_learned[order]
        assert (np.diff(never.astype(int)) <= 0).all(), "what was never learned comes first"
        values = values[~never]
    steps = np.diff(values)
    assert (steps >= 0).all() or (steps <= 0).all()
    np.testing.assert_array_equal(found.take(order).margin, found.margin[order])


def test_what_is_no_epoch_of_these_samples_is_refused():
    tracker = DynamicsTracker(np.zeros(3, int))
    with pytest.raises(DataError):
        tracker.add(1, [np.full((2, 2), 0.5)])
    with pytest.raises(DataError):
        tracker.add(1, [np.full((2, 2), 0.5), np.full((2, 2), 0.5)])
    with pytest.raises(DataError):
        tracker.add(1, [np.full((2, 2), 0.5), np.array([[np.nan, 0.5]])])
    with pytest.raises(DataError):
        tracker.result()
