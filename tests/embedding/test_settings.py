"""The settings of t-SNE: what each does, how "auto" is reported, and what is refused."""

import pickle
from dataclasses import fields

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from cutaway.embedding import LayoutStep, TSNESettings, embed, inspect_quality, place, placement
from cutaway.embedding.tsne.settings import make_settings
from cutaway.errors import DataError, UsageError

IRIS = load_iris().data.astype(np.float32)
H, LABELS = load_digits(return_X_y=True)
H, LABELS = H[:400].astype(np.float32), LABELS[:400]
NAMES = {field.name for field in fields(TSNESettings)}


def start_of(h, **settings):
    """The layout before the first iteration."""
    steps = []
    embed(h, callback=lambda step: steps.append(step) or True, **settings)
    return steps[0].xy


def density(xy):
    """Mean radius of the classes, relative to that of the whole layout."""
    center = np.stack([xy[number == LABELS].mean(axis=0) for number in range(10)])[LABELS]
    return np.linalg.norm(xy - center, axis=1).mean() / np.linalg.norm(xy - xy.mean(axis=0), axis=1).mean()


def test_auto_is_what_was_used():
    automatic = embed(IRIS)
    used = {name: automatic.settings[name] for name in NAMES}
    # given as a number, the learning rate is that of both phases
    assert (used.pop("learning_rate"), automatic.settings["early_learning_rate"]) == (150.0, 20.0)
    assert "auto" not in used.values()
    np.testing.assert_array_equal(embed(IRIS, **used).xy, automatic.xy)


def test_a_learning_rate_is_that_of_both_phases():
    layout = embed(IRIS, learning_rate=50, max_iter=300)
    assert (layout.settings["learning_rate"], layout.settings["early_learning_rate"]) == (50.0, 50.0)
    assert not np.array_equal(layout.xy, embed(IRIS, max_iter=300).xy)


def test_automatic_learning_rates_are_divided_by_the_exaggeration():
    used = embed(H, early_exaggeration=4, exaggeration=2, max_iter=260).settings
    assert (used["early_learning_rate"], used["learning_rate"]) == (100.0, 200.0)
    assert (used["early_exaggeration"], used["exaggeration"]) == (4.0, 2.0)


def test_exaggeration_in_the_main_phase_makes_groups_denser():
    plain, exaggerated = (embed(H, perplexity=20, exaggeration=factor).xy for factor in (1, 4))
    assert density(exaggerated) < 0.8 * density(plain)


def test_early_exaggeration_lasts_as_long_as_is_said():
    phases = []
    layout = embed(IRIS, early_exaggeration_iter=20, max_iter=40, callback=lambda step: phases.append(step.phase))
    assert (layout.settings["early_exaggeration_iter"], layout.settings["iterations"]) == (20, 40)
    assert phases[0] == "start"
    assert phases[-1] == "main"
    none = embed(IRIS, early_exaggeration_iter=0, max_iter=40)
    np.testing.assert_array_equal(none.xy, embed(IRIS, early_exaggeration_iter=0, early_exaggeration=1, max_iter=40).xy)
    assert not np.array_equal(none.xy, layout.xy)


def test_more_momentum_moves_farther():
    slow, fast = (embed(H, momentum=value, max_iter=280, tolerance=0).xy for value in (0.0, 0.9))
    assert np.ptp(fast) > 1.5 * np.ptp(slow)


def test_without_a_tolerance_all_iterations_are_done():
    assert embed(IRIS, tolerance=0, max_iter=800).settings["iterations"] == 800
    sooner = embed(IRIS, tolerance=0.2).settings
    assert (sooner["iterations"], sooner["stopped"]) == (325, "converged")


def test_an_initial_array_is_taken_as_it_is():
    array = np.random.default_rng(0).normal(size=(150, 2)) + 3
    np.testing.assert_array_equal(start_of(IRIS, init=array), array.astype(np.float32))
    layout = embed(IRIS, init=array, max_iter=260)
    assert layout.settings["init"].startswith("array ")
    assert layout.settings["init"] != embed(IRIS, init=-array, max_iter=260).settings["init"]
    np.testing.assert_array_equal(layout.xy, embed(IRIS, init=array.tolist(), max_iter=260).xy)
    # a layout of its own is nearly a minimum already
    done = embed(H, perplexity=20)
    again = embed(H, perplexity=20, init=done.xy, early_exaggeration_iter=0, max_iter=200)
    assert again.kl_divergence == pytest.approx(done.kl_divergence, rel=0.03)
    assert np.linalg.norm(again.xy - done.xy, axis=1).mean() < 0.2 * done.xy.std()


def test_a_random_initialization_depends_on_the_seed_only():
    one, same, other = (start_of(h, init="random", seed=seed) for h, seed in ((IRIS, 1), (IRIS * 2, 1), (IRIS, 2)))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.std(axis=0) == pytest.approx([1e-4, 1e-4], rel=0.2)
    first, second = (embed(IRIS, init="random", seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.xy, second.xy)
    assert first.settings["init"] == "random"
    # one unit is laid out in the plane then, not on a line
    assert np.ptp(embed(IRIS[:, :1], init="random", max_iter=260).xy, axis=0).min() > 0


def test_the_principal_components_are_the_usual_start():
    start = start_of(IRIS, seed=5)
    np.testing.assert_array_equal(start, start_of(IRIS, init="pca"))
    assert start[:, 0].std() == pytest.approx(1e-4, rel=1e-3)


@pytest.mark.parametrize("n", [150, 4100])
def test_many_samples_take_fewer_iterations_at_least(n):
    h = np.random.default_rng(0).normal(size=(n, 5)).astype(np.float32)
    least = 251 if n == 150 else 61
    assert embed(h, max_iter=least, perplexity=5).settings["iterations"] == least
    with pytest.raises(UsageError):
        embed(h, max_iter=least - 1, perplexity=5)


OTHERS = [{"perplexty": 5}, {"pca": 5, "method": "pca"}, {"max_iter": 100, "early_exaggeration_iter": 100}]
RANGES = [{"max_iter": 250}, {"max_iter": 750, "final_iter": 500}, {"momentum": 1}, {"seed": -1}]


@pytest.mark.parametrize("settings", OTHERS + RANGES)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(UsageError, match=next(iter(settings))):
        embed(IRIS, **settings)


@pytest.mark.parametrize(
    "array", [np.zeros((149, 2)), np.zeros((150, 3)), np.zeros((150, 2)), np.full((150, 2), np.nan), None]
)
def test_an_initialization_that_does_not_fit_is_refused(array):
    with pytest.raises(DataError):
        embed(IRIS, init=array)


def same(one, other):
    """Whether two records are equal, arrays and types included."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if hasattr(one, "__dataclass_fields__"):
        return type(one) is type(other) and all(
            same(getattr(one, name), getattr(other, name)) for name in one.__dataclass_fields__
        )
    return type(one) is type(other) and one == other


def test_records_can_be_pickled_unchanged():
    steps = []
    layout = embed(H, labels=LABELS, perplexity=20, max_iter=260, callback=steps.append)
    quality, _ = inspect_quality(H, layout.xy, seed=0, labels=LABELS)
    at = placement(H, layout.xy)
    for record in (layout, quality, at, steps[-1], TSNESettings(perplexity=5)):
        copy = pickle.loads(pickle.dumps(record))
        assert same(copy, record)
    assert isinstance(steps[-1], LayoutStep)
    np.testing.assert_array_equal(place(H[:3], pickle.loads(pickle.dumps(at))), place(H[:3], at))


@pytest.mark.parametrize(("samples", "perplexity"), [(4, 1), (10, 3), (90, 29), (91, 30), (5000, 30)])
def test_the_usual_perplexity_fits_few_samples(samples, perplexity):
    assert make_settings({}, samples=samples).perplexity == perplexity
    assert make_settings({"perplexity": "auto"}, samples=samples).perplexity == perplexity
