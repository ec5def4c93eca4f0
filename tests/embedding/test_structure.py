"""Distances, groups, equal rows and noise, and the cautions that come of them."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from cutaway.embedding import Quality, embed, measure_quality
from cutaway.embedding.structure import equal_rows, groups_of, measure_structure

FAITHFUL = Quality(0.99, 0.5, 15, 2000, structure=0.2, equal_rows=0.0)


def measured(h, xy, seed=0):
    h = np.asarray(h, np.float32)
    return measure_structure(h, np.asarray(xy, np.float32), seed=seed)


def clouds(middles, sizes=1.0, *, columns=6, each=150, seed=0):
    """Normal clouds of equally many samples around middles in the first columns."""
    x = np.random.default_rng(seed).normal(size=(len(middles) * each, columns))
    x *= np.repeat(np.broadcast_to(sizes, len(middles)), each)[:, None]
    x[:, : np.shape(middles)[1]] += np.repeat(middles, each, axis=0)
    return x.astype(np.float32)


def kept_triplets(h, xy):
    """The share of triplets whose order is kept, one at a time; ties count half."""
    kept, n = [], len(h)
    for i in range(n):
        for j, k in combinations([other for other in range(n) if other != i], 2):
            signs = [
                np.sign(((of[i] - of[j]) ** 2).sum() - ((of[i] - of[k]) ** 2).sum())
                for of in (np.float64(h), np.float64(xy))
            ]
            kept.append(0.5 + 0.5 * signs[0] * signs[1])
    return np.mean(kept)


def test_triplets_and_the_correlation_follow_their_definition():
    rng = np.random.default_rng(0)
    h, xy = rng.integers(0, 3, (24, 4)), rng.integers(0, 3, (24, 2))  # with many ties and some equal rows
    found = measured(h, xy)
    assert found["triplets"] == pytest.approx(kept_triplets(h, xy))
    assert found["distance_correlation"] == pytest.approx(spearmanr(pdist(h), pdist(xy))[0])
    assert found["triplets_error"] is found["distance_correlation_error"] is None


def test_the_plane_itself_keeps_all_distances_and_a_random_layout_none():
    xy = np.random.default_rng(1).normal(size=(400, 2)).astype(np.float32)
    same, shuffled = measured(xy * 5 + 3, xy), measured(xy, xy[np.random.default_rng(2).permutation(400)])
    assert (same["triplets"], same["distance_correlation"]) == pytest.approx((1, 1), abs=1e-4)
    assert shuffled["triplets"] == pytest.approx(0.5, abs=4 * shuffled["triplets_error"])
    assert shuffled["distance_correlation"] == pytest.approx(0, abs=5 * shuffled["distance_correlation_error"])
    assert shuffled["triplets_error"] < 0.02


@pytest.mark.exhaustive
def test_standard_errors_say_how_far_the_estimates_are_off():
    rng = np.random.default_rng(0)
    h = rng.normal(size=(1500, 4)).astype(np.float32)
    found = [measured(h, h[:, :2], seed) for seed in range(60)]
    apart = pdist(h), pdist(h[:, :2])
    for name, whole in (("triplets", None), ("distance_correlation", spearmanr(*apart)[0])):
        values = np.array([each[name] for each in found])
        error = np.mean([each[f"{name}_error"] for each in found])
        assert values.std() == pytest.approx(error, rel=0.3), name
        if whole is not None:
            # a set of 60 is a little off what all pairs give
            assert values.mean() == pytest.approx(whole, abs=0.01)


def test_measures_do_not_depend_on_scale_and_place():
    h = clouds([[0, 0], [9, 0], [0, 30]])
    xy = h[:, :2]
    one, other = measured(h, xy), measured(h * np.float32(2**60), xy * np.float32(2**-40))
    assert one.keys() == other.keys()
    for name in one:
        assert one[name] == pytest.approx(other[name], rel=1e-3, abs=1e-3), name


def test_equal_rows_are_counted():
    h = np.arange(20, dtype=np.float32).reshape(10, 2)
    assert equal_rows(h) == 0
    h[[1, 5, 6]] = h[0]
    h[[8, 9]] = 0.0
    h[9, 0] = -0.0
    assert equal_rows(h) == 0.6


def test_groups_are_what_gaps_separate():
    rng = np.random.default_rng(0)
    xy = clouds([[0, 0], [12, 0], [0, 12]], columns=2, each=150)
    groups = groups_of(xy)
    assert [sorted(set((each // 150).tolist())) for each in groups] == [[0], [1], [2]]
    assert sum(map(len, groups)) > 430
    assert len(groups_of(rng.uniform(size=(1000, 2)))) == 1
    assert len(groups_of(np.zeros((100, 2)))) == 1


def test_sizes_and_distances_are_those_of_the_same_groups_in_the_layer_and_on_the_map():
    layer = clouds([[0, 0], [20, 0], [0, 100]], [1, 2, 4])
    plane = clouds([[0, 0], [20, 0], [40, 0]], [1, 1, 2], columns=2, seed=1)
    found = measured(layer, plane)
    assert found["sizes_layer"] == pytest.approx(4, rel=0.1)
    assert found["sizes_plane"] == pytest.approx(2, rel=0.15)
    # the second and third group are 102 apart and the first two 20; on the map both pairs are 20 apart
    assert found["distances_layer"] == pytest.approx(5.1, rel=0.05)
    assert found["distances_plane"] == pytest.approx(1, rel=0.05)
    one = measured(layer[:150], plane[:150])
    assert "sizes_layer" not in one
    assert "distances_layer" not in one


def test_structure_is_what_shuffling_destroys():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(600, 8))
    shapes = {"normal": noise, "skewed": np.exp(noise), "correlated": noise @ rng.normal(size=(8, 8))}
    for name, h in shapes.items():
        assert abs(measured(h, h[:, :2])["structure"]) < 0.015, name
    circle = np.linspace(0, 2 * np.pi, 600)
    assert measured(np.column_stack([np.cos(circle), np.sin(circle)]), noise[:, :2])["structure"] > 0.3
    line = np.outer(rng.normal(size=600), np.ones(3))
    assert measured(line, noise[:, :2])["structure"] is None
    assert measured(np.repeat(noise[:10], 60, axis=0), noise[:, :2])["structure"] is None


def test_halves_of_a_cloud_are_near_each_other_and_groups_far():
    noise, two = clouds([[0, 0]], each=600), clouds([[0, 0], [8, 0]])
    assert measured(noise, noise[:, :2])["separation"] == pytest.approx(2.6, abs=0.4)
    assert measured(two, np.zeros_like(two[:, :2]))["separation"] == pytest.approx(8, rel=0.1)
    assert measured(two, two[:, :2])["separation"] == pytest.approx(8, rel=0.1)


def test_a_faithful_map_gets_no_caution():
    assert FAITHFUL.cautions == ()
    assert replace(FAITHFUL, equal_rows=None, structure=None).cautions == ()
    assert replace(FAITHFUL, neighbors_found=0.95).cautions == ()
    shown = replace(FAITHFUL, sizes_layer=5.0, sizes_plane=3.0, distances_layer=1.9, distances_plane=0.1)
    assert shown.cautions == ()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"equal_rows": 0.3}, ["30.0%"]),
        ({"sizes_layer": 5.0, "sizes_plane": 1.02}, ["5.0 times", "1.0 times"]),
        ({"distances_layer": 4.0, "distances_plane": 1.5}, ["4.0 times"]),
        ({"neighbors_found": 0.83}, ["83%", "neighbors="]),
        ({"structure": -0.02}, ["0.0%"]),
        ({"structure": 0.012, "separation": 3.0}, ["1.2%"]),
        ({"structure": 0.0, "accuracy_layer": 0.52, "largest_class": 0.5}, ["0.0%"]),
    ],
)
def test_a_caution_is_said_with_what_was_measured(changed, told):
    (caution,) = replace(FAITHFUL, **changed).cautions
    assert all(each in caution for each in told)


def test_gaps_and_classes_tell_samples_from_noise():
    assert replace(FAITHFUL, structure=0.0, separation=4.5).cautions == ()
    assert replace(FAITHFUL, structure=0.0, accuracy_layer=0.6, largest_class=0.5).cautions == ()


def test_maps_of_noise_and_of_groups_are_told_apart():
    noise = np.random.default_rng(3).normal(size=(300, 10)).astype(np.float32)
    groups = clouds([[0, 0], [14, 0], [7, 12]], each=100)
    assert len(embed(noise, labels=np.arange(300) % 2).quality.cautions) == 1
    assert embed(noise).quality.largest_class is None
    assert embed(groups).quality.cautions == ()


def test_the_quality_holds_them():
    h = clouds([[0, 0], [14, 0], [7, 12]])
    labels = np.arange(450) // 150
    exact = measure_quality(h, h[:, :2], seed=0, labels=labels)
    for name in ("triplets", "triplets_error", "sizes_layer", "distances_plane", "separation", "structure"):
        assert getattr(exact, name) is not None, name
    assert exact.largest_class == pytest.approx(1 / 3)
    assert exact.standard_errors is None
