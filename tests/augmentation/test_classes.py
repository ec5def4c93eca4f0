"""The warning that augmentation changes classes: it names what does, and is silent on data it does not harm."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import cutaway as ct
from cutaway.augmentation import as_augmentation, class_change, class_mixing
from cutaway.training.plan import plan
from cutaway.training.recipes import RECIPES

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


AS_IN_RECIPES = RECIPES["minute"].settings["augment"]


def leaning_bars(images=900, side=16):
    """Bars that stand upright or lean a little: what shears and turns them mixes the two classes."""
    y = np.arange(images) % 2
    random = np.random.default_rng(0)
    across = np.arange(side) - side / 2
    lean = np.where(y, 0.16, -0.16) + random.normal(0, 0.04, images)
    middle = lean[:, None] * across + random.normal(0, 0.3, images)[:, None]
    x = 255 * np.exp(-((across - middle[..., None]) ** 2) / 4) + random.normal(0, 5, (images, side, side))
    return x.clip(0, 255).astype(np.uint8), y


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(1, 10))])
def test_changed_digits_stay_neighbors_of_digits_and_mirrored_ones_do_not(seed):
    for source in (DIGITS, MNIST):
        assert class_mixing(source.x, source.y, as_augmentation(AS_IN_RECIPES), seed=seed) is None
    assert class_mixing(MNIST.x, MNIST.y, as_augmentation("photos"), seed=seed) is not None


def test_a_recipe_changes_no_images_where_that_mixes_classes():
    x, y = leaning_bars()
    assert class_mixing(x, y, as_augmentation("shift=0.05"), seed=0) is None
    data = ct.Dataset.from_arrays(x, y, name="bars", scale=255.0)
    with pytest.warns(ct.CutawayWarning, match="minute") as caught:
        assert plan(data, recipe="minute").config.augment is None
    assert "\n" not in str(caught[0].message)
    assert plan(data, recipe="minute", augment=AS_IN_RECIPES).config.augment == AS_IN_RECIPES, "as a user asks for it"
    assert plan(ct.load_dataset("digits"), recipe="minute").config.augment == AS_IN_RECIPES


@pytest.mark.parametrize("count", [1, 2, 3, 12])
def test_a_few_images_do_not_say_that_classes_are_mixed(count):
    x, y = leaning_bars(count)
    assert class_mixing(x, y, as_augmentation(AS_IN_RECIPES), seed=0) is None
