"""Label issues from given probabilities: scores, suggestions, folds and the estimate of their number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cutaway.findings import HeldOut, bound_count, deal_folds, keep_highest, label_scores, suggest, why_withheld


def held_out(probabilities: np.ndarray, labels: np.ndarray, margins: np.ndarray | None = None) -> HeldOut:
    """What is kept of ``(model, sample, class)`` probabilities."""
    kept = [keep_highest(each.astype(np.float32), labels) for each in probabilities]
    parts = [np.stack([each[part] for each in kept]) for part in range(3)]
    return HeldOut(labels, *parts, margins=margins, classes=probabilities.shape[2])


def random_probabilities(models: int, samples: int, classes: int, *, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).gamma(0.3, size=(models, samples, classes)) + 1e-9
    return drawn / drawn.sum(axis=2, keepdims=True)


@given(st.integers(2, 9), st.integers(1, 30), st.integers(0, 99))
def test_what_is_kept_are_the_label_and_the_highest_others(classes: int, samples: int, seed: int) -> None:
    probabilities = random_probabilities(1, samples, classes, seed=seed)[0].astype(np.float32)
    labels = np.random.default_rng(seed).integers(0, classes, samples)
    given_p, others, shares = keep_highest(probabilities, labels)
    for row in range(samples):
        rest = [c for c in range(classes) if c != labels[row]]
        best = sorted(rest, key=lambda c: (-probabilities[row, c], c))[:5]
        assert given_p[row] == probabilities[row, labels[row]]
        assert others[row].tolist() == best
        assert shares[row].tolist() == probabilities[row, best].tolist()


def test_a_score_is_above_a_half_where_the_models_prefer_another_class() -> None:
    probabilities = random_probabilities(3, 200, 4)
    labels = np.random.default_rng(1).integers(0, 4, 200)
    scores = label_scores(held_out(probabilities, labels))
    mean = probabilities.mean(axis=0)
    own = mean[np.arange(200), labels]
    mean[np.arange(200), labels] = 0
    assert scores == pytest.approx((1 - own + mean.max(axis=1)) / 2, abs=1e-6)
    assert ((scores > 0.5) == (mean.max(axis=1) > own)).all()


def test_the_margins_in_training_count_as_much_as_those_out_of_sample() -> None:
    probabilities = np.array([[[0.8, 0.2], [0.8, 0.2]]])
    margins = np.array([0.6, -0.6], np.float32)
    scores = label_scores(held_out(probabilities, np.array([0, 0]), margins))
    assert scores == pytest.approx([0.2, 0.5], abs=1e-6)


@given(st.integers(1, 4), st.integers(2, 6), st.integers(0, 99))
def test_the_suggestion_is_the_best_other_class_in_the_mean(models: int, classes: int, seed: int) -> None:
    probabilities = random_probabilities(models, 20, classes, seed=seed)
    labels = np.random.default_rng(seed).integers(0, classes, 20)
    found, share = suggest(held_out(probabilities, labels))
    mean = probabilities.astype(np.float32).mean(axis=0)
    mean[np.arange(20), labels] = -1  # all classes are kept where there are at most six
    assert share == pytest.approx(mean.max(axis=1), rel=1e-5)
    assert mean[np.arange(20), found] == pytest.approx(mean.max(axis=1), rel=1e-5)


@given(arrays(np.int64, st.integers(10, 80), elements=st.integers(0, 3)), st.integers(2, 5), st.integers(0, 9))
def test_folds_have_the_same_size_and_the_same_share_of_each_class(labels: np.ndarray, folds: int, seed: int) -> None:
    assigned = deal_folds(labels, folds, seed=seed)
    sizes = np.bincount(assigned, minlength=folds)
    assert sizes.max() - sizes.min() <= 1
    assert sizes[0] == sizes.max()
    for label in range(4):
        of_class = np.bincount(assigned[labels == label], minlength=folds)
        assert of_class.max() - of_class.min() <= 1
    assert (assigned == deal_folds(labels, folds, seed=seed)).all()


def test_a_group_is_in_one_fold() -> None:
    generator = np.random.default_rng(0)
    labels, groups = generator.integers(0, 2, 200), generator.integers(0, 40, 200)
    assigned = deal_folds(labels, 4, seed=0, groups=groups)
    assert all(len(np.unique(assigned[groups == group])) == 1 for group in np.unique(groups))
    assert set(assigned) == {0, 1, 2, 3}
    assert np.bincount(assigned)[0] == np.bincount(assigned).max()


@given(arrays(np.int64, st.integers(20, 80), elements=st.integers(0, 2)), st.integers(2, 5), st.integers(0, 9))
def test_copies_are_in_one_fold_and_the_others_are_dealt(labels: np.ndarray, folds: int, seed: int) -> None:
    groups = np.arange(len(labels))
    groups[3:7] = 0
    assigned = deal_folds(labels, folds, seed=seed, groups=groups)
    assert len(np.unique(assigned[[0, 3, 4, 5, 6]])) == 1
    sizes = np.bincount(assigned, minlength=folds)
    assert sizes[0] == sizes.max()
    assert sizes.max() - sizes.min() <= 5


def planted(share: float, *, noise: float = 0.2, samples: int = 3000, seed: int = 3) -> tuple[HeldOut, int]:
    """Models that know each true class about as well, and labels of which a known share is any other class."""
    generator = np.random.default_rng(seed)
    true = generator.integers(0, 3, samples)
    probabilities = np.full((samples, 3), 0.05)
    probabilities[np.arange(samples), true] = 0.9
    probabilities += generator.uniform(0, noise, probabilities.shape)
    labels = np.where(generator.random(samples) < share, (true + generator.integers(1, 3, samples)) % 3, true)
    return held_out((probabilities / probabilities.sum(axis=1, keepdims=True))[None], labels), int(
        (labels != true).sum()
    )


def overlapping(
    *, samples: int = 3000, distance: float = 1.3, wrong: float = 0.0, seed: int = 5
) -> tuple[HeldOut, int]:
    """Two normal distributions with their exact probabilities, and labels of which a share is changed."""
    generator = np.random.default_rng(seed)
    true = generator.integers(0, 2, samples)
    x = generator.normal(size=samples) + distance * true
    p = 1 / (1 + np.exp(-(distance * x - distance**2 / 2)))
    labels = np.where(generator.random(samples) < wrong, 1 - true, true)
    return held_out(np.stack([1 - p, p], axis=1)[None], labels), int((labels != true).sum())


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_the_interval_holds_the_number_of_labels_that_were_changed(share: float) -> None:
    held, wrong = planted(share)
    estimate = bound_count(held)
    assert 0 < estimate.low <= wrong <= estimate.high
    assert estimate.count == pytest.approx(wrong, rel=0.15)
    assert estimate.high - estimate.low < 0.05 * len(held.labels)
    assert why_withheld(estimate, held.labels) == ""


def test_classes_that_overlap_get_no_number() -> None:
    held, _ = overlapping(distance=1.3)  # 26% are on the wrong side
    bounds = bound_count(held)
    assert bounds.low == 0
    assert bounds.high == pytest.approx(0.26 * 3000, rel=0.1)
    why = why_withheld(bounds, held.labels)
    assert f"from 0 to {bounds.high:,}" in why
    assert "10%" in why, "what would have to be less"


def test_the_lower_end_is_above_the_number_of_wrong_labels_no_more_often_than_promised() -> None:
    """Of 20 draws, two classes 2.6 apart, one in 20 labels changed or none; the interval is of 95%."""
    missed, above = 0, 0
    for seed in range(10):
        for share in (0.0, 0.05):
            held, wrong = overlapping(distance=2.6, wrong=share, samples=1000, seed=seed)
            bounds = bound_count(held)
            missed += not bounds.low <= wrong <= bounds.high
            above += bounds.low > 0
    assert missed <= 2
    assert above >= 5


def test_a_class_that_models_do_not_learn_counts_as_overlap() -> None:
    held, wrong = planted(0.0, noise=0.0)
    assert (bound_count(held).low, bound_count(held).high, wrong) == (0, 0, 0)
    labels = held.labels.copy()
    labels[np.flatnonzero(labels == 0)[::20]] = 3  # a rare class that looks like class 0
    probabilities = np.full((len(labels), 4), 0.02)
    probabilities[np.arange(len(labels)), held.labels] = 0.94
    rare = held_out(probabilities[None], labels)
    bounds, count = bound_count(rare), int((labels == 3).sum())
    assert (bounds.low, bounds.high) == (0, count)


def test_models_that_know_nothing_give_no_number() -> None:
    ignorant = held_out(np.random.default_rng(0).dirichlet((1, 1), 2000)[None], np.arange(2000) % 2)
    why = why_withheld(bound_count(ignorant), ignorant.labels)
    assert "not clearly more than always saying the largest class" in why


def test_labels_that_all_models_predict_are_counted_nowhere() -> None:
    labels = np.arange(60) % 3
    probabilities = np.full((1, 60, 3), 0.01)
    probabilities[0, np.arange(60), labels] = 0.98
    estimate = bound_count(held_out(probabilities, labels))
    assert (estimate.count, estimate.low, estimate.high) == (0, 0, 0)


def test_samples_are_judged_in_blocks_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, probabilities = np.random.default_rng(1).integers(0, 7, 100), random_probabilities(3, 100, 7)
    whole = held_out(probabilities, labels)
    monkeypatch.setattr("cutaway.findings.label_issues.BLOCK", 33)
    parts = held_out(probabilities, labels)
    for name in ("given", "others", "probabilities"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    expected = label_scores(whole), *suggest(whole), bound_count(whole)
    monkeypatch.undo()
    for found, wanted in zip((label_scores(parts), *suggest(parts), bound_count(parts)), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
