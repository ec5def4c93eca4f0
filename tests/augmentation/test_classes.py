"""The warning that augmentation changes classes: it names what does, and is silent on data it does not harm."""

import warnings

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import cutaway as ct
from cutaway.augmentation import as_augmentation, class_change
from cutaway.errors import CutawayWarning, DataError

DIGITS = ct.load_dataset("digits").sources["train"]
MNIST = ct.load_dataset("mnist").sources["train"]


@pytest.mark.parametrize("changes", ["flip=horizontal", "flip=vertical", "flip=both", "rotation=180", "rotation=60"])
@pytest.mark.parametrize("seed", [0, 1])
def test_mirrored_and_turned_digits_lose_their_class(changes, seed):
    for source in (DIGITS, MNIST):
        found = class_change(source.x, source.y, as_augmentation(changes), seed=seed)
        assert found is not None
        assert found.startswith(f"with {changes.replace('both', 'horizontal')}, ")


@pytest.mark.parametrize("changes", ["characters", "rotation=45", "shift=0.5, scale=1, elastic=0.2"])
def test_what_mirrors_nothing_is_not_looked_at(changes):
    assert class_change(None, MNIST.y, as_augmentation(changes), seed=0) is None


@pytest.mark.parametrize("seed", range(10))
def test_textures_and_noise_lose_nothing(seed):
    rng = np.random.default_rng(seed)
    y = np.arange(600) % 2
    textures = np.stack([gaussian_filter(rng.normal(size=(20, 20, 3)), (1 + n, 1 + n, 0)) for n in y])
    noise = rng.normal(size=(600, 20, 20))
    for x in (textures, noise):
        assert class_change(x.astype(np.float32), y, as_augmentation("flip=both, rotation=180"), seed=seed) is None


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_few_images_are_no_obstacle(count):
    class_change(DIGITS.x, DIGITS.y[:count], as_augmentation("flip=both"), seed=0)


def test_a_training_warns_and_a_table_is_refused(tmp_path):
    settings = {"epochs": 1, "progress": False, "runs": tmp_path}
    with pytest.warns(CutawayWarning, match="may change the class of a sample: with flip=horizontal, [0-9]+% of 359"):
        ct.train(ct.mlp((8,)), "digits", augment=ct.Augmentation(flip="horizontal"), **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = ct.train(ct.mlp((8,)), "digits", augment="characters", **settings)
        assert ct.train_like(run, progress=False, runs=tmp_path).config["augment"] == run.config["augment"]
        assert ct.train_like(run, augment=None, progress=False, runs=tmp_path).config["augment"] is None
    before = sorted(tmp_path.iterdir())
    with pytest.raises(
        DataError, match="augmentation changes images, .*; got samples of 7 numbers; next: leave augment"
    ):
        ct.train(ct.mlp((8,)), np.zeros((40, 7)), np.arange(40) % 2, augment="photos", **settings)
    assert sorted(tmp_path.iterdir()) == before


def test_an_estimator_augments_pictures():
    x = np.random.default_rng(0).integers(0, 256, (200, 12, 12, 3), np.uint8)
    found = ct.Classifier((8,), augment="photos", epochs=1).fit(x, np.arange(200) % 2)
    assert found.run_.config["augment"] == "shift=0.05, rotation=10, crop=0.2, flip=horizontal, brightness=0.2"


def test_a_run_that_was_made_before_there_was_augmentation_has_none():
    from cutaway.training import TrainingConfig, recorded_config

    record = TrainingConfig().model_dump()
    del record["augment"]
    assert recorded_config(record).augment is None
