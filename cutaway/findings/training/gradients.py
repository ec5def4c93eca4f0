"""Gradients that become much smaller or much larger from layer to layer."""

import math
from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

from .low_rank import other_weights

VANISHING, EXPLODING = "vanishing-gradients", "exploding-gradients"
# In healthy models of 2 to 6 layers the two ends differ by a factor of up to 20 (tests/findings/test_sick_runs.py).
FAR = 100.0
# Root mean square of a gradient of a cross-entropy by a weight; of models that learn it is around 0.01.
USUAL, LARGE = 0.01, 10.0
RULES = (
    Rule(
        VANISHING,
        words=(
            "At the first weights, the root mean square of the gradient of the first kernel is less than one "
            f"{FAR:.0f}th of that of the last, and below {USUAL:g}; on up to 2,000 training samples."
        ),
        source='Bengio, Simard, Frasconi 1994, "Learning long-term dependencies with gradient descent is difficult"',
        known_as="vanishing gradient; VanishingGradient in SageMaker Debugger",
    ),
    Rule(
        EXPLODING,
        words=(
            f"At the first weights, the root mean square of the gradient of a kernel is above {LARGE:g}; on up to "
            "2,000 training samples."
        ),
        source='He, Zhang, Ren, Sun 2015, "Delving deep into rectifiers", section 2.2',
        known_as="exploding gradient; ExplodingTensor and PoorWeightInitialization in SageMaker Debugger",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Compare the gradients of the first and the last kernel at the first weights."""
    weights = evidence.weights or {}
    if len(weights) < 2 or evidence.ready_made:  # whose first weights are not known
        return
    names, sizes = list(weights), [each.first for each in weights.values()]
    first, last = sizes[0], sizes[-1]
    record = {"gradients": dict(zip(names, sizes, strict=True))}
    if first * FAR < last < math.inf and first < USUAL:
        how = f"{last / first:,.0f} times as small as" if first > last / 1e12 else "next to nothing beside"
        text = (
            f"At the first weights the gradient of {names[0]} is {how} that of {names[-1]} ({first:.2g} against "
            f"{last:.2g}), so that the first layers hardly learn."
        )
        advice = "relu instead of sigmoid or tanh, fewer layers, or a normalization after each layer prevent it."
        remedy = Remedy("use relu in the hidden layers", activation="relu")
        yield Finding(VANISHING, "warning", "Vanishing gradients", text, record, remedy, advice=advice)
    largest = max(sizes)
    if largest > LARGE:
        where = names[sizes.index(largest)]
        text = (
            f"At the first weights the gradient of {where} has a root mean square of {largest:.3g}; around "
            f"{USUAL:g} is usual."
        )
        advice = (
            "Use Keras' default initializers, standardize the inputs, or add a normalization after each layer: first "
            "weights or inputs that are too large do this."
        )
        remedy = other_weights(evidence)
        yield Finding(EXPLODING, "warning", "Exploding gradients", text, record, remedy, advice=advice)
