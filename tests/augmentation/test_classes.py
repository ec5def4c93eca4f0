"""The warning that augmentation changes classes: it names what does, and is silent on data it does not harm."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import cutaway as ct
from cutaway.augmentation import as_augmentation, class_change

DIGITS = ct.load_dataset("digits").sources["train"]
MNIST = ct.load_dataset("mnist").sources["train"]


@pytest.mark.parametrize("changes", ["flip=horizontal", "flip=vertical", "flip=both", "rotation=180", "rotation=60"])
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_mirrored_and_turned_digits_lose_their_class(changes, seed):
    for source in (DIGITS, MNIST):
        found = class_change(source.x, source.y, as_augmentation(changes), seed=seed)
        assert found is not None
        assert changes.replace("both", "horizontal") in found


@pytest.mark.parametrize("changes", ["characters", "rotation=45", "shift=0.5, scale=1, elastic=0.2"])
def test_what_mirrors_nothing_is_not_looked_at(changes):
    assert class_change(None, MNIST.y, as_augmentation(changes), seed=0) is None


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(1, 10))])
def test_textures_and_noise_lose_nothing(seed):
    rng = np.random.default_rng(seed)
    y = np.arange(600) % 2
    textures = np.stack([gaussian_filter(rng.normal(size=(20, 20, 3)), (1 + n, 1 + n, 0)) for n in y])
    noise = rng.normal(size=(600, 20, 20))
    for x in (textures, noise):
        assert class_change(x.astype(np.float32), y, as_augmentation("flip=both, rotation=180"), seed=seed) is None


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_few_images_tell_nothing(count):
    assert class_change(DIGITS.x, DIGITS.y[:count] % 2, as_augmentation("flip=both"), seed=0) is None


def test_large_images_are_compared_by_some_of_their_pixels():
    """Left and right of 300 x 40 pixels, of a memory that holds few of them."""
    y = np.arange(2000) % 2
    rows = np.random.default_rng(0).integers(0, 50, (2000, 300, 40), np.uint8)
    rows[y == 0, :, :20] += 150
    rows[y == 1, :, 20:] += 150
    assert class_change(rows, y, as_augmentation("flip=vertical"), seed=0) is None
    assert "0%" in str(class_change(rows, y, as_augmentation("flip=horizontal"), seed=0))


def mirrored(image, random):
    return image[::-1]


def test_a_function_of_the_user_may_change_classes_as_well():
    assert "mirrored" in str(class_change(DIGITS.x, DIGITS.y, as_augmentation(mirrored), seed=0))
