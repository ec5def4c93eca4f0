"""How the training went: its loss, its steps and their size."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cutaway.data import LARGE_MEAN
from cutaway.metrics import is_finite
from cutaway.models import DEFAULT_RATES
from cutaway.words import percent

from .records import FAR_RATE, RELU, Evidence, Finding, Remedy, Rule, check
from .simpler_models import learned_nothing, underperforms

LOSSES = {"loss": "training loss", "val_loss": "validation loss"}


@check(
    Rule(
        "divergence",
        words="The training or the validation loss of an epoch is NaN or infinite, or a training was ended by that.",
        source='Goodfellow, Bengio, Courville 2016, "Deep learning", section 8.2.4',
        known_as="NaN loss, exploding loss",
        about="The weights grew until numbers overflowed, and the model predicts nothing any more.",
        advice="Use a smaller learning rate, scaled inputs, or clipped gradients, and look for NaN in the data.",
        title="Training diverged",
    ),
)
def divergence(evidence: Evidence) -> Iterable[Finding]:
    """Find the first epoch whose loss is not a finite number."""
    diverged = diverged_at(evidence)
    if diverged is None:
        return
    epoch, metric = diverged
    text = f"The {LOSSES[metric]} became NaN or infinite in epoch {epoch}."
    rate, record = evidence.config.get("learning_rate"), {"epoch": epoch, "metric": metric}
    remedy = use_rate(min(rate / 100, DEFAULT_RATES["sgd"])) if rate else None  # SGD hardly ever diverges with that
    yield Finding("divergence", "warning", "", text, record, remedy)


def use_rate(rate: float) -> Remedy:
    """Another learning rate."""
    return Remedy(f"use a learning rate of {rate:.2g}", {"learning_rate": rate})


def diverged_at(evidence: Evidence) -> tuple[int, str] | None:
    """The first epoch with a loss that is not finite, and which loss; None if the training did not diverge."""
    return evidence.diverged or first_divergence(evidence.history)


def first_divergence(history: Sequence[Mapping[str, Any]]) -> tuple[int, str] | None:
    """Return the first epoch with a loss that is not finite and the name of that loss, or None."""
    for row in history:
        for metric in LOSSES:
            if metric in row and not is_finite(row[metric]):
                return row["epoch"], metric
    return None


# Training that learns anything changes its loss by far more than a thousandth.
LOSS_MOVED = 1e-3
# Steps that end at twice the loss of knowing nothing were too large: first weights give about that loss.
ABOVE_NOTHING = 2.0


@check(
    Rule(
        "stalled",
        words=(
            "In all of two or more epochs, the validation loss, or the training loss if there is no validation, "
            "stays within {LOSS_MOVED:.1%} of itself."
        ),
        source='Zhang et al. 2021, "AutoTrainer: an automatic DNN training problem detection and repair system"',
        known_as="not learning; LossNotDecreasing in SageMaker Debugger",
        about=(
            "The weights hardly change, or do so without any effect on the loss. Usual reasons are a learning "
            "rate that is far too small, dead or saturated units, or inputs that do not reach the output."
        ),
        advice=(
            "Train with a learning rate of a tenth and with one ten times as large, and check that the inputs are "
            "within -1..1 and that the weights were not already trained."
        ),
        text="It was {first:.4f} in the first and {last:.4f} in the last of {epochs} epochs, which taught the model "
        "nothing.",
    ),
)
def stalled(evidence: Evidence) -> Iterable[Finding]:
    """Warn of a loss that is the same in every epoch; a training that diverged has its own finding."""
    history = evidence.history
    metric = stalled_loss(history)
    if metric is None:
        return
    first, last = float(history[0][metric]), float(history[-1][metric])
    record = {"metric": metric, "first": first, "last": last, "epochs": len(history)}
    remedy, advice = evidence.default_rate, ""
    if remedy is None and is_far_above_nothing(evidence, last):
        remedy = tenth(evidence)
        advice = "Use a tenth of the learning rate: only steps that are too large end at a loss so far above chance."
    yield Finding("stalled", "warning", f"The {LOSSES[metric]} did not move", "", record, remedy, advice=advice)


def tenth(evidence: Evidence) -> Remedy | None:
    """A tenth of the learning rate, if it is known."""
    rate = evidence.config.get("learning_rate")
    return use_rate(rate / 10) if rate else None


def is_far_above_nothing(evidence: Evidence, loss: float) -> bool:
    """Whether a cross-entropy is at least twice as large as with equal probabilities, where training begins."""
    is_entropy = evidence.config.get("loss") == "categorical_crossentropy"
    return is_entropy and loss > ABOVE_NOTHING * evidence.loss_of_nothing


def stalled_loss(history: Sequence[Mapping[str, Any]]) -> str | None:
    """The loss that stayed within a thousandth of itself in all of at least two epochs; None if it moved.

    The validation loss is judged, or the training loss if there is no validation.
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
        if max(last) - min(last) <= LOSS_MOVED * max(map(abs, last)):
            return metric, int(history[start]["epoch"])
    return None


# A kernel that changes by more than its own norm in an epoch after the first forgets everything it has learned; in
# the first epoch, when it leaves its first weights, by more than three times its norm.
UPDATE, FIRST_UPDATE = 1.0, 3.0
# Healthy layers have up to 17% of dead units (units.py); more than half are no few that died by chance.
HALF_DEAD = 0.5
# Weights that change by less than this over all epochs, relative to their size, have hardly moved: in healthy runs they
# move by 0.4 or more.
WEIGHTS_MOVED = 0.1
# A loss below this share of the loss of knowing nothing means that something was learned.
NEAR_NOTHING = 0.9
DEAD_AFTER_FIRST_STEPS = (
    "the loss stays within a thousandth of itself in at least the last half of the epochs and was never below "
    f"{NEAR_NOTHING:.0%} of that of equal probabilities, more than {HALF_DEAD:.0%} of the units of a "
    f"layer whose weights moved by more than {WEIGHTS_MOVED:.0%} are dead, "
    "and the model is no better than always predicting one class, without penalties of weights and with first weights "
    "from default initializers"
)
"""When `dead_since_first_steps` finds a layer, a clause."""


def largest_update(evidence: Evidence) -> str | None:
    """The layer of the largest update that overwrites what the layer had learned; None if there is none."""
    sizes = {
        name: max((size / (UPDATE if epoch else FIRST_UPDATE) for epoch, size in enumerate(each.updates)), default=0.0)
        for name, each in evidence.weights.items()
    }
    name = max(sizes, key=lambda each: sizes[each], default=None)
    return name if name is not None and sizes[name] > 1 else None


DEAD_AND_STILL = (
    "The loss did not move after epoch {epoch}, and {dead:,} of the {units:,} units of {layer} are dead (0 for every "
    "sample of the whole dataset)"
)
"""What was found then, a clause that begins a sentence."""


def dead_since_first_steps(evidence: Evidence) -> dict[str, Any] | None:
    """The numbers of the first such layer of a training that learned nothing; None if another cause is known."""
    stood, penalties = stalled_since(evidence.history), {"l1", "l2"} & set(evidence.regularization or ())
    decay = evidence.config.get("weight_decay")
    if stood is None or penalties or decay or not learned_nothing(evidence):
        return None  # penalties and decay make units dead as well, by weights of 0
    if evidence.default_weights is False and not evidence.recorded:
        return None  # identical first weights in all units also cause this
    near = NEAR_NOTHING * evidence.loss_of_nothing
    if any(float(row["loss"]) < near for row in evidence.history if "loss" in row):
        return None  # the layer had learned something before
    for name, (dead, units) in evidence.dead_units.items():
        weights = evidence.weights.get(name)
        # units that were dead at the first weights have no gradient, so their layer does not move
        if weights is not None and sum(weights.updates) >= WEIGHTS_MOVED and dead > HALF_DEAD * units:
            updates = list(weights.updates)
            return {"layer": name, "updates": updates, "epoch": stood[1], "dead": dead, "units": units}
    return None


def has_large_mean(evidence: Evidence) -> bool:
    """Whether the inputs of all samples are about the same, so a step moves all weights of a unit alike."""
    return evidence.inputs is not None and evidence.inputs.mean_over_spread > LARGE_MEAN


# A training goes wrong if its loss rises by a tenth from an epoch to a later one, or ends near the loss of knowing
# nothing. Otherwise, large updates come from small first weights, or from a loss that is nearly 0.
LOSS_RISE = 1.1
CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")
# Relative drop of the training loss in the last epoch of a training that has not slowed down yet.
STILL_FALLING = 0.02
# Share of the loss of knowing nothing that is left where a model has hardly begun, and the change of its weights over
# all epochs, in sizes of their own, below which they have hardly moved: in healthy runs they move by 0.4 or more.
LOSS_LEFT, LITTLE_LOSS = 0.7, 0.2


@check(
    Rule(
        "learning-rate-too-high",
        words=(
            "In an epoch a kernel changes by more than {UPDATE:g} times its norm before, or {FIRST_UPDATE:g} times in "
            "the first epoch, and the training goes wrong: its loss rises by a tenth above an earlier one, or ends "
            "above {NEAR_NOTHING:.0%} of that of equal probabilities, or the model is no better than always "
            "predicting one class. Or {DEAD_AFTER_FIRST_STEPS}, the learning rate is above the default of the "
            "optimizer, the cross-entropy of an epoch is {ABOVE_NOTHING:g} times that of equal probabilities or more, "
            "which first weights do not cost, and it is not a case of uncentered-inputs."
        ),
        source='Bengio 2012, "Practical recommendations for gradient-based training of deep architectures", 3.1',
        known_as="high learning rate; WeightUpdateRatio in SageMaker Debugger",
        about="Steps are so large that they jump over good weights, or switch units off for good.",
        advice="Use a tenth or a thirtieth of the rate, or one that rises slowly at first.",
        title="Learning rate too high",
    ),
    Rule(
        "learning-rate-too-low",
        words=(
            "The learning rate is below a third of the default of the optimizer, or that is unknown, and gradients are "
            "not clipped; the training loss falls in every epoch and is still above "
            "{LITTLE_LOSS:.0%} of that of equal "
            "probabilities, while the weights moved by less than {WEIGHTS_MOVED:.0%} of their norm in all, "
            "or the "
            "loss is above {LOSS_LEFT:.0%} and the last epoch took off more than "
            "{STILL_FALLING:.0%} of it."
        ),
        source='Smith 2017, "Cyclical learning rates for training neural networks", section 3.3',
        known_as="slow convergence, underfitting; LossNotDecreasing in SageMaker Debugger",
        about="The model learns, but so slowly that the training ends first.",
        advice="Use a learning rate that is ten or thirty times as high, or the default of the optimizer.",
        title="Learning rate too low",
        text=(
            "The training loss is {loss:.3f} after {epochs} epochs, where knowing nothing gives {knowing_nothing:.3f}, "
            "and it was still falling, by {fall:.1%} in the last epoch: the learning rate of {learning_rate:g} is too "
            "low for so few epochs."
        ),
    ),
)
def learning_rate(evidence: Evidence) -> Iterable[Finding]:
    """Judge the learning rate by the size of the updates and by the shape of the training loss."""
    rate = evidence.config.get("learning_rate")
    history = [row for row in evidence.history if "loss" in row]
    if rate is None or len(history) < 2 or first_divergence(evidence.history):
        return
    losses = [float(row["loss"]) for row in history]
    if _goes_wrong(evidence, losses):
        yield from list(_too_high(evidence, rate)) or _first_steps(evidence, rate, max(losses))
    if not stalled_loss(evidence.history):
        yield from _too_low(evidence, rate, losses)


def _goes_wrong(evidence: Evidence, losses: Sequence[float]) -> bool:
    lowest = itertools.accumulate(losses, min)
    rises = any(after > LOSS_RISE * before for before, after in zip(lowest, losses[1:], strict=False))
    return rises or losses[-1] > NEAR_NOTHING * evidence.loss_of_nothing or learned_nothing(evidence)


def _too_high(evidence: Evidence, rate: float) -> Iterable[Finding]:
    name = largest_update(evidence)
    if name is None:
        return
    updates = evidence.weights[name].updates
    largest = max(updates)
    text = (
        f"In epoch {updates.index(largest) + 1} the weights of {name} changed by {largest:.1f} times their own size. "
        f"Steps that large, with a learning rate of {rate:g}, overwrite what was learned before."
    )
    record = {"learning_rate": rate, "layer": name, "updates": list(updates)}
    remedy = use_rate(rate / 30)
    usual = evidence.default_rate
    if usual is not None and usual.settings["learning_rate"] * FAR_RATE < rate / 30:  # a 30th is far too high as well
        remedy = usual
    yield Finding("learning-rate-too-high", "warning", "", text, record, remedy)


def _first_steps(evidence: Evidence, rate: float, highest: float) -> Iterable[Finding]:
    """First steps that made most units of a layer dead, where the inputs are not to blame (columns.py)."""
    found = dead_since_first_steps(evidence)
    # steps of a default rate or less are not too large, so a tenth of it helps nothing
    is_large = rate > (evidence.usual_rate or 0.0)
    if found is None or has_large_mean(evidence) or not is_large or not is_far_above_nothing(evidence, highest):
        return
    text = f"{DEAD_AND_STILL}: first steps that are too large, here with a learning rate of {rate:g}, do this."
    record, remedy = {"learning_rate": rate, **found}, use_rate(rate / 10)
    yield Finding("learning-rate-too-high", "warning", "", text.format(**found), record, remedy)


def _too_low(evidence: Evidence, rate: float, losses: Sequence[float]) -> Iterable[Finding]:
    nothing = evidence.loss_of_nothing
    fall = 1 - losses[-1] / losses[-2] if losses[-2] else 0.0
    updates = [each.updates[-1] for each in evidence.weights.values() if each.updates]
    if losses[-1] < LITTLE_LOSS * nothing or not updates:
        return
    steady = all(after < before for before, after in itertools.pairwise(losses))
    moved = max(sum(each.updates) for each in evidence.weights.values())
    is_early = fall > STILL_FALLING and losses[-1] > LOSS_LEFT * nothing
    if not steady or fall > 0.5 or not (moved < WEIGHTS_MOVED or is_early):
        return
    # with a usual rate, steps are few, or something else makes them small: gradients that are clipped, for one
    if evidence.has_usual_rate or any(evidence.config.get(name) for name in CLIPPING):
        return
    record = {"learning_rate": rate, "loss": losses[-1], "fall": fall, "moved": moved}
    record |= {"epochs": len(losses), "knowing_nothing": nothing}
    yield Finding("learning-rate-too-low", "warning", evidence=record, remedy=use_rate(rate * 30))


# No model learns much in a single epoch of this many steps.
FEW_EPOCH_STEPS = 200
# A model that is right more often than this may have had enough of a single epoch. One that is right less often had not
# if it is right so much more often after the epoch than on average over it: at the end of a training both are alike.
FEW_MISTAKES, EPOCH_RISE = 0.9, 0.05
# What a remedy trains for: ten times as long, and at least this many steps, in epochs that end with 0. A training of
# several epochs and so many steps lacks something else.
LONGER, LONGER_STEPS = 10, 2_000


@check(
    Rule(
        "too-few-epochs",
        words=(
            "The training has ended as planned, without penalties of weights and weights of classes, which a loss "
            "holds as well; the accuracy is nearer to that of always predicting one class than to that of no mistakes, "
            "or a simpler model is right more often; the learning rate is at least a third of the default of the "
            "optimizer, the loss of classes is above {LOSS_LEFT:.0%} of that of equal probabilities, it still fell by "
            "more than {STILL_FALLING:.0%} in the last epoch, after fewer than {LONGER_STEPS:,} steps in all, "
            "and no earlier validation loss was lower; a single epoch has fewer than "
            "{FEW_EPOCH_STEPS} steps, or its model is no better than always predicting one class. Or a single epoch "
            "of any number of steps ends with an accuracy below {FEW_MISTAKES:.0%} that is "
            "{EPOCH_RISE:.0%} above the mean over the epoch."
        ),
        source='Smith 2017, "Cyclical learning rates for training neural networks", section 3.3',
        known_as="underfitting, undertrained",
        about="The loss still fell when the training ended, so the model is not yet as good as it can be.",
        advice="Train for more epochs, and stop when the validation loss does not fall any more.",
        title="Too few epochs",
        text=(
            "The training loss is {loss:.3f} after {steps:,} steps (epochs: {epochs:,}), where knowing nothing gives "
            "{knowing_nothing:.3f}: the training ended while the model still learned."
        ),
    ),
)
def too_few_epochs(evidence: Evidence) -> Iterable[Finding]:
    """Look whether the loss was still high, and falling, when the training ended."""
    config, per_epoch, history = evidence.config, evidence.epoch_steps, evidence.history
    penalties = {"l1", "l2"} & (evidence.regularization or {}).keys()
    if not evidence.ended or per_epoch is None or config.get("class_weight") or penalties:
        return
    losses = [float(row["loss"]) for row in history if row.get("loss") is not None]
    # a training that ended before it was planned to was stopped since nothing improved
    if not losses or len(losses) < (config.get("epochs") or 0) or first_divergence(history) or stalled_loss(history):
        return
    in_training, in_use, held_out = evidence.accuracies
    after, nothing, steps = in_use if held_out is None else held_out, evidence.loss_of_nothing, per_epoch * len(losses)
    rises = after is not None and in_training is not None and in_training + EPOCH_RISE < after < FEW_MISTAKES
    still_learns = len(losses) == 1 and rises
    if not (underperforms(evidence) or still_learns):
        return
    # an unusually low rate is the cause itself
    left = LITTLE_LOSS if still_learns else 0.0 if evidence.targets else LOSS_LEFT
    if not evidence.has_usual_rate or losses[-1] <= left * nothing:
        return
    if len(losses) == 1:
        if per_epoch >= FEW_EPOCH_STEPS and not learned_nothing(evidence) and not still_learns:
            return
        text = ""
    else:
        fall, validation = 1 - losses[-1] / max(losses[-2], 1e-30), [row.get("val_loss", 0.0) for row in history]
        if fall <= STILL_FALLING or steps >= LONGER_STEPS or validation[-1] > min(validation):
            return
        text = f"In the last epoch it fell by {percent(fall, 1)}."
    epochs = int(-(-max(LONGER * len(losses), LONGER_STEPS / per_epoch) // 10) * 10)
    record = {"loss": losses[-1], "epochs": len(losses), "steps": steps, "knowing_nothing": nothing}
    yield Finding(
        "too-few-epochs", "warning", "", text, record, Remedy(f"train for {epochs:,} epochs", {"epochs": epochs})
    )


FEW_STEPS = 100
# Largest share of the data in a batch of a quick recipe.
LARGE_BATCH = 0.2
# No batch of so few samples is too large for anything but a lack of epochs; a quick recipe never takes fewer.
SMALL_BATCH = 32


@check(
    Rule(
        "batch-too-large",
        words=(
            "The whole training has fewer than {FEW_STEPS} steps, and a batch holds more than {SMALL_BATCH} samples "
            "and {LARGE_BATCH:.0%} of the training samples or more."
        ),
        source=(
            'Keskar, Mudigere, Nocedal, Smelyanskiy, Tang 2017, "On large-batch training for deep learning"; Masters, '
            'Luschi 2018, "Revisiting small batch training for deep neural networks": batches of 2 to 32'
        ),
        known_as="batch size too large, too few updates",
        about="With so few steps the weights cannot move far, however long an epoch takes.",
        advice="Use smaller batches, or many more epochs with a higher learning rate.",
        title="Batches too large for so few samples",
        text=(
            "With batches of {batch_size:,} of {samples:,} training samples, {epochs} epochs are {steps} steps: too "
            "few for the weights to move far."
        ),
    ),
)
def batch_too_large(evidence: Evidence) -> Iterable[Finding]:
    """Count the steps of the whole training where a batch is a large share of the training samples."""
    batch, samples, epochs = evidence.config.get("batch_size"), evidence.train_samples, len(evidence.history)
    if not batch or not samples or not evidence.epoch_steps or not epochs:
        return
    steps = evidence.epoch_steps * epochs
    if steps >= FEW_STEPS or batch <= SMALL_BATCH or batch < LARGE_BATCH * samples:
        return
    better = max(8, min(32, samples // 20))
    record = {"batch_size": batch, "samples": samples, "epochs": epochs, "steps": steps}
    remedy = Remedy(f"use batches of {better}", {"batch_size": better})
    yield Finding("batch-too-large", "warning", evidence=record, remedy=remedy)


LEAST_EPOCHS = 6
# Share of epochs that go up by more than a tenth, directly before or after one that goes down by as much.
OFTEN_TURNS = 0.3
JUMP = 0.1


@check(
    Rule(
        "oscillation",
        words=(
            "Of {LEAST_EPOCHS} epochs or more, in {OFTEN_TURNS:.0%} or more the validation loss turns "
            "around: it "
            "rises by more than {JUMP:.0%} directly before or after it falls by as much.{IF_WORSE}"
        ),
        source='Zhang et al. 2021, "AutoTrainer: an automatic DNN training problem detection and repair system"',
        known_as="oscillating loss in AutoTrainer",
        about="The validation loss jumps up and down, so how good the model is depends on when the training ended.",
        advice="Use a smaller learning rate or one that decays, larger batches, and keep the best epoch.",
        title="The validation loss oscillates",
        text="In {share:.0%} of the epochs the validation loss turned around by more than a tenth.",
    ),
)
def oscillation(evidence: Evidence) -> Iterable[Finding]:
    """Count the epochs where the validation loss turns around by more than a tenth of itself."""
    losses = [row.get("val_loss") for row in evidence.history]
    if len(losses) < LEAST_EPOCHS or not all(map(is_finite, losses)):
        return
    steps = [after / before - 1 for before, after in itertools.pairwise(losses) if before]
    turns = [
        (a > JUMP and b < -JUMP / (1 + JUMP)) or (b > JUMP and a < -JUMP / (1 + JUMP))
        for a, b in itertools.pairwise(steps)
    ]
    share = sum(turns) / max(len(turns), 1)
    if share >= OFTEN_TURNS:
        yield Finding("oscillation", "warning", evidence={"share": share}, remedy=tenth(evidence))


# In healthy models of 2 to 6 layers the two ends differ by a factor of up to 20 (tests/findings/test_sick_runs.py).
GRADIENT_RATIO = 100.0
# Root mean square of a gradient of a cross-entropy by a weight; around 0.01 in models that learn.
USUAL_GRADIENT, LARGE_GRADIENT = 0.01, 10.0


@check(
    Rule(
        "vanishing-gradients",
        words=(
            "At the first weights, the root mean square of the gradient of the first kernel is less than one "
            "{GRADIENT_RATIO:.0f}th of that of the last, and below {USUAL_GRADIENT:g}; on up to 2,000 training "
            "samples."
        ),
        source='Bengio, Simard, Frasconi 1994, "Learning long-term dependencies with gradient descent is difficult"',
        known_as="vanishing gradient; VanishingGradient in SageMaker Debugger",
        about="The first layers hardly learn, since each layer makes the gradient smaller.",
        advice="Use relu in place of sigmoid or tanh, fewer layers, normalization, or default initializers.",
        title="Vanishing gradients",
        text=(
            "At the first weights the gradient of {layer} has a root mean square of {size:.2g}, and that of the last "
            "layer {last:.2g}, so the first layers hardly learn."
        ),
    ),
    Rule(
        "exploding-gradients",
        words=(
            "At the first weights, the root mean square of the gradient of a kernel is above {LARGE_GRADIENT:g}; on "
            "up to 2,000 training samples."
        ),
        source='He, Zhang, Ren, Sun 2015, "Delving deep into rectifiers", section 2.2',
        known_as="exploding gradient; ExplodingTensor and PoorWeightInitialization in SageMaker Debugger",
        about="Each layer makes the gradient larger, so the first steps throw the weights far away.",
        advice="Use default initializers and scaled inputs, normalization, or clipped gradients.",
        title="Exploding gradients",
        text=(
            "At the first weights the gradient of {layer} has a root mean square of {size:.3g}; around "
            f"{USUAL_GRADIENT:g} is usual."
        ),
    ),
)
def gradients(evidence: Evidence) -> Iterable[Finding]:
    """Compare the gradients of the first and the last kernel at the first weights."""
    weights = evidence.weights
    if len(weights) < 2 or evidence.ready_made:  # its first weights are unknown
        return
    sizes = {name: each.first for name, each in weights.items()}
    (name, first), *_, (_, last) = sizes.items()
    if first * GRADIENT_RATIO < last < math.inf and first < USUAL_GRADIENT:
        record = {"layer": name, "size": first, "last": last, "gradients": sizes}
        yield Finding("vanishing-gradients", "warning", evidence=record, remedy=RELU)
    name = max(sizes, key=lambda each: sizes[each])
    if sizes[name] > LARGE_GRADIENT:
        record = {"layer": name, "size": sizes[name], "gradients": sizes}
        yield Finding("exploding-gradients", "warning", evidence=record, remedy=evidence.other_weights)
