"""A training that ended while the model had hardly begun to learn."""

import math
from collections.abc import Iterable

from cutaway.findings.baseline import learned_nothing, predicts_poorly
from cutaway.findings.divergence import first_divergence
from cutaway.findings.records import Evidence, Finding, Remedy, Rule
from cutaway.findings.right_tool import is_outdone
from cutaway.findings.stalled import has_usual_rate, stalled_loss

from .learning_rate import LEFT, STILL_FALLING

KIND = "too-few-epochs"
# Steps of a single epoch in which no model learns much.
FEW_STEPS = 200
# What a remedy trains for: ten times as long, and at least this many steps, in epochs that end with 0.
TIMES, STEPS = 10, 2_000
RULES = (
    Rule(
        KIND,
        words=(
            "The training has ended, without penalties of weights and weights of classes, which a loss holds as well; "
            "the accuracy is nearer to that of always predicting one class than to that of no mistakes, or a simpler "
            "model is right more often; "
            f"the learning rate is at least a third of the default of the optimizer, the loss is above {LEFT:.0%} of "
            f"that of equal probabilities, and it still fell by more than {STILL_FALLING:.0%} in the last epoch; a "
            f"single epoch has fewer than {FEW_STEPS} steps, or its model is no better than always predicting one "
            "class."
        ),
        source='Smith 2017, "Cyclical learning rates for training neural networks", section 3.3',
        known_as="underfitting, undertrained",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Look whether the loss was still high, and falling, when the training ended."""
    config, samples = evidence.config or {}, evidence.train_samples
    penalties = {"l1", "l2"} & (evidence.regularization or {}).keys()
    if not evidence.ended or not samples or not config.get("batch_size") or config.get("class_weight") or penalties:
        return
    if (
        first_divergence(evidence.history)
        or stalled_loss(evidence.history)
        or not (predicts_poorly(evidence) or is_outdone(evidence))
    ):
        return
    losses = [float(row["loss"]) for row in evidence.history if "loss" in row]
    nothing = math.log(len(evidence.class_names or ()) or 2)
    # where the rate is lower, that is the cause
    if not losses or not has_usual_rate(evidence) or losses[-1] <= LEFT * nothing:
        return
    per_epoch = -(-samples // config["batch_size"])
    if len(losses) == 1:
        if per_epoch >= FEW_STEPS and not learned_nothing(evidence.confusion):
            return
        fall, fell = None, ""
    else:
        fall = 1 - losses[-1] / losses[-2] if losses[-2] else 0.0
        if fall <= STILL_FALLING:
            return
        fell = f", and still fell by {fall:.1%} in the last one"
    steps = per_epoch * len(losses)
    epochs = -(-max(TIMES * len(losses), STEPS / per_epoch, config.get("epochs") or 0) // 10) * 10
    trained = "one epoch" if len(losses) == 1 else f"{len(losses):,} epochs"
    text = (
        f"After {trained} of {per_epoch:,} steps each the training loss is {losses[-1]:.3f}, where knowing nothing "
        f"gives {nothing:.3f}{fell}: the training ended when the model had hardly begun to learn."
    )
    moved = max((sum(each.updates) for each in (evidence.weights or {}).values()), default=None)
    record = {"learning_rate": config["learning_rate"], "loss": losses[-1], "fall": fall, "moved": moved}
    record |= {"epochs": len(losses), "steps": steps, "knowing_nothing": nothing}
    remedy = Remedy(f"train for {int(epochs):,} epochs", {"epochs": int(epochs)})
    advice = "Train for more epochs, and stop when the validation loss does not fall any more."
    yield Finding(KIND, "warning", "Too few epochs", text, record, remedy, advice=advice)
