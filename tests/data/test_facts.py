"""Facts about samples: ranges, telling inputs, repeated samples, and sets that are told apart."""

import numpy as np
import pytest

from cutaway.data import LeakyInput, input_facts, leaky_inputs, mean_over_spread, repeated_samples, tell_apart
from cutaway.data.facts import told_by


def test_ranges_and_constant_inputs() -> None:
    x = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    x[:, 1], x[:, 3] = 7, x[:, 3] * 500
    facts = input_facts(x)
    assert facts.constant == (1,)
    assert (facts.inputs, facts.low, facts.high) == (4, x.min(), x.max())
    assert facts.std == pytest.approx(x.std(dtype=np.float64))
    spread = np.delete(x.std(axis=0, dtype=np.float64), 1)
    assert facts.widest == pytest.approx(spread.max() / np.median(spread))
    size = np.sqrt(np.square(x, dtype=np.float64).mean(axis=0))
    assert facts.largest == pytest.approx(size.max() / np.median(size))
    assert facts.widest_at == facts.largest_at == 3


@pytest.mark.parametrize(("mean", "spread"), [(0.0, 1.0), (0.87, 0.1), (-300.0, 40.0)])
def test_what_samples_have_in_common_is_measured_against_how_they_differ_in_any_unit(mean, spread):
    x = np.random.default_rng(0).normal(mean, spread, (500, 20, 30)).astype(np.float32)
    expected = np.abs(x.astype(float).mean(axis=0)).sum() / np.sqrt(x.astype(float).var(axis=0).sum())
    assert mean_over_spread(x) == pytest.approx(expected, rel=1e-5)
    assert mean_over_spread(x * 255) == pytest.approx(expected, rel=1e-5)
    assert input_facts(x.reshape(500, -1)).mean_over_spread == pytest.approx(expected, rel=1e-5)
    assert mean_over_spread(np.full((3, 4, 4), 7, np.uint8)) == 0.0


def test_the_telling_input_is_found_and_judged_on_other_samples() -> None:
    random = np.random.default_rng(1)
    y = random.integers(0, 3, 600)
    x = random.normal(size=(600, 8)).astype(np.float32)
    x[:, 5] = np.where(random.random(600) < 0.02, random.integers(0, 3, 600), y)
    (found,) = leaky_inputs(x, y, classes=3)
    assert found.input == 5
    assert found.samples == 300
    # each of its three values is an interval of its own
    order = np.random.default_rng(0).permutation(600)
    rule = {label: np.bincount(y[order[::2]][x[order[::2], 5] == label]).argmax() for label in range(3)}
    assert found.correct == sum(rule[int(x[row, 5])] == y[row] for row in order[1::2])


def test_a_quick_model_says_what_the_classes_are_without_the_telling_input() -> None:
    random = np.random.default_rng(1)
    y = random.integers(0, 2, 600)
    x = random.normal(size=(600, 6)).astype(np.float32)
    x[:, 2] += 3 * y
    (alone,) = leaky_inputs(x, y, classes=2)
    assert (alone.everything or 0) > 0.85 * alone.samples
    assert 0.4 < (alone.without or 0) / alone.samples < 0.6
    assert (alone.carries, alone.is_replaceable) == (True, False)
    x[:, 4] = x[:, 2] + random.normal(size=600) * 0.1
    (twice,) = leaky_inputs(x, y, classes=2)
    assert (twice.carries, twice.is_replaceable) == (False, True)
    noise = LeakyInput(0, 150, 300, 0.5)
    assert told_by([noise], x, y, of_inputs=range(6), most=1) == (noise,), "it tells nothing"
    assert told_by([alone, None], x, y, of_inputs=["a"] * 6, most=1) == (alone,), "nothing else is left"


@pytest.mark.parametrize(("of", "is_shortcut"), [(range(40, 46), True), (range(40, 100), False)])
def test_a_tag_of_a_few_inputs_is_left_out_as_a_whole_and_easy_data_have_no_tag(of: range, is_shortcut: bool) -> None:
    random = np.random.default_rng(5)
    y = random.integers(0, 2, 800)
    x = random.normal(size=(800, 100)).astype(np.float32)
    x[:, :40] += 0.15 * y[:, None]
    x[:, list(of)] += 8 * y[:, None]
    first, *others = leaky_inputs(x, y, classes=2)
    assert {first.input, *(each.input for each in others)} == set(of) if is_shortcut else not others
    assert (first.is_leak, first.is_replaceable) == (True, not is_shortcut)


def test_noise_tells_no_more_than_the_largest_class() -> None:
    random = np.random.default_rng(2)
    x, y = random.normal(size=(400, 50)).astype(np.float32), random.integers(0, 2, 400)
    (found,) = leaky_inputs(x, y, classes=2)
    assert found.correct / found.samples < 0.65
    assert leaky_inputs(x[:20], y[:20], classes=2) == ()


def test_repeated_samples_equal_the_first_one_that_they_can() -> None:
    random = np.random.default_rng(3)
    first = random.normal(size=(50, 2, 3)).astype(np.float32)
    second = np.concatenate([first[[7, 3]], first[:2] + 1e-6, -np.zeros((1, 2, 3), np.float32)])
    first = np.concatenate([first, np.zeros((1, 2, 3), np.float32), first[7:8]])
    assert repeated_samples(first, second).tolist() == [7, 3, -1, -1, 50]
    assert repeated_samples(first, second[:0]).tolist() == []


def test_alike_sets_are_not_told_apart_and_shifted_ones_are() -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=(600, 40)).astype(np.float32)
    alike, shifted = tell_apart(x[:400], x[400:]), tell_apart(x[:400], x[400:] + 1)
    assert alike is not None
    assert abs(alike.auc - 0.5) < 3 * alike.error
    assert shifted is not None
    assert shifted.auc > 0.9
    assert tell_apart(x[:400], x[400:440]) is None
