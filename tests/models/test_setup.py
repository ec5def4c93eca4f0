"""What a compiled model and its arrays show: the table of losses and last layers, and how both are read."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from cutaway.findings import RULES
from cutaway.models import Setup, compiled_setup, setup_faults, setup_of, setup_of_spec, spec_of, targets_of
from cutaway.models.setup import _ROWS, FAMILIES, REACH
from cutaway.training import LOSSES

N = 120
TWO, THREE = np.arange(N) % 2, np.arange(N) % 3
ROWS, NUMBERS = np.eye(3)[THREE], np.linspace(-4.0, 4.0, N)
BCE, SPARSE, CATEGORICAL = "binary_crossentropy", "sparse_categorical_crossentropy", "categorical_crossentropy"


def setup(loss: str, activation: str, units: int, y: np.ndarray, **known) -> Setup:
    targets = targets_of(y, is_sparse=loss == SPARSE)
    return Setup(
        loss=loss, layers=(("Dense", "relu"), ("Dense", activation)), output=(units,), targets=targets, **known
    )


FINE = {
    "two classes": setup(BCE, "sigmoid", 1, TWO),
    "a column": setup(BCE, "sigmoid", 1, TWO[:, None]),
    "yes or no as numbers": setup(BCE, "sigmoid", 1, TWO.astype(float)),
    "logits of two": setup(BCE, "linear", 1, TWO, from_logits=True),
    "class numbers": setup(SPARSE, "softmax", 3, THREE),
    "one-hot rows": setup(CATEGORICAL, "softmax", 3, ROWS),
    "logits": setup(SPARSE, "linear", 3, THREE, from_logits=True),
    "a row of yes and no": setup(BCE, "sigmoid", 3, np.maximum(ROWS, ROWS[:, ::-1])),
    "shares": setup(BCE, "sigmoid", 1, np.linspace(0, 1, N)),
    "numbers": setup("mse", "linear", 1, NUMBERS),
    "rows of numbers": setup("mae", "linear", 3, ROWS * NUMBERS[:, None]),
    "numbers within tanh": setup("mse", "tanh", 1, NUMBERS / 4),
    "counts": setup("mse", "linear", 1, THREE),
    "an unknown loss": setup("my_loss", "linear", 1, NUMBERS),
    "an unknown activation": setup(SPARSE, "my_function", 3, THREE),
}
WRONG = {
    "one-unit-softmax": [setup(loss, "softmax", 1, TWO) for loss in (BCE, CATEGORICAL, "mse", "my_loss")],
    "one-output": [setup(CATEGORICAL, "sigmoid", 1, THREE), setup(CATEGORICAL, "linear", 1, THREE, from_logits=True)],
    "not-probabilities": [
        setup(SPARSE, "linear", 3, THREE),
        setup(CATEGORICAL, "relu", 3, ROWS),
        setup(BCE, "linear", 1, TWO),
        setup(BCE, "tanh", 1, TWO),
    ],
    "sigmoid-output": [setup(CATEGORICAL, "sigmoid", 3, ROWS), setup("CategoricalCrossentropy", "sigmoid", 3, ROWS)],
    "double-activation": [
        setup(SPARSE, "softmax", 3, THREE, from_logits=True),
        setup(BCE, "sigmoid", 1, TWO, from_logits=True),
    ],
    "numbers-as-classes": [setup(BCE, "sigmoid", 1, NUMBERS), setup(CATEGORICAL, "softmax", 3, ROWS * 2.5)],
    "softmax-of-several": [setup(CATEGORICAL, "softmax", 3, np.maximum(ROWS, ROWS[:, ::-1]))],
    "loss-of-numbers": [
        setup("mse", "softmax", 3, ROWS),
        setup("mse", "relu", 1, TWO),
        setup("mae", "linear", 3, ROWS),
    ],
    "labels-out-of-range": [
        setup(BCE, "sigmoid", 1, THREE),
        setup(BCE, "sigmoid", 1, 2 * TWO - 1),
        setup(SPARSE, "softmax", 3, THREE + 1),
    ],
    "target-shape": [
        setup(CATEGORICAL, "softmax", 3, THREE),
        setup(SPARSE, "softmax", 3, ROWS),
        setup(BCE, "softmax", 2, TWO),
        setup("mse", "linear", 10, NUMBERS),
        replace(setup(CATEGORICAL, "sigmoid", 1, ROWS), output=(3, 1)),
    ],
    "unreachable-targets": [
        setup("mse", "sigmoid", 1, NUMBERS),
        setup("mse", "relu", 1, NUMBERS),
        setup("mse", "softmax", 3, ROWS * NUMBERS[:, None]),
    ],
    "constant-targets": [setup("mse", "linear", 1, np.full(N, -1.0))],
    "unscaled-targets": [setup("mse", "linear", 1, NUMBERS * 100)],
    "linear-hidden": [replace(FINE["numbers"], layers=(("InputLayer", ""), ("Dense", "linear"), ("Dense", "linear")))],
    "few-steps": [replace(FINE["numbers"], epochs=10, samples=N)],
    "unusual-rate": [replace(FINE["numbers"], optimizer="sgd", learning_rate=rate) for rate in (3.0, 1e-5)],
    "inputs-are-targets": [replace(FINE["numbers"], copies=True)],
    "missing-values": [replace(FINE["numbers"], missing=3)],
}


@pytest.mark.parametrize("case", FINE)
def test_what_goes_together_is_left_alone(case: str) -> None:
    assert setup_faults(FINE[case]) == []


@pytest.mark.parametrize("kind", WRONG)
def test_what_does_not_go_together_is_named_first(kind: str) -> None:
    assert {setup_faults(each)[0] for each in WRONG[kind]} == {kind}


def test_every_result_of_the_table_is_a_kind_of_finding_and_every_name_in_it_is_known() -> None:
    families, functions = {*FAMILIES.values(), "any"}, {*REACH, "any"}
    assert {row[-1] for row in _ROWS} <= {*RULES, "fine"}
    assert {row[0] for row in _ROWS} <= families
    assert {row[2] for row in _ROWS} <= functions
    assert {FAMILIES[loss.replace("_", "")] for loss in LOSSES} == {"classes", "yes-no", "numbers"}, (
        "those of cutaway.train"
    )
    assert {*WRONG} <= RULES.keys()


@pytest.mark.parametrize("changes", [
    {"layers": (("Dense", "linear"), ("PReLU", ""), ("Dense", "linear"))},
    {"layers": (("Dense", "linear"), ("Activation", "relu"), ("Dense", "linear"))},
    {"layers": (("Flatten", ""), ("Dense", "linear"))},
    {"epochs": 30, "samples": N},
    {"optimizer": "sgd", "learning_rate": 0.1},
    {"optimizer": "mine", "learning_rate": 100.0},
])  # fmt: skip
def test_what_is_usual_or_unknown_is_left_alone(changes: dict) -> None:
    assert setup_faults(replace(FINE["numbers"], **changes)) == []


@pytest.mark.parametrize(("y", "kind"), [
    (TWO, "classes"), (TWO == 1, "classes"), (np.arange(10) % 5, "classes"), (np.arange(N) // 2, "numbers"),
    (ROWS, "one-hot"), (1 - ROWS, "several"), (ROWS / 2, "shares"), (NUMBERS, "numbers"),
    (np.zeros((4, 2)), "constant"),
])  # fmt: skip
def test_targets_are_told_by_their_values(y: np.ndarray, kind: str) -> None:
    assert targets_of(y).kind == kind


def test_many_whole_numbers_are_classes_where_the_loss_takes_class_numbers() -> None:
    assert targets_of(np.arange(N), is_sparse=True).classes == N
    assert targets_of(np.arange(N) // 2, most=N).kind == "classes"


MODELS = {
    "an activation": ([keras.layers.Dense(3, "softmax")], SPARSE, "softmax", False),
    "a layer of its own": ([keras.layers.Dense(3), keras.layers.Softmax()],
                           keras.losses.sparse_categorical_crossentropy, "softmax", False),
    "a Flatten at the end": ([keras.layers.Dense(3, "sigmoid"), keras.layers.Flatten()],
                             keras.losses.BinaryCrossentropy(), "sigmoid", False),
    "logits": ([keras.layers.Dense(3)], keras.losses.SparseCategoricalCrossentropy(from_logits=True), "linear", True),
}  # fmt: skip


@pytest.mark.parametrize("case", MODELS)
def test_a_compiled_model_is_read(case: str) -> None:
    layers, loss, activation, from_logits = MODELS[case]
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), *layers])
    model.compile(keras.optimizers.Adam(0.003), loss)
    found = compiled_setup(model)
    assert (found.activation, found.from_logits, found.units) == (activation, from_logits, 3)
    assert found.family == ("yes-no" if "binary" in found.loss else "classes")
    assert (found.optimizer, found.learning_rate) == ("adam", 0.003)
    if "Flatten" not in case:  # as run.json has it
        spec = setup_of_spec(spec_of(model), classes=3)
        assert (spec.functions, spec.output) == (found.functions, found.output)


def test_losses_and_layers_that_are_not_known_are_not_judged() -> None:
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    entry = keras.Input((4,))
    model = keras.Model(entry, inner(entry))
    model.compile("adam", lambda true, given: keras.losses.mse(true, given), metrics=["accuracy"])
    found = compiled_setup(model)
    assert (found.family, found.activation, found.is_read_alike) == ("", "", True)


def test_arrays_are_read_with_the_model() -> None:
    x = np.random.default_rng(0).normal(size=(50, 3))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(3)])
    model.compile("sgd", "mse")
    assert setup_faults(setup_of(model, x, x)) == ["inputs-are-targets"]
    assert setup_faults(setup_of(model, x, 2 * x, epochs=1, batch_size=10)) == ["few-steps"]
    narrow = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "relu"), keras.layers.Dense(3)])
    narrow.compile("sgd", "mse")
    assert setup_faults(setup_of(narrow, x, x)) == [], "an autoencoder"
    x[4, 1] = np.nan
    assert (setup_of(model, x, 2 * x).missing, setup_of(model, x, x).targets.kind) == (2, "unknown")
