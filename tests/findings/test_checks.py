"""Checks on made-up evidence: what each one fires on, what it leaves alone, and what its remedy is."""

from dataclasses import replace

import numpy as np
import pytest

from cutaway.data import ColumnFacts, InputFacts, LeakyInput, Sentinels, Shift, are_ties
from cutaway.findings import CountEstimate, Evidence, Finding, WeightFacts, looks_drawn, run_checks
from cutaway.findings.registry import COSTS
from cutaway.interpret import LayerHealth
from cutaway.models import Setup, Targets
from cutaway.training import TrainingConfig

CONFIG = {"learning_rate": 0.003, "batch_size": 32, "label_smoothing": 0.0}
INPUTS = InputFacts(inputs=20, low=-3.0, high=3.0, mean=0.0, std=1.0, constant=(), widest=1.5)
LAYER = LayerHealth(units=64, activation="relu", constant=2, saturated=None, rank=30.0, redundant=1)
WEIGHTS = {name: WeightFacts(0.01, (0.3, 0.1, 0.05)) for name in ("dense_1", "output")}
HISTORY = [
    {"epoch": 1, "loss": 0.9, "val_loss": 0.8, "val_accuracy": 0.8},
    {"epoch": 2, "loss": 0.5, "val_loss": 0.5, "val_accuracy": 0.88},
    {"epoch": 3, "loss": 0.3, "val_loss": 0.45, "val_accuracy": 0.9},
]
HEALTHY = Evidence(
    history=HISTORY,
    confusion=np.array([[90, 10], [10, 90]]),
    class_names=("no", "yes"),
    test_accuracy=0.9,
    val_accuracy=0.9,
    test_samples=200,
    val_samples=200,
    kept_epoch=3,
    config=CONFIG,
    train_samples=800,
    layers={"dense_1": LAYER},
    weights=WEIGHTS,
    inputs=INPUTS,
    class_counts={"train": [400, 400], "val": [100, 100], "test": [100, 100]},
    leaky_inputs=(LeakyInput(3, 150, 200, 0.5),),
    repeated=(),
    shift=Shift(0.51, 0.02, 1000),
    calibration=(0.03, 0.01, 0.02),
    wrong_labels=CountEstimate(3, 0, 40),
    judged=400,
    sure=(0, 134),
)


def warnings(evidence: Evidence) -> list[Finding]:
    return [each for each in run_checks(evidence) if each.severity == "warning"]


def test_a_healthy_run_raises_no_warning() -> None:
    assert warnings(HEALTHY) == []


def test_what_is_unknown_is_not_judged() -> None:
    assert run_checks(Evidence()) == ()


def rates(first: tuple[float, ...], second: tuple[float, ...]) -> dict[str, WeightFacts]:
    return {"dense_1": WeightFacts(0.01, first), "output": WeightFacts(0.01, second)}


def losses(*values: float) -> list[dict[str, float]]:
    return [{"epoch": i + 1, "loss": v, "val_loss": v, "val_accuracy": 0.5} for i, v in enumerate(values)]


def layer(**changes: object) -> dict[str, LayerHealth]:
    return {"dense_1": replace(LAYER, **changes)}  # pyright: ignore[reportArgumentType]


THREE = Setup(
    loss="categorical_crossentropy",
    layers=(("Dense", "relu"), ("Dense", "sigmoid")),
    output=(3,),
    targets=Targets(kind="classes", high=2.0, classes=3),
)
FAR, CODES = Sentinels(("up to 2000000",), 6, 800, 4.0, 30.0), LeakyInput(0, 640, 800, 0.5, without=500)
SICK = {
    "unscaled-inputs": {"inputs": replace(INPUTS, low=0.0, high=255.0, std=80.0)},
    "double-scaling": {"inputs": replace(INPUTS, low=0.0, high=1 / 255, std=0.001)},
    "uneven-inputs": {"inputs": replace(INPUTS, high=90.0, widest=400.0)},
    "uncentered-inputs": {
        "inputs": replace(INPUTS, mean_over_spread=120.0),
        "history": losses(0.9, 0.7, 0.7, 0.7),
        "confusion": np.array([[100, 0], [100, 0]]),
        "dead_units": {"dense_1": (40, 64)},
    },
    "constant-inputs": {"inputs": replace(INPUTS, constant=tuple(range(8)))},
    "unshuffled-split": {"class_counts": {"train": [400, 100], "val": [0, 100], "test": [100, 100]}},
    "target-leakage": {"leaky_inputs": (LeakyInput(3, 299, 300, 0.5),)},
    "duplicates": {"repeated": [f"test[{i}]" for i in range(40)]},
    "shifted-test-samples": {"shift": Shift(0.75, 0.02, 1000), "confusion": None},
    "class-imbalance": {"class_counts": {"train": [780, 20], "val": [195, 5], "test": [195, 5]}, "confusion": None},
    "label-issues": {"wrong_labels": CountEstimate(40, 30, 52), "sure": (14, 134)},
    "saturated-units": {"layers": layer(activation="tanh", saturated=0.9)},
    "frozen-layers": {"frozen": ("dense_1",), "confusion": np.full((2, 2), 50), "class_names": ("a", "b")},
    "sigmoid-output": {"setup": THREE, "class_names": ("a", "b", "c"), "confusion": np.diag([50, 50, 50])},
    "not-probabilities": {"setup": replace(THREE, layers=(("Dense", "relu"), ("Dense", "linear")))},
    "loss-of-numbers": {"setup": replace(THREE, loss="mse"), "confusion": np.full((2, 2), 50)},
    "linear-hidden": {"setup": replace(THREE, layers=(("Dense", "linear"),) * 2), "confusion": np.full((2, 2), 50)},
    "bottleneck": {
        "layers": layer(units=1, redundant=0),
        "confusion": np.full((4, 4), 25),
        "class_names": ("a", "b", "c", "d"),
    },
    "low-rank": {"layers": layer(rank=1.2), "confusion": None},
    "redundant-units": {"layers": layer(redundant=40), "confusion": None},
    "vanishing-gradients": {"weights": {**WEIGHTS, "dense_1": WeightFacts(1e-6, (0.1,))}},
    "exploding-gradients": {"weights": {**WEIGHTS, "dense_1": WeightFacts(5000.0, (0.1,))}},
    "learning-rate-too-high": {"weights": rates((0.5, 2.5, 2.0), (0.4, 1.0, 1.1)), "history": losses(0.9, 0.5, 0.7)},
    "learning-rate-too-low": {"history": losses(0.69, 0.67, 0.65), "weights": rates((0.01,) * 3, (0.01,) * 3)},
    "oscillation": {"history": losses(1.0, 0.5, 0.9, 0.4, 0.8, 0.3, 0.7, 0.3), "confusion": None},
    "batch-too-large": {"config": {**CONFIG, "batch_size": 800}},
    "miscalibration": {"calibration": (0.2, 0.2, 0.02)},
    "divergence": {"history": losses(0.9, float("nan"))},
    "stalled": {"history": losses(0.7, 0.7, 0.7)},
    "overfitting": {"history": losses(0.9, 0.3, 0.5, 0.6, 0.7, 0.8)},
    "dead-units": {"dead_units": {"dense_1": (60, 64)}, "confusion": None},
    "extreme-values": {"columns": (ColumnFacts("a", extremes=FAR),), "confusion": None},
    "codes-as-numbers": {"columns": (ColumnFacts("a", codes=CODES),), "confusion": None},
    "baseline": {"confusion": np.array([[100, 0], [100, 0]])},
    "few-samples": {"train_samples": 53, "trained": (53, 53), "confusion": np.array([[8, 3], [4, 6]])},
    "class-names": {"class_names": ("yes", "Yes")},
    "equal-weights": {
        "weights": {**WEIGHTS, "dense_1": WeightFacts(0.01, (0.3, 0.1, 0.05), alike=63)},
        "layers": layer(redundant=63),
    },
    "missed-class": {"confusion": np.array([[95, 5, 0], [5, 95, 0], [9, 9, 2]]), "class_names": ("a", "b", "c")},
}


@pytest.mark.parametrize("kind", SICK)
def test_a_sickness_is_named(kind: str) -> None:
    found = warnings(replace(HEALTHY, **SICK[kind]))
    assert kind in [each.kind for each in found[:2]]
    named = next(each for each in found if each.kind == kind)
    if named.remedy is not None:
        assert set(named.remedy.settings) <= set(TrainingConfig.model_fields)


@pytest.mark.parametrize("kind", COSTS)
def test_what_many_good_models_have_is_a_warning_only_where_something_is_worse(kind: str) -> None:
    def judged(**known: object) -> Finding:
        found = run_checks(replace(HEALTHY, **SICK[kind] | known))
        return next(each for each in found if each.kind == kind)

    good = judged(confusion=HEALTHY.confusion)
    assert (good.severity, good.remedy, good.advice, good.cause) == ("note", None, "", None)
    poor = {"confusion": np.array([[60, 40], [45, 55]]), "val_accuracy": 0.6}
    assert judged(**poor).severity == "warning", "no better than one answer"
    assert judged(confusion=None).severity == "warning", "nobody knows"
    lower = judged(confusion=HEALTHY.confusion, test_accuracy=0.7)
    assert lower.severity == ("warning" if kind == "shifted-test-samples" else "note")


def test_frozen_layers_are_a_note_where_the_model_is_right_and_explain_it_where_it_is_not() -> None:
    good = [each for each in run_checks(replace(HEALTHY, frozen=("dense_1",))) if each.kind == "frozen-layers"]
    assert [each.severity for each in good] == ["note"]
    poor = warnings(replace(HEALTHY, **SICK["frozen-layers"], val_accuracy=0.5, test_accuracy=0.5))
    assert (poor[0].kind, poor[0].cause) == ("frozen-layers", None)
    assert {each.cause for each in poor[1:]} <= {"frozen-layers"}


def test_weights_look_drawn_until_they_are_trained() -> None:
    random = np.random.default_rng(0)
    drawn = [random.uniform(-1, 1, (64, 32)).astype(np.float32) * (6 / 96) ** 0.5 for _ in range(200)]
    assert sum(looks_drawn(each, drawn[0]) for each in drawn) >= 190
    assert not looks_drawn(drawn[0] * 1.3, drawn[1])
    assert not looks_drawn(drawn[0] + random.normal(size=(64, 32)) * 0.1, drawn[1])
    assert looks_drawn(np.zeros((64, 32)), np.zeros((64, 32)))


def test_a_setup_that_works_is_a_note_and_one_that_cannot_explains_what_follows() -> None:
    for kind, severity in (("loss-of-numbers", "note"), ("linear-hidden", "note"), ("not-probabilities", "warning")):
        found = run_checks(replace(HEALTHY, setup=SICK[kind]["setup"]))
        assert severity in [each.severity for each in found if each.kind == kind], kind
    poor = {"confusion": np.array([[100, 0], [100, 0]]), "val_accuracy": 0.5, "test_accuracy": 0.5}
    found = warnings(replace(HEALTHY, **SICK["not-probabilities"], **poor))
    assert [(each.kind, each.cause) for each in found[:2]] == [
        ("not-probabilities", None),
        ("baseline", "not-probabilities"),
    ]
    alone = warnings(replace(HEALTHY, **SICK["not-probabilities"] | SICK["dead-units"]))
    assert {each.kind: each.cause for each in alone}["dead-units"] is None, "it is right most of the time"


def test_one_unit_is_enough_for_two_classes() -> None:
    poor = {"layers": layer(units=1, redundant=0), "confusion": np.full((2, 2), 50)}
    assert "bottleneck" not in [each.kind for each in warnings(replace(HEALTHY, **poor))]


def test_extreme_dropout_explains_a_model_that_is_unsure() -> None:
    unsure = {"regularization": {"dropout": 0.95}, "trained": (990, 1000), "calibration": (0.3, -0.3, 0.01)}
    assert next(each.kind for each in warnings(replace(HEALTHY, **unsure))) == "over-regularized"
    assert warnings(replace(HEALTHY, **(unsure | {"calibration": (0.05, -0.05, 0.01)}))) == []
    assert "over-regularized" not in {
        each.kind for each in warnings(replace(HEALTHY, **(unsure | {"regularization": {"dropout": 0.7}})))
    }


BORDERS = {
    "a single input": {"leaky_inputs": (LeakyInput(0, 299, 300, 0.5),), "inputs": replace(INPUTS, inputs=1)},
    "a single column": {"leaky_inputs": (LeakyInput(1, 299, 300, 0.5),), "input_columns": ("a", "a")},
    "a petal that tells 95% of irises": {"leaky_inputs": (LeakyInput(3, 71, 75, 0.34),)},
    "images with a constant border": {"inputs": replace(INPUTS, constant=tuple(range(8))), "images": True},
    "one-hot columns": {"inputs": replace(INPUTS, widest=4.0)},
    "few repeated rows": {"repeated": ["test[3]"]},
    "a shift that may be chance": {"shift": Shift(0.64, 0.03, 120)},
    "smoothed labels": {"calibration": (0.1, -0.1, 0.01), "config": {**CONFIG, "label_smoothing": 0.1}},
    "classes that overlap": {"wrong_labels": CountEstimate(9, 0, 110), "sure": (3, 134)},
    "a few wrong labels": {"wrong_labels": CountEstimate(14, 8, 23), "sure": (4, 134)},
    "three times as many of a class": {"class_counts": {"train": [600, 200], "val": [150, 50]}},
    "half of tanh at its ends": {"layers": layer(activation="tanh", saturated=0.5)},
    "a falling loss after few epochs": {"history": losses(0.6, 0.3, 0.15)},
    "a noisy validation loss": {"history": losses(0.9, 0.5, 0.52, 0.49, 0.51, 0.48, 0.5, 0.47)},
}


@pytest.mark.parametrize("name", BORDERS)
def test_what_is_usual_raises_no_warning(name: str) -> None:
    assert warnings(replace(HEALTHY, **BORDERS[name])) == []


def test_an_overconfident_model_cannot_tell_whether_labels_are_wrong() -> None:
    known = replace(HEALTHY, **SICK["label-issues"], calibration=(0.23, 0.23, 0.02))
    assert [each.kind for each in warnings(known)] == ["miscalibration"]
    (note,) = [each for each in run_checks(known) if each.kind == "label-issues"]
    assert (note.severity, note.remedy) == ("note", None)


def test_a_telling_input_is_named_by_its_column_and_left_out_with_it() -> None:
    names, columns = ("age", "survey is missing", "survey=price", "day"), ("age", "survey", "survey", "day")
    known = {"leaky_inputs": (LeakyInput(1, 299, 300, 0.5),), "input_names": names, "input_columns": columns}
    (found,) = [each for each in warnings(replace(HEALTHY, **known)) if each.kind == "target-leakage"]
    assert found.remedy is not None
    assert '"survey"' in found.remedy.words
    assert found.remedy.inputs == (1, 2)


def test_warnings_come_before_notes_and_these_before_what_is_good() -> None:
    ranks = {"warning": 0, "note": 1, "good": 2}
    order = [ranks[each.severity] for each in run_checks(replace(HEALTHY, **SICK["overfitting"]))]
    assert order == sorted(order)
    assert len(set(order)) > 1


SLOW = {**CONFIG, "optimizer": "adam", "learning_rate": 1e-9}
REMEDIES = {
    "overfitting": ({}, {"patience": 3}),
    "stalled": ({"config": SLOW}, {"learning_rate": 0.001}),
    "divergence": ({"config": {**CONFIG, "learning_rate": 10.0}}, {"learning_rate": 0.01}),
    "baseline": ({"config": SLOW}, {"learning_rate": 0.001}),
    "missed-class": ({}, {"class_weight": "balanced"}),
    "class-imbalance": ({}, {"class_weight": "balanced"}),
    "batch-too-large": ({}, {"batch_size": 32}),
}


@pytest.mark.parametrize("kind", REMEDIES)
def test_a_remedy_changes_the_setting_that_causes_it(kind: str) -> None:
    known, settings = REMEDIES[kind]
    found = {each.kind: each for each in warnings(replace(HEALTHY, **SICK[kind] | known))}
    remedy = found[kind].remedy
    assert remedy is not None
    assert remedy.settings == settings


def test_where_the_learning_rate_is_usual_none_is_tried() -> None:
    for kind in ("stalled", "baseline"):
        usual = {"config": {**CONFIG, "optimizer": "adam"}}
        found = {each.kind: each for each in warnings(replace(HEALTHY, **SICK[kind] | usual))}
        assert found[kind].remedy is None


def test_probabilities_need_no_training_but_validation_samples() -> None:
    for samples, change in ((200, "temperature"), (0, None)):
        (found,) = warnings(replace(HEALTHY, **SICK["miscalibration"], val_samples=samples))
        assert found.remedy is not None
        assert found.remedy.change == change


def test_a_narrow_layer_is_widened_and_other_first_weights_are_drawn_elsewhere() -> None:
    unknown = replace(HEALTHY, confusion=None)
    narrow = {"narrow": replace(LAYER, units=1, rank=1.0, redundant=0), "dense_1": replace(LAYER, rank=1.2)}
    (found,) = [each for each in warnings(replace(unknown, layers=narrow)) if each.kind == "low-rank"]
    assert found.remedy is not None
    assert found.remedy.layers == {"narrow": {"units": 32}}
    (alone,) = warnings(replace(unknown, layers={"dense_1": replace(LAYER, rank=1.2)}))
    assert alone.remedy is not None
    assert alone.remedy.change == "default-weights"


def test_findings_name_the_samples_and_units_that_they_are_about() -> None:
    examples = {
        "label-issues": ("test[3]",),
        "missed-class/2": ("test[5]",),
        "class-imbalance": ("train[1]",),
        "shifted-test-samples": ("test[7]",),
        "miscalibration/over": ("test[9]",),
        "saturated-units/dense_1": ("dense_1[12]",),
        "redundant-units/dense_1": ("dense_1[4]",),
        "dead-units/dense_1": ("dense_1[8]",),
    }
    for key, names in examples.items():
        kind = key.partition("/")[0]
        found = {each.kind: each for each in warnings(replace(HEALTHY, **SICK[kind], examples=examples))}
        assert found[kind].samples + found[kind].units == names


def test_rows_of_few_values_are_equal_by_chance() -> None:
    """Ties of independent inputs, of inputs that depend on each other, and of a party's votes; and copies."""
    random = np.random.default_rng(0)

    def tie(rows: np.ndarray) -> bool:
        rows = random.permutation(rows).astype(np.float32)
        return are_ties(rows[:600], rows[600:])

    answers = np.column_stack([random.integers(0, 5, (900, 4)), np.eye(4)[random.integers(0, 4, 900)]])
    gifts = random.geometric(0.25, 900)
    months = np.column_stack([random.integers(0, 26, 900), gifts, 250 * gifts]) * (1, 3, 5)
    votes = random.random((900, 1)) + random.normal(size=(900, 16)) * 0.4 > 0.5
    prices = np.column_stack([random.integers(0, 10_000, 2000), random.integers(0, 5, 2000)])
    assert all(map(tie, (answers, months, votes, prices)))
    measured, counts = random.normal(size=(900, 5)), random.poisson(4, (900, 10))
    kinds = np.concatenate([np.eye(5)[random.integers(0, 5, 900)] for _ in range(10)], axis=1)
    flagged = np.column_stack([random.random(900), random.integers(0, 2, 900)])
    assert not any(tie(np.concatenate([rows, rows[:300]])) for rows in (measured, counts, kinds, flagged))


def test_one_equal_row_is_no_warning() -> None:
    one = replace(HEALTHY, repeated=["test[4]"], test_samples=10, val_samples=10)
    assert [found.severity for found in run_checks(one) if found.kind == "duplicates"] == ["note"]


def test_empty_places_of_a_hash_are_no_columns() -> None:
    columns = ["age", "street", "street", "street"]
    known = {"input_names": ["age", "street#0", "street#1", "street#2"], "input_columns": columns}
    facts = replace(INPUTS, inputs=4, constant=(1, 3))
    assert "constant-inputs" not in {e.kind for e in run_checks(replace(HEALTHY, **known, inputs=facts))}
    one = replace(HEALTHY, **known, inputs=replace(facts, constant=(0, 1, 3)))
    assert "constant-inputs" in [each.kind for each in run_checks(one)]
    (found,) = [each for each in run_checks(replace(one, input_names=None)) if each.kind == "constant-inputs"]
    assert found.evidence["inputs"] == ["column 1", "column 2", "column 4"]


def test_of_few_inputs_many_units_say_the_same() -> None:
    few = replace(HEALTHY, inputs=replace(INPUTS, inputs=2), layers=layer(redundant=40, rank=1.2))
    assert warnings(few) == []


def test_first_weights_that_are_the_default_ones_are_not_drawn_again() -> None:
    for kind in ("redundant-units", "low-rank", "exploding-gradients"):
        (found,) = [e for e in warnings(replace(HEALTHY, **SICK[kind], default_weights=True)) if e.kind == kind]
        assert found.remedy is None


def test_large_updates_of_a_training_that_went_well_are_no_high_learning_rate() -> None:
    large = rates((5.2, 2.5, 1.2), (5.2, 1.0, 1.1))
    assert warnings(replace(HEALTHY, weights=large)) == []
    for wrong in (losses(0.3, 0.2, 0.4), losses(0.69, 0.68, 0.67)):
        assert "learning-rate-too-high" in [e.kind for e in warnings(replace(HEALTHY, weights=large, history=wrong))]


def test_the_batch_of_the_default_recipe_is_never_too_large() -> None:
    history = losses(*np.linspace(0.6, 0.2, 60))
    small = {"config": {**CONFIG, "batch_size": 32}, "train_samples": 22, "history": history}
    assert warnings(replace(HEALTHY, **small)) == []


def test_where_the_samples_are_too_few_for_the_baseline_it_is_a_note() -> None:
    few = replace(HEALTHY, confusion=np.array([[12, 3], [6, 9]]), test_samples=30, test_accuracy=0.7)
    assert warnings(few) == []
    (note,) = [each for each in run_checks(few) if each.kind == "baseline"]
    assert (note.severity, note.remedy) == ("note", None)
    many = replace(HEALTHY, confusion=np.array([[260, 240], [230, 270]]), test_samples=1000, test_accuracy=0.53)
    assert "baseline" in [each.kind for each in warnings(many)]


@pytest.mark.parametrize("validation", [0.9, 1.0])
def test_one_test_sample_raises_no_warning(validation: float) -> None:
    one = {"confusion": np.array([[0, 1], [0, 0]]), "test_samples": 1, "test_accuracy": 0.0}
    known = replace(HEALTHY, **one, val_accuracy=validation, calibration=(0.95, 0.95, 0.0))
    assert [each.kind for each in warnings(known)] == []


def test_a_training_loss_of_zero_is_no_division() -> None:
    slow = rates((0.01,) * 3, (0.01,) * 3)
    found = warnings(replace(HEALTHY, history=losses(0.69, 0.0, 0.0), weights=slow))
    assert "learning-rate-too-low" not in [each.kind for each in found]


@pytest.mark.parametrize(("default", "change"), [(False, "default-weights"), (True, None), (None, None)])
def test_saturated_units_with_large_first_weights_are_no_matter_of_the_activation(
    default: bool | None, change: str | None
) -> None:
    found = run_checks(Evidence(layers=layer(activation="tanh", saturated=0.9), default_weights=default))
    (saturated,) = [each for each in found if each.kind == "saturated-units"]
    assert saturated.remedy is not None
    assert (saturated.remedy.change, saturated.remedy.activation) == (change, None if change else "relu")
