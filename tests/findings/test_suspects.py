"""Suspect labels from given probabilities: scores, suggestions, folds and the estimate of their number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cutaway.findings import HeldOut, deal_folds, estimate_count, estimate_note, keep_highest, label_scores, suggest


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


def test_the_number_of_wrong_labels_is_that_of_confident_learning() -> None:
    """A reference in plain loops of equations 1 to 3 of Northcutt 2021, on labels of which a known share is wrong."""
    generator = np.random.default_rng(3)
    true = generator.integers(0, 3, 3000)
    probabilities = np.full((3000, 3), 0.05)
    probabilities[np.arange(3000), true] = 0.9
    probabilities = probabilities + generator.uniform(0, 0.2, probabilities.shape)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    labels = true.copy()
    wrong = generator.choice(3000, 150, replace=False)
    labels[wrong] = (labels[wrong] + generator.integers(1, 3, 150)) % 3
    estimate = estimate_count(held_out(probabilities[None], labels))
    assert estimate.count == round(_confident_joint(probabilities.astype(np.float32), labels))
    assert estimate.low <= 150 <= estimate.high
    assert estimate.high - estimate.low < 80


def test_an_estimate_of_overlapping_classes_has_a_note_and_one_of_wrong_labels_has_none() -> None:
    generator = np.random.default_rng(5)
    true = generator.integers(0, 2, 2000)
    x = generator.normal(size=2000) + 1.3 * true
    p = 1 / (1 + np.exp(-(1.3 * x - 1.3**2 / 2)))  # the exact probability of class 1: 26% are on the wrong side
    overlapping = held_out(np.stack([1 - p, p], axis=1)[None], true)
    assert "hard samples or errors of the models" in estimate_note(overlapping, estimate_count(overlapping))

    clear = np.where(np.arange(2) == true[:, None], 0.9, 0.1) + generator.uniform(0, 0.05, (2000, 1))
    flipped = np.where(generator.random(2000) < 0.06, 1 - true, true)
    wrong = held_out((clear / clear.sum(axis=1, keepdims=True))[None], flipped)
    assert estimate_count(wrong).count == pytest.approx((flipped != true).sum(), rel=0.1)
    assert estimate_note(wrong, estimate_count(wrong)) == ""

    ignorant = held_out(generator.dirichlet((1, 1), 2000)[None], true)
    assert "no more than always saying the largest class" in estimate_note(ignorant, estimate_count(ignorant))


def _confident_joint(probabilities: np.ndarray, labels: np.ndarray) -> float:
    classes = probabilities.shape[1]
    thresholds = [probabilities[labels == c, c].mean(dtype=np.float64) for c in range(classes)]
    joint = np.zeros((classes, classes))
    for row, label in zip(probabilities, labels, strict=True):
        above = [c for c in range(classes) if row[c] >= thresholds[c]]
        if above:
            joint[label, max(above, key=lambda c: row[c])] += 1
    counts = np.bincount(labels, minlength=classes)
    calibrated = joint / joint.sum(axis=1, keepdims=True) * counts[:, None]
    return calibrated.sum() - np.trace(calibrated)


def test_no_suspect_label_does_not_mean_that_none_is_wrong() -> None:
    labels = np.arange(60) % 3
    probabilities = np.full((1, 60, 3), 0.01)
    probabilities[0, np.arange(60), labels] = 0.98
    estimate = estimate_count(held_out(probabilities, labels))
    assert (estimate.count, estimate.low, estimate.high) == (0, 0, 4)  # the limit of a Poisson count of 0 is 3.69


def test_samples_are_judged_in_blocks_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, probabilities = np.random.default_rng(1).integers(0, 7, 100), random_probabilities(3, 100, 7)
    whole = held_out(probabilities, labels)
    for module in ("held_out", "scores", "counts"):
        monkeypatch.setattr(f"cutaway.findings.suspects.{module}.BLOCK", 33)
    parts = held_out(probabilities, labels)
    for name in ("given", "others", "probabilities"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    expected = label_scores(whole), *suggest(whole), estimate_count(whole)
    monkeypatch.undo()
    for found, wanted in zip((label_scores(parts), *suggest(parts), estimate_count(parts)), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
