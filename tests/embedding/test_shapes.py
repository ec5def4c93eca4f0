"""The shapes of Wattenberg, Viégas and Johnson 2016, "How to use t-SNE effectively" (distill.pub): what a map of them
shows, and what is said where it misleads."""

import numpy as np
import pytest

from cutaway.embedding import embed

ANGLES = np.linspace(0, 2 * np.pi, 400, endpoint=False)
ZERO = np.zeros(400)


def cloud(width, middle=0.0, n=200, columns=10, seed=1):
    return middle + width * np.random.default_rng(seed).normal(size=(n, columns))


def layout(*parts):
    return embed(np.concatenate(parts).astype(np.float32))


def steps(xy, *, closed):
    """Distances between points that follow each other on a curve."""
    return np.linalg.norm(np.diff(np.concatenate([xy, xy[:1]]) if closed else xy, axis=0), axis=1)


def test_of_two_sizes_of_groups_the_map_says_that_it_shows_none():
    found = layout(cloud(1), cloud(10, middle=60, seed=2)).quality
    assert found.sizes_layer == pytest.approx(10, rel=0.1)
    assert found.sizes_plane < 2
    assert any(f"{found.sizes_layer:.1f} times" in caution for caution in found.cautions)


def test_of_near_and_far_groups_the_map_says_that_it_shows_no_distances():
    away = np.eye(10)[0]
    found = layout(cloud(1), cloud(1, 12 * away, seed=2), cloud(1, 72 * away, seed=3)).quality
    assert found.distances_layer > 4
    assert found.distances_plane < 2.5
    assert any(f"{found.distances_layer:.1f} times" in caution for caution in found.cautions)


def test_clumps_of_noise_are_called_chance():
    found = layout(cloud(1, n=500, columns=100)).quality
    assert len(found.cautions) == 1
    assert f"{max(found.structure, 0):.1%}" in found.cautions[0]


def test_a_line_stays_a_line():
    found = layout(np.stack([ANGLES, 2 * ANGLES, -ANGLES], axis=1))
    assert found.quality.neighbors_preserved > 0.95
    apart = steps(found.xy, closed=False)
    assert apart.max() < 5 * np.median(apart)


def test_linked_rings_are_two_whole_rings():
    one = np.stack([np.cos(ANGLES), np.sin(ANGLES), ZERO], axis=1)
    other = np.stack([1 + np.cos(ANGLES), ZERO, np.sin(ANGLES)], axis=1)
    found = layout(one, other)
    assert found.quality.cautions == ()
    for ring in (found.xy[:400], found.xy[400:]):
        apart = steps(ring, closed=True)
        assert apart.max() < 2 * np.median(apart)


def test_a_knot_keeps_its_neighbors_though_it_is_torn():
    knot = [np.sin(ANGLES) + 2 * np.sin(2 * ANGLES), np.cos(ANGLES) - 2 * np.cos(2 * ANGLES), -np.sin(3 * ANGLES)]
    assert layout(np.stack(knot, axis=1)).quality.neighbors_preserved > 0.9


def test_a_group_within_a_wide_one_stays_inside():
    xy = layout(cloud(1, columns=50), cloud(20, columns=50, seed=2)).xy
    far = np.linalg.norm(xy - xy[:200].mean(axis=0), axis=1)
    assert np.median(far[200:]) > 1.5 * np.median(far[:200])
