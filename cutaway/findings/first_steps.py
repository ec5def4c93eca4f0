"""First steps of a training that make most units of a layer inactive, so that it learns nothing more."""

import math
from typing import Any, NamedTuple

from cutaway.data import LARGE_MEAN

from .baseline import learned_nothing
from .divergence import LOSSES
from .records import Evidence
from .stalled import stalled_since

# A kernel that changes by more than its own norm in an epoch after the first keeps nothing of what it has learned; in
# the first epoch, in which it leaves its first weights, by more than three times that.
UPDATE, FIRST_UPDATE = 1.0, 3.0
# Healthy layers have up to 17% of inactive units (inactive_units.py); more than half are no few that died by chance.
HALF = 0.5
# The change of weights over all epochs, in sizes of their own, below which they have hardly moved: in healthy runs they
# move by 0.4 or more.
MOVED = 0.1
# Share of the loss of knowing nothing, below which something was learned.
NEAR = 0.9
RULE = (
    "the loss stays within a thousandth of itself in at least the last half of the epochs and was never below "
    f"{NEAR:.0%} of that of equal probabilities, more than {HALF:.0%} of the units of a layer whose weights moved by "
    f"more than {MOVED:.0%} are inactive, and the model is no better than always predicting one class, without "
    "penalties of weights and with first weights from default initializers"
)
"""When `inactive_since_first_steps` finds a layer, a clause."""


def largest_update(evidence: Evidence) -> str | None:
    """The layer of the largest update that is too large for what was learned before it; None if there is none."""
    sizes = {
        name: max((size / (UPDATE if epoch else FIRST_UPDATE) for epoch, size in enumerate(each.updates)), default=0.0)
        for name, each in (evidence.weights or {}).items()
    }
    name = max(sizes, key=lambda each: sizes[each], default=None)
    return name if name is not None and sizes[name] > 1 else None


class InactiveSince(NamedTuple):
    """A layer most of whose units are inactive while the loss stands still.

    Attributes:
        text: Both, a clause that begins a sentence.
        record: The numbers for the evidence of a finding.
    """

    text: str
    record: dict[str, Any]


def inactive_since_first_steps(evidence: Evidence) -> InactiveSince | None:
    """The first such layer of a training that learned nothing; None if there is none, or another cause is known."""
    stalled, penalties = stalled_since(evidence.history), {"l1", "l2"} & set(evidence.regularization or ())
    decay = (evidence.config or {}).get("weight_decay")
    if stalled is None or penalties or decay or not learned_nothing(evidence.confusion):
        return None  # penalties and decay make units inactive as well, by weights of 0
    if evidence.default_weights is False and not evidence.recorded:
        return None  # so do first weights of which all units have the same
    nothing = math.log(len(evidence.class_names or ()) or 2)
    if any(float(row["loss"]) < NEAR * nothing for row in evidence.history if "loss" in row):
        return None  # it had learned something before
    metric, epoch = stalled
    for name, (inactive, units) in (evidence.inactive_units or {}).items():
        weights = (evidence.weights or {}).get(name)
        # units that were inactive at the first weights have no gradient, so that their layer does not move
        if weights is None or sum(weights.updates) < MOVED or inactive <= HALF * units:
            continue
        text = (
            f"The {LOSSES[metric]} did not move after epoch {epoch}, and {inactive:,} of the {units:,} units of {name} "
            f"({inactive / units:.2%}) are inactive (0 for every sample of the whole dataset)"
        )
        record = {"layer": name, "updates": list(weights.updates)}
        return InactiveSince(text, record | {"epoch": epoch, "inactive": inactive, "units": units})
    return None


def has_large_mean(evidence: Evidence) -> bool:
    """Whether the inputs of all samples are about the same, so that a step moves all weights of a unit alike."""
    return evidence.inputs is not None and evidence.inputs.mean_over_spread > LARGE_MEAN
