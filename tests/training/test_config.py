import json

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.data import split_dataset
from cutaway.errors import ConfigError, UnknownNameError, UsageError
from cutaway.training import RECIPES, TrainingConfig, find_recipe, lowest_loss, make_config, recipe_for, sample_weights
from cutaway.training.weighting import class_weights


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": -3},
        {"epochs": 0},
        {"epochs": 2.5},
        {"batch_size": 0},
        {"learning_rate": 0},
        {"learning_rate": float("nan")},
        {"optimizer": "adem"},
        {"loss": "mse"},
        {"validation": 1.0},
        {"validation": 0},
        {"seed": -1},
        {"augment": "digits"},
        {"verbose": 1},
        {"optimizer": "rmsprop"},
        {"patience": 0},
        {"momentum": 0.9},
        {"weight_decay": 0.1},
        {"label_smoothing": 0.1, "loss": "sparse_categorical_crossentropy"},
        {"epochs": 10**5000},
        {"loss": 10**5000},
    ],
)
def test_wrong_settings_are_named_in_one_line(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))) as caught:
        make_config(**settings)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("epoch", "epochs"),
        ("n_epochs", "epochs"),
        ("lr", "learning_rate"),
        ("batch", "batch_size"),
        ("validation_split", "validation"),
        ("dropout", "cutaway.mlp(dropout=...)"),
        ("batch_norm", "cutaway.mlp(batch_norm=...)"),
        ("label", "cutaway.load_dataset(DATA, label=...)"),
    ],
)
def test_a_setting_of_another_name_is_told_the_one_that_is_meant(name, meant):
    with pytest.raises(ConfigError) as caught:
        make_config(**{name: 0.2})
    assert meant in caught.value.hint


@pytest.mark.parametrize(
    "wrong", [{0: 10**400}, {10**5000: 1}, {0.5: 1}, {0: "x"}, {0: -1}, {2: 1}, [1, 2], np.ones(2), 5, "balance"]
)
def test_wrong_class_weights_are_one_line(wrong):
    with pytest.raises(UsageError, match="class_weight") as caught:
        class_weights(wrong, np.array([0, 1, 1]), classes=2)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [10**400, [10**400] * 1797, ["x"] * 1797, [[1], [1, 2]], [-1] * 1797, [1.0]])
def test_wrong_sample_weights_are_one_line(wrong):
    data = ct.load_dataset("digits")
    with pytest.raises(UsageError, match="sample_weight.*1,797") as caught:
        sample_weights(wrong, data=data, split=split_dataset(data), per_class=None)
    assert "\n" not in str(caught.value)


def test_an_augmentation_out_of_range_names_its_setting():
    with pytest.raises(ConfigError, match="rotation"):
        make_config(augment="rotation=500")


WRONG = ("abc", "0.1", b"1", True, None, -1, 0, 2.5, 1e9, float("nan"), [1, "a"], [0.5], {}, object, 1j)


def refused(name, value):
    try:
        make_config(**{name: value})
    except ConfigError as error:
        return error
    return None


@pytest.mark.parametrize("name", TrainingConfig.model_fields)
def test_values_of_the_wrong_kind_are_refused_for_every_setting(name):
    errors = [(value, error) for value in WRONG if (error := refused(name, value)) is not None]
    assert len(errors) > 8
    for value, error in errors:
        assert f"{name}=" in error.hint
        assert error.got.replace('"', "'") in repr(value)  # of a list, the entry that is none


def test_auto_is_resolved():
    assert make_config(optimizer="sgd", learning_rate="auto").learning_rate == 0.01
    assert make_config(optimizer="adam", learning_rate="auto").learning_rate == 0.001


@pytest.mark.parametrize(
    ("samples", "batch", "epochs"), [(45_000, 256, 8), (1_077, 32, 42), (40, 32, 60), (1, 32, 60), (10**7, 256, 8)]
)
def test_auto_batch_and_epochs_follow_the_size_of_the_data(samples, batch, epochs):
    config = make_config({"batch_size": "auto", "epochs": "auto"}, samples=samples)
    assert (config.batch_size, config.epochs) == (batch, epochs)
    assert make_config({"batch_size": "auto", "epochs": "auto"}, samples=samples, epochs=3).epochs == 3


@pytest.mark.parametrize(("samples", "validation"), [(60_000, 0.1), (10_000, 0.1), (9_999, 0.25), (12, 0.25)])
def test_auto_validation_is_a_tenth_of_large_data(samples, validation):
    assert make_config({"validation": "auto"}, samples=samples).validation == validation
    assert make_config({"validation": "auto"}, samples=samples, validation=0.5).validation == 0.5


def test_the_smoothing_of_a_recipe_applies_to_its_own_loss_only():
    base = find_recipe("default").settings
    assert make_config(base).label_smoothing == 0.05
    assert make_config(base, loss="sparse_categorical_crossentropy").label_smoothing == 0
    with pytest.raises(ConfigError):
        make_config(base, loss="sparse_categorical_crossentropy", label_smoothing=0.05)


@pytest.mark.parametrize(("smoothing", "classes"), [(0.05, 10), (0.3, 2), (0.0, 4)])
def test_the_lowest_loss_is_that_of_keras_for_the_smoothed_label(smoothing, classes):
    import keras

    label = np.eye(classes, dtype=np.float32)[:1]
    best = label * (1 - smoothing) + smoothing / classes
    theirs = float(keras.losses.categorical_crossentropy(label, best, label_smoothing=smoothing)[0])
    assert lowest_loss(smoothing, classes=classes) == pytest.approx(theirs, abs=1e-5)


def test_auto_is_refused_where_it_has_no_meaning():
    with pytest.raises(ConfigError):
        make_config(momentum="auto", optimizer="sgd")


def test_a_config_is_plain_data():
    config = make_config(find_recipe("default").settings, epochs=3, seed=7)
    assert TrainingConfig.model_validate(json.loads(json.dumps(config.model_dump()))) == config


def test_the_lesson_is_the_lesson():
    lesson, dropout = RECIPES["lesson"], RECIPES["lesson-dropout"]
    assert (lesson.form.hidden, lesson.form.dropout, dropout.form.dropout) == ((512, 512), 0.0, 0.2)
    first, second = make_config(lesson.settings), make_config(dropout.settings)
    assert (first.optimizer, first.learning_rate, first.batch_size, first.schedule) == ("sgd", 0.01, 128, "constant")
    assert (first.epochs, second.epochs, first.validation) == (2, 4, 0.25)


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(UnknownNameError):
        find_recipe("lessen")


def test_batches_of_one_sample_are_not_normalized(tmp_path):
    with pytest.raises(ConfigError):
        ct.train(ct.mlp((8,), batch_norm=True), "digits", batch_size=1, epochs=1, runs=tmp_path, progress=False)
    assert not list(tmp_path.iterdir())


def test_default_means_another_recipe_for_tables_and_for_bright_images():
    digits = ct.load_dataset("digits")
    x, y = digits.sources["train"].x, digits.labels["train"]
    light = np.repeat(np.repeat(16 - x[:300], 4, axis=1), 4, axis=2)
    colored = np.repeat(light[..., None], 3, axis=3)
    table = ct.load_dataset(pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0] * 5, "y": list("abab") * 5}), label="y")
    for data, name in (
        (digits, "default"),
        (ct.Dataset.from_arrays(x * 15, y), "default"),
        (ct.Dataset.from_arrays(light.astype(np.float32) / 16, y[:300]), "photos"),
        (ct.Dataset.from_arrays(light * 15, y[:300]), "photos"),
        (ct.Dataset.from_arrays(colored * 15, y[:300]), "photos"),
        (ct.Dataset.from_arrays(light.reshape(300, -1).astype(np.float32), y[:300]), "default"),
        (ct.Dataset.from_arrays(np.full((20, 8, 8), 200, np.uint8), np.arange(20) % 2), "default"),
        (table, "table"),
        (table.prepare(table.split()), "table"),
    ):
        assert recipe_for("default", data, {"ensemble": 1, "batch_size": None}) == name
        for given in ({"ensemble": 2}, {"batch_size": 1}):
            assert recipe_for("default", data, given) == ("default" if name == "photos" else name)
        assert recipe_for("lesson", data) == "lesson"


def test_images_in_the_order_of_their_classes_are_judged_by_all_classes():
    y = np.arange(8_000) % 4
    levels = np.random.default_rng(0).integers(40, size=(8_000, 6, 6))
    x = (levels + np.array([200, 10, 60, 120])[y][:, None, None]).astype(np.uint8)
    assert recipe_for("default", ct.Dataset.from_arrays(x, y)) == "default"
    assert recipe_for("default", ct.Dataset.from_arrays(x[::4], np.arange(2_000) % 2)) == "photos", "one class alone is"
