"""A loss that did not move at all."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .divergence import LOSSES, first_divergence
from .records import Evidence, Finding, Remedy, Rule

KIND = "stalled"
# Training that learns anything changes its loss by far more than a thousandth.
MOVED = 1e-3
# Keras' own defaults, and the factor from which on another learning rate may be why nothing is learned.
RATES = {"sgd": 0.01, "adam": 0.001, "adamw": 0.001}
FAR = 10.0
USUAL = 3.0
# Steps that end at twice the loss of knowing nothing were too large: first weights give about that loss.
ABOVE = 2.0
RULES = (
    Rule(
        KIND,
        words=(
            "In all of two or more epochs, the validation loss, or the training loss where there is no validation, "
            f"stays within {MOVED:.1%} of itself."
        ),
        source='Zhang et al. 2021, "AutoTrainer: an automatic DNN training problem detection and repair system"',
        known_as="not learning; LossNotDecreasing in SageMaker Debugger",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Warn of a loss that is the same in every epoch; a training that diverged has its own finding."""
    history = evidence.history
    metric = stalled_loss(history)
    if metric is None:
        return
    first, last = float(history[0][metric]), float(history[-1][metric])
    text = (
        f"The {LOSSES[metric]} was {first:.4f} in epoch {history[0]['epoch']} and {last:.4f} in epoch "
        f"{history[-1]['epoch']}: these epochs taught the model nothing."
    )
    advice = (
        "Train with a learning rate of a tenth and with one ten times as large, and check that the inputs are within "
        "-1..1 and that the weights were not already trained."
    )
    record = {"metric": metric, "first": first, "last": last, "epochs": len(history)}
    remedy = default_rate(evidence)
    if remedy is None and is_far_above_nothing(evidence, last):
        remedy = tenth(evidence)
        advice = "Use a tenth of the learning rate: steps that are too large end at a loss so far above that of chance."
    yield Finding(KIND, "warning", f"The {LOSSES[metric]} did not move", text, record, remedy, advice=advice)


def default_rate(evidence: Evidence) -> Remedy | None:
    """Keras' default learning rate, where that of the training is at least ten times as large or as small."""
    config = evidence.config or {}
    rate, default = config.get("learning_rate"), RATES.get(config.get("optimizer", ""))
    if rate is None or default is None or default / FAR < rate < default * FAR:
        return None
    return Remedy(f"use Keras' default learning rate of {default:g}", {"learning_rate": default})


def tenth(evidence: Evidence) -> Remedy | None:
    """A tenth of the learning rate, where that is known."""
    rate = (evidence.config or {}).get("learning_rate")
    return Remedy(f"use a learning rate of {rate / 10:.2g}", {"learning_rate": rate / 10}) if rate else None


def is_far_above_nothing(evidence: Evidence, loss: float) -> bool:
    """Whether a cross-entropy is at least twice that of equal probabilities, near which training begins."""
    is_entropy = (evidence.config or {}).get("loss") == "categorical_crossentropy"
    return is_entropy and loss > ABOVE * math.log(len(evidence.class_names or ()) or 2)


def has_usual_rate(evidence: Evidence) -> bool:
    """Whether the learning rate is at least a third of Keras' default of its optimizer."""
    config = evidence.config or {}
    rate, default = config.get("learning_rate"), RATES.get(config.get("optimizer", ""))
    return rate is not None and default is not None and rate >= default / USUAL


def stalled_loss(history: Sequence[Mapping[str, Any]]) -> str | None:
    """The loss that stayed within a thousandth of itself in all of at least two epochs; None if it moved.

    The validation loss is judged, or the training loss where there is no validation.
    """
    metric, epoch = stalled_since(history) or ("", None)
    return metric if epoch is not None and epoch == history[0]["epoch"] else None


def stalled_since(history: Sequence[Mapping[str, Any]]) -> tuple[str, int] | None:
    """The loss that stayed within a thousandth of itself in at least the last half of all epochs, and since which one.

    That is of two epochs at least; None if it moved. The loss is that of `stalled_loss`.
    """
    if len(history) < 2 or first_divergence(history):
        return None
    metric = "val_loss" if all("val_loss" in row for row in history) else "loss"
    if not all(metric in row for row in history):
        return None
    values = [float(row[metric]) for row in history]
    for start in range(min(len(values) // 2, len(values) - 2) + 1):
        last = values[start:]
        if max(last) - min(last) <= MOVED * max(map(abs, last)):
            return metric, int(history[start]["epoch"])
    return None
