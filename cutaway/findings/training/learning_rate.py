"""A learning rate that is too high or too low for what the loss does."""

import itertools
import math
from collections.abc import Iterable, Sequence

from cutaway.findings.baseline import learned_nothing
from cutaway.findings.divergence import first_divergence
from cutaway.findings.first_steps import (
    FIRST_UPDATE,
    MOVED,
    NEAR,
    RULE,
    UPDATE,
    has_large_mean,
    inactive_since_first_steps,
    largest_update,
)
from cutaway.findings.records import Evidence, Finding, Remedy, Rule
from cutaway.findings.stalled import FAR, default_rate, has_usual_rate, stalled_loss, tenth

HIGH, LOW = "learning-rate-too-high", "learning-rate-too-low"
# A training goes wrong where its loss rises by a tenth from an epoch to a later one, or ends near that of knowing
# nothing. Where it does not, large updates are those of small first weights, or of a loss that is nearly 0.
RISE = 1.1
# Share of the training loss that the last epoch still takes off, where nothing has slowed down yet.
STILL_FALLING = 0.02
# Share of the loss of knowing nothing that is left where a model has hardly begun, and the change of its weights over
# all epochs, in sizes of their own, below which they have hardly moved: in healthy runs they move by 0.4 or more.
LEFT, LITTLE = 0.7, 0.2
RULES = (
    Rule(
        HIGH,
        words=(
            f"In an epoch a kernel changes by more than {UPDATE:g} times its norm before, or {FIRST_UPDATE:g} times "
            "in the first epoch, and the training goes wrong: its loss rises by a tenth above an earlier one, or ends "
            f"above {NEAR:.0%} of that of equal probabilities, or the model is no better than always predicting one "
            f"class. Or {RULE}, and it is not a case of uncentered-inputs."
        ),
        source='Bengio 2012, "Practical recommendations for gradient-based training of deep architectures", 3.1',
        known_as="high learning rate; WeightUpdateRatio in SageMaker Debugger",
    ),
    Rule(
        LOW,
        words=(
            f"The training loss falls in every epoch and is still above {LITTLE:.0%} of that of equal probabilities, "
            f"while the weights moved by less than {MOVED:.0%} of their norm in all, or the loss is above {LEFT:.0%} "
            f"and the last epoch took off more than {STILL_FALLING:.0%} of it."
        ),
        source='Smith 2017, "Cyclical learning rates for training neural networks", section 3.3',
        known_as="slow convergence, underfitting; LossNotDecreasing in SageMaker Debugger",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Judge the learning rate by the size of the updates and by the shape of the training loss."""
    rate = (evidence.config or {}).get("learning_rate")
    history = [row for row in evidence.history if "loss" in row]
    if rate is None or len(history) < 2 or first_divergence(evidence.history):
        return
    losses = [float(row["loss"]) for row in history]
    if _goes_wrong(evidence, losses):
        yield from list(_too_high(evidence, rate)) or _first_steps(evidence, rate)
    if not stalled_loss(evidence.history):
        yield from _too_low(evidence, rate, losses)


def _goes_wrong(evidence: Evidence, losses: Sequence[float]) -> bool:
    lowest = itertools.accumulate(losses, min)
    rises = any(after > RISE * before for before, after in zip(lowest, losses[1:], strict=False))
    nothing = math.log(len(evidence.class_names or ()) or 2)
    return rises or losses[-1] > NEAR * nothing or learned_nothing(evidence.confusion)


def _too_high(evidence: Evidence, rate: float) -> Iterable[Finding]:
    name = largest_update(evidence)
    if name is None:
        return
    updates = (evidence.weights or {})[name].updates
    largest = max(updates)
    text = (
        f"In epoch {updates.index(largest) + 1} the weights of {name} changed by {largest:.1f} times their own size. "
        f"Steps that large, with a learning rate of {rate:g}, overwrite what was learned before."
    )
    record = {"learning_rate": rate, "layer": name, "updates": list(updates)}
    remedy = Remedy(f"use a learning rate of {rate / 30:.2g}", {"learning_rate": rate / 30})
    usual = default_rate(evidence)
    if usual is not None and usual.settings["learning_rate"] * FAR < rate / 30:  # a 30th would be far too high as well
        remedy = usual
    yield Finding(HIGH, "warning", "Learning rate too high", text, record, remedy)


def _first_steps(evidence: Evidence, rate: float) -> Iterable[Finding]:
    """First steps that made most units of a layer inactive, where the inputs are not to blame (samples/scaling.py)."""
    found = inactive_since_first_steps(evidence)
    if found is None or has_large_mean(evidence):
        return
    text = f"{found.text}: first steps that are too large, here with a learning rate of {rate:g}, do this."
    record = {"learning_rate": rate, **found.record}
    advice = "Use a tenth of this learning rate, which makes the first steps smaller."
    yield Finding(HIGH, "warning", "Learning rate too high", text, record, tenth(evidence), advice=advice)


def _too_low(evidence: Evidence, rate: float, losses: Sequence[float]) -> Iterable[Finding]:
    classes = len(evidence.class_names or ()) or 2
    nothing = math.log(classes)
    fall = 1 - losses[-1] / losses[-2] if losses[-2] else 0.0
    updates = [each.updates[-1] for each in (evidence.weights or {}).values() if each.updates]
    if losses[-1] < LITTLE * nothing or not updates:
        return
    steady = all(after < before for before, after in itertools.pairwise(losses))
    moved = max(sum(each.updates) for each in (evidence.weights or {}).values())
    is_early = fall > STILL_FALLING and losses[-1] > LEFT * nothing
    if not steady or fall > 0.5 or not (moved < MOVED or is_early):
        return
    if is_early and has_usual_rate(evidence):  # too few epochs are the cause
        return
    text = (
        f"The training loss is {losses[-1]:.3f} after {len(losses)} epochs, where knowing nothing gives {nothing:.3f}, "
        f"and it was still falling, by {fall:.1%} in the last epoch. The learning rate of {rate:g} is too low for so "
        "few epochs."
    )
    record = {"learning_rate": rate, "loss": losses[-1], "fall": fall, "moved": moved}
    remedy = Remedy(f"use a learning rate of {rate * 30:.2g}", {"learning_rate": rate * 30})
    yield Finding(LOW, "warning", "Learning rate too low", text, record, remedy)
