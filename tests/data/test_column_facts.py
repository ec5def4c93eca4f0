"""Facts about columns, copies and groups: what they find, and how rarely they find something where there is nothing."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import ks_2samp

from cutaway.data.facts import (
    amounts,
    blocks_of_labels,
    codes_in_no_order,
    column_shifts,
    encoded_target,
    extreme_values,
    far_values,
    may_encode_target,
    mixed_units,
    near_duplicates,
    periods,
    predictive_words,
    whole_groups,
    words_among_numbers,
)

HARMLESS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda random, n: random.normal(size=n),
    "long tail": lambda random, n: random.lognormal(sigma=random.uniform(0.3, 3), size=n),
    "rounded tail": lambda random, n: np.round(random.pareto(random.uniform(0.7, 3), size=n)),
    "counts": lambda random, n: random.poisson(random.uniform(0.1, 30), n).astype(float),
    "geometric": lambda random, n: random.geometric(random.uniform(0.01, 0.6), n).astype(float),
    "many zeros": lambda random, n: np.where(random.random(n) < 0.7, 0, np.round(random.lognormal(3, 1, n))),
    "prices": lambda random, n: random.choice([0.0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000], n),
    "outliers": lambda random, n: random.standard_cauchy(n),
    "two groups": lambda random, n: random.normal(size=n) + np.where(random.random(n) < 0.3, 12, 0),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_columns_have_neither_sentinels_nor_two_units(name: str) -> None:
    random = np.random.default_rng(1)
    for n in (60, 300, 2000) * 10:
        values = HARMLESS[name](random, n)
        assert far_values(values) is None
        assert mixed_units(np.abs(values), random.integers(0, 2, n)) is None


def test_sentinels_are_named_with_their_rows_and_the_range_of_the_others() -> None:
    values = np.random.default_rng(2).normal(50, 10, 400).round(1)
    low, high = values[20:].min(), values[20:].max()
    values[:15], values[15:20] = -999, 999
    found = far_values(np.append(values, np.nan))
    assert found is not None
    assert (found.values, found.rows, found.samples) == (("-999", "999"), 20, 400)
    assert (found.low, found.high) == (low, high)
    assert far_values(np.where(values == 999, 40, np.where(values == -999, 41, values))) is None
    assert far_values(values[16:]) is None, "four rows may be chance"


def test_a_few_values_far_beyond_all_others_are_extreme() -> None:
    values = np.random.default_rng(2).normal(60, 12, 1200).round(1)
    assert extreme_values(values) is extreme_values(values[:0]) is None
    values[[5, 300, 700]] *= [1e5, 1e6, 1e5]
    found = extreme_values(np.append(values, np.nan))
    assert found is not None
    assert (found.values, found.rows, 20 < found.low < found.high < 100) == ((f"up to {values[300]:.10g}",), 3, True)
    assert extreme_values(np.where(values > 1e5, values, 0.0)) is None, "few others differ"


def test_codes_tell_the_class_and_pairs_of_them_do_not() -> None:
    random = np.random.default_rng(0)
    value, chance = random.integers(0, 40, 2000), random.random(2000)
    found = codes_in_no_order(1000.0 + value, random.permutation(np.arange(40) % 2)[value])
    assert found is not None
    assert found.correct == found.samples > 1.2 * (found.without or 0)
    for y in (value / 40 > chance, value > 16, np.abs(value / 20 - 1) > chance, chance > 0.5):
        assert codes_in_no_order(1000.0 + value, y.astype(int)) is None
    counts = random.poisson(2, 2000)
    assert codes_in_no_order(counts * 1.0, (counts == 0).astype(int)) is None, "nothing is unlike one and two"


def test_nines_may_be_in_most_rows_and_other_values_may_not() -> None:
    values = np.arange(400.0) % 28
    values[:350] = 999
    assert far_values(values) is not None
    values[:350] = 1000
    assert far_values(values) is None


def test_words_among_numbers_and_codes_that_look_like_it() -> None:
    numbers = [str(n) for n in range(20, 60)] * 5
    found = words_among_numbers([*numbers, *["unknown"] * 9, "n.a.", None])
    assert found is not None
    assert (found.values, found.rows, found.samples) == (("unknown", "n.a."), 10, 210)
    assert (found.low, found.high) == (20, 59)
    assert words_among_numbers(numbers) is None
    assert words_among_numbers([*numbers, *(f"{n}A" for n in range(20))]) is None, "codes"
    assert words_among_numbers([*(f"0{n}" for n in numbers), *["unknown"] * 9]) is None, "codes"


@pytest.mark.parametrize("form", ["{:,} km", "${}", "{}%", "{:.1f} l/100km", "-{} °C", "{},5", "{:,}"])
def test_numbers_with_units_are_found_and_codes_are_none(form: str) -> None:
    cells = [form.format(1000 + 7 * n) for n in range(40)]
    assert amounts([*cells, None, "unknown"]) == cells[0]
    assert amounts([*cells[:20], *["unknown"] * 9]) is None, "most cells must be numbers"
    assert amounts(cells[:9] * 9) is None, "a few values are categories"
    for code in ("{}", "p{}", "0{}", "{} Main Street {}", "{}-20", "{}:30", "{} of {}", "{}.1.1", "12 {}b{}"):
        assert amounts([code.format(10 + n, n) for n in range(40)]) is None, code


def test_two_units_are_found_within_a_class_and_not_between_classes() -> None:
    random = np.random.default_rng(3)
    values, y = random.normal(70, 12, 400).clip(40), random.integers(0, 2, 400)
    in_grams = random.random(400) < 0.3
    found = mixed_units(np.where(in_grams, 1000 * values, values), y)
    assert found is not None
    assert (found.factor, found.rows, found.samples) == ("1,000", in_grams.sum(), 400)
    assert mixed_units(np.where(y == 1, 1000 * values, values), y) is None
    assert mixed_units(np.where(in_grams, 300 * values, values), y) is None


def test_near_copies_are_found_and_no_smooth_density_has_any() -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=(900, 8)).astype(np.float32)
    copies = x[:60] + random.normal(size=(60, 8)).astype(np.float32) * 0.02
    found = near_duplicates(x[:600], np.concatenate([copies, x[600:]]))
    assert found is not None
    assert 58 <= found.copies <= 62
    assert all(held == train for held, train in zip(found.surest, found.of, strict=True))
    clusters = random.normal(size=(30, 8))[random.integers(0, 30, 900)] * 4 + random.normal(size=(900, 8)) * 0.3
    curve = np.linspace(0, 9, 900)[random.permutation(900), None] * np.ones(8)
    for smooth in (x, np.exp(2 * x), clusters, curve, np.cumsum(x, axis=0)[random.permutation(900)], np.round(3 * x)):
        assert near_duplicates(smooth[:600].astype(np.float32), smooth[600:].astype(np.float32)) is None


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_whole_numbers_and_sentinels_make_no_near_copies(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = 1800
    steps = [random.normal(0, 5, n).round() for _ in range(2)]
    days = np.where(random.random(n) < 0.06, 9999, random.gamma(1.5, 6, n).round())
    for columns in ([*steps, random.normal(size=n)], [steps[0], random.normal(60, 20, n).round(2), days]):
        x = np.stack(columns, axis=1)
        x = ((x - x.mean(axis=0)) / x.std(axis=0)).astype(np.float32)
        assert near_duplicates(x[:1080], x[1080:]) is None


def test_copies_of_rows_are_found_among_whole_numbers_and_by_two_inputs() -> None:
    random = np.random.default_rng(7)
    steps = random.normal(0, 14, (1000, 2)).round() / 14
    x = np.concatenate([steps, random.normal(size=(1000, 3))], axis=1).astype(np.float32)
    for inputs, noise in (([0, 1, 2, 3, 4], 0.02), ([2, 3], 0.003)):
        rows = x[:, inputs]
        copies = rows[:60].copy()
        copies[:, -1] += noise * random.normal(size=60)
        found = near_duplicates(rows[:600], np.concatenate([copies, rows[600:]]))
        assert found is not None
        assert 45 <= found.copies - found.expected <= 75
        assert all(held == train for held, train in zip(found.surest[:10], found.of[:10], strict=True))


def test_equal_samples_are_no_near_copies() -> None:
    x = np.random.default_rng(5).normal(size=(900, 8)).astype(np.float32)
    assert near_duplicates(x[:600], np.concatenate([x[:100], x[600:]])) is None


def test_shifted_columns_are_found_and_alike_ones_are_not() -> None:
    random = np.random.default_rng(6)
    first = {name: random.normal(size=500) for name in "abcd"} | {"city": random.integers(0, 3, 500).astype(float)}
    second = {name: random.normal(size=300) for name in "abcd"} | {"city": random.integers(0, 2, 300).astype(float)}
    second["b"] += 1
    second["c"][:120] = np.nan
    both = {name: (first[name], second[name]) for name in first}
    found = column_shifts(both, categories=frozenset({"city"}))
    assert found.keys() == {"b", "c", "city"}
    assert found["c"].distance == pytest.approx(0.4, abs=0.05)
    reference = ks_2samp(first["b"], second["b"])
    assert found["b"].distance == pytest.approx(reference.statistic)
    assert found["b"].p_value < 1e-10
    assert found["b"].second - found["b"].first == pytest.approx(1, abs=0.2)
    assert (found["city"].first, found["city"].distance) == (None, pytest.approx(1 / 3, abs=0.07))


def test_no_column_is_shifted_by_chance() -> None:
    random = np.random.default_rng(7)
    for _ in range(15):
        columns = {str(i): (random.standard_t(2, 60), random.standard_t(2, 60)) for i in range(20)}
        columns |= {f"c{i}": (random.integers(0, 9, 60) * 1.0, random.integers(0, 9, 60) * 1.0) for i in range(5)}
        assert column_shifts(columns, categories=frozenset(f"c{i}" for i in range(5))) == {}


def test_words_tell_what_they_tell() -> None:
    random = np.random.default_rng(8)
    y = random.integers(0, 2, 400)
    noise = [f"case {n}" for n in random.integers(0, 50, 400)]
    found = predictive_words([f"{text} {'good' if k else 'bad'}" for text, k in zip(noise, y, strict=True)], y)
    assert found is not None
    assert (found.correct, found.samples) == (200, 200)
    nothing = predictive_words(noise, y)
    assert nothing is not None
    assert nothing.correct < 120
    assert predictive_words(["", None] * 200, y) is None


def test_whole_groups_cost_where_samples_of_one_are_alike() -> None:
    random = np.random.default_rng(9)
    groups = random.integers(0, 40, 400)
    x = (random.normal(size=(40, 4))[groups] + 0.2 * random.normal(size=(400, 4))).astype(np.float32)
    found = whole_groups(x.__getitem__, random.integers(0, 2, 40)[groups], groups, name="who", features=4)
    assert found is not None
    assert (found.groups, found.samples) == (40, 400)
    assert found.at_random > 360
    assert found.by_group < 280
    assert found.p_value < 1e-3
    y = (x[:, 0] + random.normal(size=400) > 0).astype(int)
    harmless = whole_groups(x.__getitem__, y, random.integers(0, 40, 400), name="any", features=4)
    assert harmless is not None
    assert harmless.p_value > 0.01
    assert whole_groups(x.__getitem__, y, np.zeros(400, np.int64), name="one", features=4) is None
    large = np.repeat(np.arange(14), 500)
    x = (random.normal(size=(14, 4))[large] + 0.2 * random.normal(size=(7000, 4))).astype(np.float32)
    found = whole_groups(x.__getitem__, large % 2, large, name="who", features=4)
    assert found is not None
    assert (found.groups, found.samples, found.at_random > 2900, found.by_group < 2500) == (14, 3000, True, True)


def test_periods_are_of_equally_many_samples_in_order() -> None:
    times = np.random.default_rng(10).permutation(400).astype(float)
    found = periods(times)
    assert np.bincount(found).tolist() == [20] * 20
    assert (np.diff(found[np.argsort(times)]) >= 0).all()


def test_blocks_of_labels_are_no_sorted_file_and_no_random_order() -> None:
    random = np.random.default_rng(11)
    y = np.repeat(np.arange(60) % 3, 10)
    found = blocks_of_labels(y)
    assert found is not None
    assert found.tolist() == np.repeat(np.arange(60), 10).tolist()
    assert blocks_of_labels(np.sort(y)) is None
    assert blocks_of_labels(random.permutation(y)) is None
    assert blocks_of_labels((random.random(2000) < 0.03).astype(int)) is None, (
        "a rare class makes long blocks by chance"
    )


@pytest.mark.parametrize(("smoothing", "classes"), [(0, 2), (10, 2), (0, 4), (3, 4)])
def test_means_of_the_labels_of_all_rows_are_found(smoothing: float, classes: int) -> None:
    random = np.random.default_rng(8)
    shops, y = random.integers(0, 30, 600), random.integers(0, classes, 600)
    truth = (y == 1).astype(float)
    counts = np.bincount(shops)[shops]
    means = (np.bincount(shops, truth)[shops] + smoothing * truth.mean()) / (counts + smoothing)
    assert may_encode_target(means, y)
    found = encoded_target(means.round(4), y)
    assert found is not None
    assert (found.target, found.is_smoothed, found.rows >= 540) == (1, smoothing > 0, True)


@pytest.mark.parametrize("seed", range(6))
def test_percentages_and_rounded_means_of_labels_are_found_and_true_rates_of_any_size_are_not(seed: int) -> None:
    random = np.random.default_rng(seed)
    shops = random.integers(0, 400, 4000)
    y = (random.random(4000) < random.beta(4, 4, 400)[shops]).astype(int)
    means = np.bincount(shops, y)[shops] / np.bincount(shops)[shops]
    for given in (100 * means, (100 * means).round(1), (100 * means).round(), means.round(2)):
        assert may_encode_target(given, y)
        assert encoded_target(given, y) is not None
    rates = random.beta(4, 4, 40).round(2)[random.integers(0, 40, 400_000)]  # 10,000 rows for each rate
    drawn = (random.random(400_000) < rates).astype(int)
    assert encoded_target(rates, drawn) is None
    assert encoded_target((100 * rates).round(), drawn) is None


@pytest.mark.parametrize("seed", range(4))
def test_exact_means_of_few_large_categories_are_found_and_steep_or_partial_ones_are_not(seed: int) -> None:
    random = np.random.default_rng(seed)
    shops = np.repeat(np.arange(10), 8000)
    rare = (random.random(80_000) < 0.02).astype(int)
    assert encoded_target((np.bincount(shops, rare) / 8000)[shops], rare) is not None
    exam = random.normal(50, 6, 1000).round().clip(0, 100)
    passed = (random.random(1000) < 1 / (1 + np.exp(-(exam - 50) / 2))).astype(int)
    assert encoded_target(exam, passed) is None, "a column that tells more than its share is no encoding"
    streets = random.integers(0, 100, 150_000)
    y = (random.random(150_000) < random.beta(4, 4, 100)[streets]).astype(int)
    known = random.random(150_000) < 0.9
    shares = np.bincount(streets[known], y[known]) / np.bincount(streets[known])
    assert encoded_target(shares[streets].round(2), y) is None, "the labels of a tenth are not in it"


def test_means_of_decimal_classes_are_found_without_a_warning() -> None:
    random, numbers = np.random.default_rng(0), np.array([1.1, 2.3, 3.7])
    shops, y = random.integers(0, 30, 600), random.integers(0, 3, 600)
    y[shops < 3] = 1
    assert encoded_target((np.bincount(shops, numbers[y]) / np.bincount(shops))[shops], y, numbers) is not None


def test_the_mean_of_numbered_classes_is_found_and_means_of_other_rows_or_labels_are_not() -> None:
    random = np.random.default_rng(9)
    shops, y = random.integers(0, 30, 600), random.integers(0, 4, 600)
    means = np.bincount(shops, y)[shops] / np.bincount(shops)[shops]
    found = encoded_target(means, y)
    assert found is not None
    assert found.target is None
    first = np.bincount(shops[:450], y[:450], 30) / np.bincount(shops[:450], minlength=30)
    assert encoded_target(first[shops], y) is None, "no label of the last 150 rows is in it"
    assert encoded_target(means, random.permutation(y)) is None
    assert not may_encode_target(random.random(600), y)
    assert not may_encode_target(y.astype(float), y)


@pytest.mark.parametrize("numbers", [(-1.0, 1.0), (1.0, 2.0), (1.0, 2.0, 3.0, 5.0)])
def test_means_of_labels_that_are_numbers_are_found(numbers: tuple[float, ...]) -> None:
    random = np.random.default_rng(9)
    shops, y, given = random.integers(0, 30, 600), random.integers(0, len(numbers), 600), np.array(numbers)
    means = np.bincount(shops, given[y])[shops] / np.bincount(shops)[shops]
    assert may_encode_target(means, y, given)
    found = encoded_target(means, y, given)
    assert found is not None
    assert (found.target, type(found.is_smoothed)) == (None, bool)


def test_small_values_and_values_of_one_label_each_are_no_means() -> None:
    random = np.random.default_rng(10)
    faults = (random.random(3000) < 0.01).astype(int)
    assert encoded_target(random.normal(2e-5, 1e-6, 3000).round(7), faults) is None
    sure = random.beta(0.02, 0.02, 3000).round(3)
    assert encoded_target(sure, (random.random(3000) < sure).astype(int)) is None


@pytest.mark.parametrize("seed", range(20))
def test_rates_that_predict_the_class_are_not_computed_from_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = int(random.integers(8, 80))
    rates = random.beta(2, 2, values).round(int(random.choice([1, 2, 3])))[random.integers(0, values, 2000)]
    assert encoded_target(rates, (random.random(2000) < rates).astype(int)) is None
