"""Settings that are far from what is usual, and the three accuracies, on made-up evidence and on recorded models."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

import cutaway as ct
from cutaway.data import InputFacts
from cutaway.findings import Evidence, WeightFacts, run_checks
from cutaway.findings.settings import USUAL
from cutaway.topics.findings.evidence import RunEvidence, recorded_facts


def found(**known):
    return {finding.kind: finding for finding in run_checks(Evidence(**known))}


def rows(losses, **columns):
    """A history; of each column the last value is that of the last epoch."""
    return [
        {"epoch": epoch, "loss": loss, "val_loss": loss, **{name: each[epoch - 1] for name, each in columns.items()}}
        for epoch, loss in enumerate(losses, 1)
    ]


def layer(kind, name="it", **config):
    return {"kind": kind, "name": name, "inputs": ["input"], "config": config}


HELD_BACK = {
    "trained": (700, 1000),
    "val_accuracy": 0.69,
    "val_samples": 300,
    "train_samples": 1000,
    "class_counts": {"train": [500, 500]},
    "class_names": ["a", "b"],
    "confusion": np.array([[105, 45], [48, 102]]),
    "history": rows([0.66, 0.62, 0.6, 0.59], accuracy=[0.6, 0.65, 0.68, 0.69], learning_rate=[0.01] * 4),
}
SGD = {"optimizer": "sgd", "learning_rate": 0.01, "batch_size": 32}
FAR = {
    "class_weight": ({"class_weight": (1.0, 200.0)}, {"class_weight": None}),
    "label_smoothing": ({"label_smoothing": 0.9}, {"label_smoothing": 0.1}),
    "momentum": ({"momentum": 0.999}, {"momentum": 0.9}),
    "weight_decay": ({"weight_decay": 0.9}, {"weight_decay": 0.004}),
    "clipnorm": ({"clipnorm": 1e-4}, {}),
    "clipvalue": ({"clipvalue": 1e-5}, {}),
}


@pytest.mark.parametrize("setting", FAR)
def test_a_setting_far_from_what_is_usual_is_the_cause_where_a_model_is_held_back(setting):
    given, remedy = FAR[setting]
    cause = next(iter(found(**HELD_BACK, config=SGD | given).values()))
    assert (cause.kind, cause.severity, cause.cause) == ("unusual-setting", "warning", None)
    assert cause.evidence["setting"] == setting
    assert cause.remedy.settings == remedy
    assert bool(cause.remedy.untried) == (not remedy)
    for well in ({"trained": (985, 1000), "val_accuracy": 0.97}, {"trained": (900, 1000)}):  # it fits, or overfits
        assert "unusual-setting" not in found(**HELD_BACK | well, config=SGD | given)


@pytest.mark.parametrize(
    "usual",
    [
        {"label_smoothing": 0.1, "momentum": 0.9, "weight_decay": 0.004, "clipnorm": 1.0},
        {"optimizer": "adam", "clipnorm": 1e-4},  # which makes its steps no smaller
        {"class_weight": (1.0, 3.0)},
    ],
)
def test_usual_settings_are_not_named_whatever_the_model_does(usual):
    assert "unusual-setting" not in found(**HELD_BACK, config=SGD | usual)


def test_weights_that_balance_classes_are_usual_and_those_of_common_classes_are_not():
    rare = HELD_BACK | {"class_counts": {"train": [990, 10]}}
    assert "unusual-setting" not in found(**rare, config=SGD | {"class_weight": (0.505, 50.0)})
    assert found(**rare, config=SGD | {"class_weight": (50.0, 0.505)})["unusual-setting"].severity == "warning"
    assert found(**HELD_BACK, config=SGD | {"class_weight": (1.0, 0.0)})["unusual-setting"].severity == "warning"


SWAPPED = {"class_counts": {"train": [1570, 230]}, "class_weights": [8 * 1570, 230]}
SWAPPED |= {"config": {"class_weight": (8.0, 1.0)}, "confusion": np.array([[520, 3], [54, 23]])}
MEASURED = {"class_counts": {"train": [300, 290, 310]}, "class_weights": [1400, 3400, 790]}
MEASURED |= {"confusion": np.array([[63, 26, 12], [2, 92, 3], [18, 54, 30]])}


def test_weights_that_make_a_missed_class_rare_lead():
    for known, remedy in ((SWAPPED, {"class_weight": "balanced"}), (MEASURED, None)):
        findings = found(**known)
        cause = next(iter(findings.values()))
        assert (cause.kind, cause.remedy and cause.remedy.settings) == ("class-weights", remedy)
        assert findings["missed-class"].cause == "class-weights"
    for known in (
        SWAPPED | {"class_weights": ()},
        SWAPPED | {"class_weights": [900, 900], "config": {"class_weight": (0.57, 3.9)}},
        SWAPPED | {"confusion": np.array([[503, 20], [4, 73]])},
        SWAPPED | {"confusion": np.array([[518, 5], [27, 50]])},  # found less often, and not missed
        SWAPPED | {"class_weights": [1580, 225], "config": {}},  # weights of rows that do not depend on the class
        MEASURED | {"class_weights": [1400, 1600, 1200]},
    ):
        assert "class-weights" not in found(**known), known


def test_what_each_class_weighs_is_measured_where_samples_have_weights():
    data = SimpleNamespace(y=lambda ids: np.array([0, 1, 1, 0, 1]), classes=3)
    for per_class, weighs in (((8.0, 1.0, 2.0), [16.0, 3.0, 0.0]), (None, [])):
        manifest = SimpleNamespace(sample_weight=None, config={"class_weight": per_class})
        run = SimpleNamespace(data=data, split=SimpleNamespace(train=None), manifest=manifest, class_names="abc")
        assert RunEvidence(run, tuple).class_weights == weighs


def test_the_last_class_is_known_of_rows_that_are_sorted_by_class():
    for labels, last in ((np.repeat([2, 0, 1], 20), 1), (np.arange(60) % 3, None)):
        data, ids = SimpleNamespace(y=lambda _, labels=labels: labels), SimpleNamespace(ordered=lambda: None)
        run = SimpleNamespace(data=data, split=SimpleNamespace(train=ids))
        assert RunEvidence(run, tuple).last_class == last


@pytest.mark.parametrize(
    ("rates", "setting"),
    [
        ([1e-5, 1e-9, 1e-13, 1e-17], "schedule"),
        ([1e-5, 2e-5, 3e-5, 4e-5], "warm-up"),
        ([0.009, 0.006, 0.002, 0.0], None),  # a cosine
        ([0.01, 0.01, 0.001, 0.0001], None),
    ],
)
def test_a_schedule_that_decays_at_once_or_never_ends_its_warm_up_is_named(rates, setting):
    history = rows([0.66, 0.62, 0.6, 0.59], learning_rate=rates)
    config = {**SGD, "learning_rate": 0.01 if setting != "warm-up" else 0.0}
    cause = found(**HELD_BACK | {"history": history}, config=config).get("unusual-setting")
    assert (None if cause is None else cause.evidence["setting"]) == setting
    ours = found(**HELD_BACK | {"history": history}, config={**config, "schedule": "cosine"})
    assert "unusual-setting" not in ours


@pytest.mark.parametrize(
    ("given", "better"),
    [
        (layer("LeakyReLU", negative_slope=1.0), {"negative_slope": 0.3}),
        (layer("ReLU", max_value=0.01, negative_slope=0.0, threshold=0.0), {"max_value": 6.0}),
        (layer("LayerNormalization", epsilon=10.0), {"epsilon": 0.001}),
    ],
)
def test_settings_of_layers_are_named_and_changed_in_all_layers_of_the_kind(given, better):
    model = (layer("Dense", "first", units=8), given, {**given, "name": "other"})
    cause = found(**HELD_BACK, model=model, config=SGD)["unusual-setting"]
    assert cause.remedy.layers == {"it": better, "other": better}
    usual = layer("ReLU", max_value=None, negative_slope=0.0, threshold=0.0), layer("LeakyReLU", negative_slope=0.3)
    assert "unusual-setting" not in found(**HELD_BACK, model=usual, config=SGD)


def test_noise_is_regularization():
    cause = found(**HELD_BACK, regularization={"noise": 1.0}, config=SGD)["over-regularized"]
    assert (cause.severity, cause.remedy.change) == ("warning", "no-regularization")
    assert found(**HELD_BACK, regularization={"noise": 0.7}, config=SGD)["over-regularized"].severity == "note"
    assert "over-regularized" not in found(**HELD_BACK, regularization={"noise": 0.3}, config=SGD)


def test_a_setting_explains_a_training_that_diverged():
    diverged = {"history": rows([0.6, float("nan")]), "config": SGD | {"momentum": 0.999}}
    findings = found(**diverged)
    assert next(iter(findings)) == "unusual-setting"
    assert findings["divergence"].cause == "unusual-setting"


def test_the_table_has_sensible_rows():
    for name, usual in USUAL.items():
        assert usual.distance(usual.far) == 0, name
        assert usual.words.format(usual.far) != usual.words, name
        if isinstance(usual.better, float | int):
            assert usual.distance(usual.better) <= 0 or "after all" in name or "as used" in name, name


# In training 98.9% of the training samples were right, and as the model is used about half of all samples.
MODES = {
    "history": rows([0.5, 0.2, 0.1, 0.05], accuracy=[0.8, 0.93, 0.97, 0.989], val_accuracy=[0.5, 0.51, 0.52, 0.533]),
    "trained": (540, 1000),
    "val_accuracy": 0.533,
    "val_samples": 300,
    "train_samples": 1000,
    "class_names": ["a", "b"],
    "kept_epoch": 4,
}


def normalized(momentum):
    return layer("Dense", "first", units=8), layer("BatchNormalization", "norm", momentum=momentum, epsilon=0.001)


def test_averages_that_do_not_match_are_found_by_the_accuracy_in_training_and_in_use():
    findings = found(**MODES, model=normalized(0.9999), config=SGD)
    cause = next(iter(findings.values()))
    assert cause.evidence["setting"] == "BatchNormalization.momentum, after all steps"
    assert cause.remedy.layers == {"norm": {"momentum": 0.9}}
    assert findings["batch-normalization"].cause == "unusual-setting"
    small = next(iter(found(**MODES, model=normalized(0.9), config=SGD | {"batch_size": 2}).values()))
    assert small.remedy.settings == {"batch_size": 32}
    last = next(iter(found(**MODES, model=normalized(0.01), config=SGD).values()))
    assert last.evidence["setting"] == "BatchNormalization.momentum, too low"
    alone = next(iter(found(**MODES, model=normalized(0.9), config=SGD).values()))
    assert (alone.kind, alone.severity, alone.cause) == ("batch-normalization", "warning", None)
    assert alone.evidence["value"] == pytest.approx(0.989 - 0.54)


@pytest.mark.parametrize(
    "known",
    [
        {"trained": (985, 1000), "val_accuracy": 0.96},  # averages that match, whatever the momentum
        {"trained": (980, 1000)},  # which overfits
        {"trained": (760, 1000)},  # a fit of one's own that was validated on half of these samples
        {"model": (layer("Dense", "first", units=8),)},
        {"model": ({**normalized(0.9999)[1], "config": {"momentum": 0.9999, "trainable": False}},)},
    ],
)
def test_averages_that_match_are_not_named(known):
    findings = found(**{**MODES, "model": normalized(0.9999), "config": SGD, **known})
    assert not {"batch-normalization", "unusual-setting"} & findings.keys()


def test_a_model_that_is_right_on_its_training_samples_alone_is_never_without_overfitting():
    for used in (None, (540, 1000), (990, 1000)):
        finding = found(**MODES | {"trained": used}, config=SGD)["overfitting"]
        assert finding.severity != "good", used
    assert found(**MODES | {"trained": (990, 1000)})["overfitting"].severity == "warning"
    history = rows([0.5, 0.1, 0.01], accuracy=[0.8, 0.98, 1.0], val_accuracy=[0.8, 0.83, 0.843])
    for known in ({"history": history, "val_samples": 400}, {"history": history}):
        assert found(**known)["overfitting"].severity == "note"
    gap = found(history=history, val_samples=400)["overfitting"].evidence["gap_interval"]
    assert gap == pytest.approx((1 - 0.87491887, 1 - 0.80356521)), "Wilson's interval of 337 of 400, by SciPy"
    assert found(history=history, val_samples=20)["overfitting"].severity == "good", "three errors are 24 points"


def test_less_label_smoothing_is_advised_only_where_there_is_some():
    known = {"calibration": (0.4, -0.4, 0.01), "test_samples": 300, "confusion": np.array([[140, 10], [10, 140]])}
    for smoothing in (0.0, 0.2):
        advice = found(**known, config={"label_smoothing": smoothing})["miscalibration"].advice
        assert ("smoothing" in advice) == bool(smoothing)


def test_units_that_were_dead_from_the_start_are_not_said_to_be_too_many():
    known = {"dead_units": {"dense": (64, 64)}, "default_weights": False}
    facts = [WeightFacts(0.0, (0.0, 0.0), bias=-4.6), WeightFacts(0.0, (0.0, 0.0)), WeightFacts(0.1, (0.0, 0.0))]
    biased, start, later = (found(**known, weights={"dense": each})["dead-units"] for each in facts)
    assert biased.remedy.change == start.remedy.change == "default-weights"
    assert later.remedy.activation == "leaky_relu"
    assert ["bias" in each.title for each in (biased, start, later)] == [True, False, False]


def test_rows_sorted_by_class_are_a_question_where_the_last_class_is_what_the_model_knows():
    known = HELD_BACK | {"history": rows([0.6], accuracy=[0.92]), "recorded": True, "last_class": 1}
    known["confusion"] = np.array([[20, 130], [5, 45]])
    cause = found(**known)["unusual-setting"]
    assert (cause.severity, cause.evidence) == ("warning", {"setting": "last class", "value": 3.5})
    for change in ({"recorded": False}, {"last_class": None}, {"last_class": 0}, {"history": HELD_BACK["history"]}):
        assert "unusual-setting" not in found(**known | change), change


def test_steps_of_a_default_rate_or_without_a_loss_far_above_chance_are_not_too_large():
    known = {
        "confusion": np.array([[0, 12, 0], [0, 12, 0], [0, 12, 0]]),
        "class_names": ["a", "b", "c"],
        "dead_units": {"dense": (310, 512)},
        "weights": {"dense": WeightFacts(0.0086, (0.28, 0.12, 0.07, 0.04, 0.02, 0.01))},
        "inputs": InputFacts(20, -3.0, 3.0, 0.0, 1.0, (), 1.5),
    }
    config = {"optimizer": "adam", "loss": "categorical_crossentropy"}
    for first, last, rate, named in (
        (8.7, 10.7, 0.001, False),
        (8.7, 10.7, 0.0001, False),
        (8.7, 10.7, 0.003, True),
        (2.9, 1.0986, 0.003, True),
        (1.12, 1.0986, 0.003, False),  # units may be dead for other reasons
    ):
        findings = found(**known, history=rows([first, *[last] * 5]), config=config | {"learning_rate": rate})
        assert ("learning-rate-too-high" in findings) == named, (first, rate)


def test_a_rate_is_not_too_low_where_gradients_are_clipped_or_it_is_usual():
    slow = {"history": rows([0.69, 0.68, 0.67]), "weights": {"dense": WeightFacts(0.1, (0.01,) * 3)}}
    for config, named in (
        ({"learning_rate": 0.1}, False),
        ({"learning_rate": 0.1, "clipnorm": 1e-3}, False),
        ({"learning_rate": 1e-4, "clipnorm": 1e-3}, False),
        ({"learning_rate": 1e-4}, True),
    ):
        assert ("learning-rate-too-low" in found(**slow, config=SGD | config)) == named


def test_one_epoch_is_too_few_at_71_percent_whatever_its_steps():
    confusion = (np.full((10, 10), 3) + np.diag([70] * 10)).tolist()
    first = {"train_samples": 60_000, "class_names": list("0123456789"), "confusion": np.array(confusion)}
    config = SGD | {"batch_size": 128}
    for in_training, after, named in ((0.52, 0.71, True), (0.70, 0.71, False), (0.85, 0.93, False)):
        history = [{"epoch": 1, "loss": 1.5, "val_loss": 1.0, "accuracy": in_training, "val_accuracy": after}]
        findings = found(**first, history=history, val_accuracy=after, config=config)
        assert ("too-few-epochs" in findings) == named, after


def test_augmentation_that_changes_classes_needs_attention():
    known = {"class_change": "the nearest neighbor ...", "config": {"augment": "flip=vertical"}}
    cause = found(**known)["class-changing-augmentation"]
    assert (cause.severity, cause.remedy.settings) == ("warning", {"augment": None})


@pytest.mark.parametrize("initializer", ["he_normal", "orthogonal", "glorot_uniform", "ones"])
def test_frozen_layers_with_drawn_weights_are_known_for_any_initializer(initializer, tmp_path):
    layers = [
        keras.layers.Dense(16, "relu", kernel_initializer=initializer, trainable=False, name="hidden"),
        keras.layers.GaussianDropout(0.9),
        keras.layers.GaussianNoise(0.7),
        keras.layers.Dense(10, "softmax"),
    ]
    model = keras.Sequential([keras.Input((64,)), *layers])
    facts = {}
    for name in ("drawn", "trained"):
        run = ct.record(model, "digits", runs=tmp_path, progress=False)
        facts[name] = recorded_facts(run.context)
        layers[0].kernel.assign(np.random.default_rng(0).normal(0.1, 2.0, (64, 16)) ** 3)
    assert (facts["drawn"]["frozen"], facts["trained"]["frozen"]) == (("hidden",), ())
    assert facts["drawn"]["regularization"] == {"dropout": 0.9, "noise": 0.7}
    frozen = found(**HELD_BACK, frozen=facts["drawn"]["frozen"])["frozen-layers"]
    assert (frozen.severity, frozen.remedy.layers) == ("warning", {"hidden": {"trainable": True}})
