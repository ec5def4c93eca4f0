import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.interpret.measures import effective_rank, is_constant, is_dead, separation, spread
from tests.interpret.linear_cka import linear_cka


def _h(n, d, *, seed=0, shift=0.0):
    return (np.random.default_rng(seed).normal(size=(n, d)) + shift).astype(np.float32)


def test_spread_counts_zeros_constant_and_saturated_units():
    h = np.zeros((100, 4), np.float32)
    h[:, 1] = 0.97  # always at the upper end, and constant as well
    h[:95, 2], h[95:, 2] = 0.01, 0.5  # 95% at the lower end
    h[:94, 3], h[94:, 3] = 0.99, 0.5  # 94%: not enough
    found = spread(h, activation="sigmoid")
    assert found.mean == pytest.approx(h.astype(np.float64).mean())
    assert found.std == pytest.approx(h.astype(np.float64).std())
    assert found.sparsity == 0.25
    assert found.constant == 0.5
    assert found.saturated == 0.75
    assert spread(h, activation="relu").saturated is None


@pytest.mark.parametrize(("function", "low", "high"), [("tanh", -0.95, 0.95), ("softsign", -0.91, 0.91)])
def test_both_ends_of_a_range_saturate(function, low, high):
    h = np.array([[low, high, 0.5], [high, low, -0.5]], np.float32)
    assert spread(h, activation=function).saturated == pytest.approx(2 / 3)


def test_dead_and_constant_units_are_different():
    h = np.array([[-1.0, 0.0, 5.0, -1.0], [-2.0, 0.0, 5.0, 0.5]], np.float32)
    assert list(is_dead(h.max(axis=0))) == [True, True, False, False]
    assert list(is_constant(h.min(axis=0), h.max(axis=0))) == [False, True, True, False]


def test_the_lower_end_of_relu6_is_not_saturation():
    assert spread(np.array([[0.0, 6.0], [0.0, 6.0]], np.float32), activation="relu6").saturated == 0.5


@pytest.mark.parametrize(("n", "d"), [(200, 7), (9, 40), (50, 50)])
@pytest.mark.parametrize("shift", [0.0, 30.0])
def test_effective_rank_is_the_entropy_of_singular_values(n, d, shift):
    h = _h(n, d, shift=shift)
    wide = h.astype(np.float64)
    singular = np.linalg.svd(wide - wide.mean(axis=0), compute_uv=False)
    p = singular[singular > 1e-10 * singular[0]] / singular.sum()
    assert effective_rank(h) == pytest.approx(np.exp(-(p * np.log(p)).sum()), rel=1e-6)


def test_effective_rank_of_known_matrices():
    cross = np.concatenate([np.eye(6), -np.eye(6)]).astype(np.float32)
    assert effective_rank(cross) == pytest.approx(6)  # six directions of one size
    line = np.outer(np.arange(9.0), [1.0, -2.0, 3.0]).astype(np.float32)
    assert effective_rank(line) == pytest.approx(1, abs=1e-5)
    assert effective_rank(np.full((5, 3), 7.0, np.float32)) is None
    assert effective_rank(np.ones((1, 3), np.float32)) is None


def test_separation_is_between_over_within():
    h, labels = _h(120, 5, shift=3.0), np.arange(120) % 4
    h[labels == 2] += 2
    wide = h.astype(np.float64)
    groups = [wide[labels == c] for c in range(4)]
    between = sum(len(g) * ((g.mean(0) - wide.mean(0)) ** 2).sum() for g in groups)
    within = sum(((g - g.mean(0)) ** 2).sum() for g in groups)
    assert separation(h, labels) == pytest.approx(between / within, rel=1e-9)
    assert separation(np.eye(4, dtype=np.float32)[labels], labels) is None, "nothing varies within a class"
    assert separation(np.zeros((8, 2), np.float32), labels[:8]) is None


def _cka_by_samples(x, y):
    """Kornblith et al. 2019, the form over samples: HSIC of centered Gram matrices, in float64."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    center = np.eye(len(x)) - 1 / len(x)
    k, m = center @ (x @ x.T) @ center, center @ (y @ y.T) @ center
    return (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum())


@given(n=st.integers(2, 60), d=st.integers(1, 20), e=st.integers(1, 20), shift=st.floats(-20, 20))
def test_cka_equals_its_form_over_samples(n, d, e, shift):
    x, y = _h(n, d, seed=1, shift=shift), _h(n, e, seed=2)
    y[:, 0] += x[:, 0]
    assert linear_cka(x, y) == pytest.approx(_cka_by_samples(x, y), abs=2e-4)


def test_cka_of_wide_layers_needs_no_matrix_of_units_by_units():
    x, y = _h(30, 40_000), _h(30, 500, seed=2)  # 40,000 units by as many are 6.4 GB
    y[:, :100] += x[:, :100]
    tracemalloc.start()
    found, (_, peak) = linear_cka(x, y), tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == pytest.approx(_cka_by_samples(x, y), abs=2e-4)
    assert peak < 100e6


def test_cka_sees_neither_turns_nor_scale():
    x = _h(300, 6)
    turn = np.linalg.qr(_h(6, 6, seed=3))[0]
    for scale in (1e-12, 1.0, 1e12):
        assert linear_cka(x, (scale * x @ turn + 5 * scale).astype(np.float32)) == pytest.approx(1, abs=1e-5)
    assert linear_cka(x, _h(300, 6, seed=9)) < 0.2
    assert linear_cka(x, np.full((300, 2), 3.3, np.float32)) is None
