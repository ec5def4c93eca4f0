"""Neural collapse against its definition with a pseudoinverse, and the dimension of clouds whose dimension is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.interpret.geometry import class_angles, class_variability, intrinsic_dimension


def by_definition(h, labels):
    """NC1 and NC2 as Papyan, Han and Donoho 2020 write them."""
    wide = h.astype(np.float64)
    groups = [wide[labels == c] for c in np.unique(labels)]
    means = np.array([group.mean(axis=0) for group in groups])
    within = sum((group - mean).T @ (group - mean) for group, mean in zip(groups, means, strict=True)) / len(h)
    centered = means - means.mean(axis=0)
    between = centered.T @ centered / len(groups)
    unit = centered / np.linalg.norm(centered, axis=1, keepdims=True)
    pairs = [unit[a] @ unit[b] for a in range(len(unit)) for b in range(a)]
    return (
        np.trace(within @ np.linalg.pinv(between)) / len(groups),
        np.mean([abs(pair + 1 / (len(groups) - 1)) for pair in pairs]),
    )


@given(classes=st.integers(2, 6), units=st.integers(6, 30), seed=st.integers(0, 100), shift=st.floats(-50, 50))
def test_collapse_is_what_its_definition_says(classes, units, seed, shift):
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(200) % classes)
    h = (random.normal(size=(200, units)) + random.normal(size=(classes, units))[labels] * 3 + shift).astype(np.float32)
    variability, angles = by_definition(h, labels)
    assert class_variability(h, labels) == pytest.approx(variability, rel=1e-5)
    assert class_angles(h, labels) == pytest.approx(angles, abs=1e-6)


def test_collapsed_classes_at_the_corners_of_a_simplex_are_zero():
    labels = np.arange(40) % 4
    h = np.eye(4, dtype=np.float32)[labels]
    assert class_variability(h, labels) == pytest.approx(0, abs=1e-12)
    assert class_angles(h, labels) == pytest.approx(0, abs=1e-7)
    two = h[labels < 2]
    assert class_angles(two, labels[labels < 2]) == pytest.approx(0, abs=1e-7), "two means are always opposite"


def test_what_has_no_answer_has_none():
    labels = np.arange(40) % 2
    random = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    assert class_variability(random, np.zeros(40, int)) is None
    assert class_angles(random, np.zeros(40, int)) is None
    same = np.ones((40, 3), np.float32)
    assert (class_variability(same, labels), class_angles(same, labels), intrinsic_dimension(same)) == (None,) * 3
    assert intrinsic_dimension(random[:9]) is None


@pytest.mark.parametrize(("dimension", "expected"), [(1, 1.0), (2, 2.0), (3, 2.9), (5, 4.7), (10, 8.4)])
def test_the_dimension_of_a_cube_in_a_larger_space(dimension, expected):
    random = np.random.default_rng(1)
    turned = np.linalg.qr(random.normal(size=(50, 50)))[0][:dimension]
    h = (random.random((3000, dimension)) @ turned + 100).astype(np.float32)
    found = intrinsic_dimension(h)
    assert found == pytest.approx(expected, rel=0.08)
    assert intrinsic_dimension(7 * h) == pytest.approx(found, rel=0.02), "scale does not matter"


def test_copies_of_samples_do_not_count_as_neighbors():
    h = np.random.default_rng(0).random((800, 2)).astype(np.float32)
    assert intrinsic_dimension(np.concatenate([h, h])) == pytest.approx(intrinsic_dimension(h), rel=1e-6)


def test_a_curved_sheet_has_two_dimensions_where_the_effective_rank_has_three():
    random = np.random.default_rng(0)
    angle, height = random.uniform(0, 3 * np.pi, 2000), random.uniform(0, 10, 2000)
    roll = np.stack([angle * np.cos(angle), height, angle * np.sin(angle)], axis=1).astype(np.float32)
    assert intrinsic_dimension(roll) == pytest.approx(2, rel=0.08)
