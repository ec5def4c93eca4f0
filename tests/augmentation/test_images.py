"""What augmentation does to images, read off from images whose values say where a pixel comes from."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from cutaway import Augmentation
from cutaway.augmentation import PRESETS
from cutaway.errors import DataError, UsageError

HEIGHT, WIDTH = 24, 40
Y, X = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
MIDDLE = (WIDTH - 1) / 2, (HEIGHT - 1) / 2


def sources(augmentation, count=200, **options):
    """Where each pixel of some images comes from: x and y, float32 (image, height, width).

    The ramps are padded by their own continuation, so that the border of the image cuts nothing off.
    """
    ramps = np.repeat(np.stack([X, Y], axis=2)[None], count, axis=0)
    ramps = np.concatenate([ramps, np.zeros_like(ramps[..., :1])], axis=3)  # as of color
    found = augmentation.apply(ramps, **options)
    return found[..., 0], found[..., 1]


def inner(field):
    """The part of it that no border cuts off, where nothing moves by more than a third."""
    return field[:, 9:-9, 14:-14]


def gradients(field):
    """How much a field changes from one column and from one row to the next."""
    return np.diff(inner(field), axis=2)[:, 1:], np.diff(inner(field), axis=1)[:, :, 1:]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(2, 2), (28, 28), (5, 17, 1), (16, 9, 3), (404, 13)])
def test_an_augmentation_without_settings_changes_nothing(shape, dtype):
    images = np.random.default_rng(0).integers(0, 256, (7, *shape)).astype(dtype)
    changed = Augmentation().apply(images)
    assert changed.dtype == dtype
    np.testing.assert_array_equal(changed, images)


@pytest.mark.parametrize("name", PRESETS)
def test_an_image_depends_on_seed_epoch_and_number_alone(name):
    images = np.random.default_rng(0).integers(0, 256, (50, 20, 20), np.uint8)
    whole = PRESETS[name].apply(images, seed=3, epoch=2)
    rows = PRESETS[name].rows(images, seed=3, epoch=2)
    some = np.array([[40, 3], [3, 11]])
    np.testing.assert_array_equal(rows[some], whole[some])
    for other in ({"seed": 4, "epoch": 2}, {"seed": 3, "epoch": 1}):
        changed = (PRESETS[name].apply(images, **other) != whole).any(axis=(1, 2))
        assert changed.mean() > 0.95
    same = PRESETS[name].apply(np.repeat(images[:1], 50, axis=0), seed=3, epoch=2)
    assert len(np.unique(same, axis=0)) > 45


def test_shift_moves_all_pixels_alike_by_up_to_its_share():
    x, y = sources(Augmentation(shift=0.1))
    for field, ramp, side in ((x, X, WIDTH), (y, Y, HEIGHT)):
        moved = inner(field - ramp)
        np.testing.assert_allclose(moved, moved[:, :1, :1] + 0 * moved, atol=1e-4)
        assert 0.09 * side < abs(moved[:, 0, 0]).max() <= 0.1 * side + 1e-4
        assert abs(moved[:, 0, 0].mean()) < 0.015 * side


def test_rotation_keeps_lengths_and_the_middle_and_ends_at_its_angle():
    x, y = sources(Augmentation(rotation=15))
    x_across, x_down = gradients(x)
    y_across, y_down = gradients(y)
    angles = np.rad2deg(np.arctan2(y_across, x_across)).mean(axis=(1, 2))
    np.testing.assert_allclose(x_across**2 + y_across**2, 1, atol=1e-3)
    np.testing.assert_allclose(x_across * x_down + y_across * y_down, 0, atol=1e-3)
    assert 14 < abs(angles).max() <= 15.01
    middle = x[:, HEIGHT // 2 - 1 : HEIGHT // 2 + 1, WIDTH // 2 - 1 : WIDTH // 2 + 1].mean(axis=(1, 2))
    np.testing.assert_allclose(middle, MIDDLE[0], atol=1e-3)


def test_scale_and_shear_stretch_within_their_limits():
    x, y = sources(Augmentation(scale=0.2))
    widths, heights = gradients(x)[0].mean(axis=(1, 2)), gradients(y)[1].mean(axis=(1, 2))
    for factors in (widths, heights):
        assert np.exp(-0.2) - 1e-3 <= factors.min() < 0.85
        assert 1.18 < factors.max() <= np.exp(0.2) + 1e-3
    assert abs(np.corrcoef(widths, heights)[0, 1]) < 0.25
    x, y = sources(Augmentation(shear=0.3))
    slants = gradients(x)[1].mean(axis=(1, 2))
    assert 0.27 < abs(slants).max() <= 0.3 + 1e-3
    np.testing.assert_allclose(inner(y), np.broadcast_to(inner(Y[None]), inner(y).shape), atol=1e-3)


def test_a_crop_stays_inside_the_image_and_keeps_its_proportions():
    x, y = sources(Augmentation(crop=0.4), count=500)
    widths, heights = (field.max(axis=(1, 2)) - field.min(axis=(1, 2)) for field in (x, y))
    np.testing.assert_allclose(widths / (WIDTH - 1), heights / (HEIGHT - 1), atol=1e-3)
    assert 0.6 - 1e-3 <= (widths / (WIDTH - 1)).min() < 0.62
    assert x.min() < 0.5
    assert x.max() > WIDTH - 1.5


def test_elastic_movement_is_smooth_and_has_the_size_that_was_asked_for():
    x, y = sources(Augmentation(elastic=0.03), count=400)
    for field, ramp in ((x, X), (y, Y)):
        moved = inner(field - ramp)
        assert np.sqrt((moved**2).mean()) == pytest.approx(0.03 * HEIGHT, rel=0.08)
        assert abs(moved.mean()) < 0.1 * 0.03 * HEIGHT
        steps = np.diff(moved, axis=2)
        assert np.sqrt((steps**2).mean()) < 0.25 * 0.03 * HEIGHT
        assert moved.std(axis=0).min() > 0.02 * HEIGHT  # everywhere, not only at control points
    assert abs(np.corrcoef(inner(x - X).ravel(), inner(y - Y).ravel())[0, 1]) < 0.05


@pytest.mark.parametrize(("flip", "axes"), [("horizontal", (2,)), ("vertical", (1,)), ("both", (1, 2))])
def test_half_of_the_images_are_mirrored(flip, axes):
    images = np.random.default_rng(0).integers(0, 256, (400, 6, 9, 3), np.uint8)
    changed = Augmentation(flip=flip).apply(images)
    mirrored = np.zeros(len(images), bool)
    for number in range(2 ** len(axes)):
        along = [axis for place, axis in enumerate(axes) if number >> place & 1]
        equal = (changed == np.flip(images, along)).all(axis=(1, 2, 3))
        assert abs(equal.mean() - 0.5 ** len(axes)) < 0.1
        mirrored |= equal
    assert mirrored.all()


def test_brightness_multiplies_values_and_ends_at_255():
    images = np.random.default_rng(0).integers(1, 256, (300, 5, 5)).astype(np.uint8)
    factors = Augmentation(brightness=0.5).apply(images.astype(np.float32)) / images
    np.testing.assert_allclose(factors, factors[:, :1, :1] + 0 * factors, rtol=1e-5)
    assert 0.5 <= factors.min() < 0.52
    assert 1.48 < factors.max() <= 1.5
    rounded = Augmentation(brightness=0.5).apply(images)
    np.testing.assert_allclose(rounded, np.minimum(factors * images, 255), atol=0.51)


def test_pixels_are_interpolated_as_scipy_does():
    augmentation = Augmentation(shift=0.2, rotation=30, scale=0.3, shear=0.2, elastic=0.03, crop=0.3, flip="both")
    x, y = sources(augmentation, count=30, seed=5, epoch=7)
    images = np.random.default_rng(0).normal(size=(30, HEIGHT, WIDTH, 3)).astype(np.float32)
    changed = augmentation.apply(images, seed=5, epoch=7)
    for number, image in enumerate(images):
        for channel in range(3):
            expected = map_coordinates(image[..., channel], [y[number], x[number]], order=1, mode="nearest")
            np.testing.assert_allclose(changed[number, ..., channel], expected, atol=2e-3)


@pytest.mark.parametrize("shape", [(), (5,), (1, 5), (5, 1), (5, 5, 2), (5, 5, 4), (5, 5, 3, 1)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(DataError):
        Augmentation(shift=0.1).apply(np.zeros((3, *shape), np.float32))


@pytest.mark.parametrize("shape", [(2, 2), (2, 100), (100, 2, 3), (404, 13), (31, 17, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_values_stay_within_those_of_the_image_at_every_limit(shape, dtype):
    most = {"shift": 0.5, "rotation": 180, "scale": 1, "shear": 1, "elastic": 0.2, "crop": 0.9, "flip": "both"}
    images = np.random.default_rng(0).integers(30, 200, (60, *shape)).astype(dtype)
    changed = Augmentation(**most).apply(images)
    assert changed.min() >= 30
    assert changed.max() < 200
    constant = Augmentation(**most).apply(np.full((20, *shape), 77, dtype))
    np.testing.assert_allclose(constant, 77, rtol=1e-6)


@pytest.mark.parametrize("wrong", [np.array([["a"]]), np.zeros((3, 4, 4), complex), np.zeros((3, 4, 4), object)])
def test_what_are_no_numbers_is_refused(wrong):
    with pytest.raises(DataError):
        Augmentation(shift=0.1).apply(wrong)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 1.5}, {"epoch": -1}, {"epoch": "a"}])
def test_a_seed_or_an_epoch_that_is_none_is_refused(wrong):
    with pytest.raises(UsageError):
        Augmentation(shift=0.1).apply(np.zeros((3, 4, 4)), **wrong)
