"""Remedies that help: sick runs are trained again from their seed, and what the finding is about becomes better."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from sick_runs import PLAIN, digits, model_of, table, train

import cutaway as ct
from cutaway.topics.doctor.proving import prove

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive, pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")]


def overfitted(runs: Path) -> ct.Run:
    """As that of sick_runs.py, with enough test samples to show a difference of losses."""
    x, y = table(860, classes=3, inputs=20)
    x = x * 0.5 + np.random.default_rng(7).normal(size=x.shape).astype(np.float32)
    held = {"x_test": x[260:], "y_test": y[260:]}
    return train(ct.mlp((256, 256)), x[:260], y[:260], runs, epochs=60, **held, **PLAIN)


def imbalanced(runs: Path) -> ct.Run:
    x, y = table(24000)
    keep = (y == 0) | (np.random.default_rng(1).random(len(y)) < 0.05)
    return train(ct.mlp((32,)), x[keep], y[keep], runs)


def alike_from_the_start(runs: Path) -> ct.Run:
    layers = keras.layers.Dense(64, "relu", kernel_initializer="ones"), keras.layers.Dense(32, "relu")
    return train(model_of(*layers), *digits(), runs, epochs=6)


def oscillating(runs: Path) -> ct.Run:
    settings = {"optimizer": "sgd", "learning_rate": 0.3, "momentum": 0.9, "batch_size": 16}
    x, y = table(3000, classes=3)
    held = {"x_test": x[900:], "y_test": y[900:]}
    return train(ct.mlp((64,)), x[:900], y[:900], runs, **held, **settings, **PLAIN)


PROVABLE: dict[str, str | Callable[[Path], ct.Run]] = {
    "learning-rate-too-high": "rate too high, pictures",
    "learning-rate-too-low": "rate too low, pictures",
    "unscaled-inputs": "unscaled pictures",
    "double-scaling": "scaled twice",
    "uncentered-inputs": "light pictures",
    "class-imbalance": imbalanced,
    "inactive-units": "inactive units",
    "saturated-units": "saturated units",
    "vanishing-gradients": "vanishing gradients",
    "exploding-gradients": "exploding gradients",
    "redundant-units": "units alike",
    "batch-too-large": "large batches",
    "overfitting": overfitted,
    "miscalibration": "underconfident",
    "stalled": "frozen",
    "low-rank": alike_from_the_start,
    "oscillation": oscillating,
    "divergence": "not finite",
    "too-few-epochs": "one epoch",
    "over-regularized": "dropout of 0.95",
}
"""Kind of finding -> a run that has it, as its name in SICK or a function; its remedy, or that of its cause, helps."""


@pytest.mark.parametrize("kind", PROVABLE)
def test_the_remedy_makes_better_what_the_finding_is_about(
    kind: str, sick_run: Callable[[str], ct.Run], tmp_path: Path
) -> None:
    made = PROVABLE[kind]
    run = sick_run(made) if isinstance(made, str) else made(tmp_path)
    warnings = {each.kind: each for each in run.findings() if each.severity == "warning"}
    assert kind in warnings, list(warnings)
    finding = warnings[kind]
    while finding.cause:  # what another finding explains has no remedy of its own
        finding = warnings[finding.cause]
    proof = prove(run, finding)
    assert proof.helped, proof.words
