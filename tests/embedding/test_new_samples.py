import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from cutaway.embedding import embed, place, placement
from cutaway.errors import DataError, UsageError

H, LABELS = load_digits(return_X_y=True)
H = H.astype(np.float32)
OLD, NEW = slice(0, 1000), slice(1000, 1400)


@pytest.fixture(scope="module")
def layout():
    return embed(H[OLD], max_iter=400).xy


@pytest.fixture(scope="module")
def at(layout):
    return placement(H[OLD], layout)


def test_a_sample_of_the_layout_lands_near_itself(layout, at):
    off = np.linalg.norm(place(H[OLD], at) - layout, axis=1)
    width = np.ptp(layout, axis=0).max()
    assert np.median(off) < 0.01 * width
    assert np.quantile(off, 0.95) < 0.03 * width


def test_new_samples_land_among_their_class(layout, at):
    xy = place(H[NEW], at)
    assert (xy.dtype, xy.shape) == (np.float32, (400, 2))
    assert KNeighborsClassifier(5).fit(layout, LABELS[OLD]).score(xy, LABELS[NEW]) > 0.93


def test_each_is_placed_independently(at):
    together = place(H[NEW], at)
    alone = np.concatenate([place(H[[row]], at) for row in range(1000, 1020)])
    # products of one row and of many rows are summed in different orders
    np.testing.assert_allclose(alone, together[:20], atol=0.05)
    np.testing.assert_allclose(place(np.repeat(H[1000:1001], 70, axis=0), at) - together[0], 0, atol=0.05)


def test_the_layout_does_not_change(layout, at):
    before = at.xy.copy()
    place(H[NEW], at)
    np.testing.assert_array_equal(at.xy, before)


@pytest.mark.parametrize("scale", [1e-30, 1e25])
def test_the_scale_does_not_matter(layout, at, scale):
    scaled = (H * np.float64(scale)).astype(np.float32)
    xy = place(scaled[NEW], placement(scaled[OLD], layout))
    assert np.median(np.linalg.norm(xy - place(H[NEW], at), axis=1)) < 0.05


def test_a_sample_far_out_is_placed_among_its_nearest(layout, at):
    far = H[NEW][:3] + 1e9 * (H[5] - H[6])
    xy = place(far.astype(np.float32), at)
    assert np.isfinite(xy).all()
    assert (xy >= layout.min(axis=0) - 10).all()
    assert (xy <= layout.max(axis=0) + 10).all()


def test_few_and_equal_samples_are_enough():
    h = np.array([[0, 0], [0, 0], [1, 1]], np.float32)
    at = placement(h, np.array([[0, 0], [0, 1], [9, 9]], np.float32))
    assert np.isfinite(place(np.array([[0, 0], [5, -5]], np.float32), at)).all()


@pytest.mark.parametrize(
    ("h", "settings", "error"),
    [
        (H[:1, :5], {}, DataError),
        (np.full((1, 64), np.nan), {}, DataError),
        (H[0], {}, DataError),
        (np.full((1, 64), 1e25), {}, DataError),
        (H[:1], {"perplexity": 0.5}, UsageError),
    ],
)
def test_what_cannot_be_placed_is_refused(at, h, settings, error):
    with pytest.raises(error):
        place(h, at, **settings)


def test_a_placement_needs_a_layout_of_its_samples(layout):
    with pytest.raises(DataError):
        placement(H[:999], layout)
    with pytest.raises(DataError):
        placement(np.ones((5, 3)), np.zeros((5, 2)))
