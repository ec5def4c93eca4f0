"""Inputs far from the range in which a model learns best: not scaled, scaled twice, or not centered."""

import dataclasses
from collections.abc import Iterable

from cutaway.data import LARGE_MEAN, InputFacts
from cutaway.findings.first_steps import RULE, has_large_mean, inactive_since_first_steps, largest_update
from cutaway.findings.names import input_in_words
from cutaway.findings.records import Evidence, Finding, Remedy, Rule

UNSCALED, TWICE, UNEVEN = "unscaled-inputs", "double-scaling", "uneven-inputs"
UNCENTERED = "uncentered-inputs"
LARGE = 20.0
SMALL = 0.02
# Columns of a table that are all in use differ by less once they are standardized; one-hot columns by about 3.
WIDE = 50.0
# An input so many times as large as the median one is named where inputs are not scaled.
LARGEST = 10.0
RULES = (
    Rule(
        UNSCALED,
        words=(
            f"The standard deviation of all inputs as the model sees them is above {LARGE:g}, or an input is beyond "
            "100 and it is above 5; on up to 2,000 training samples, after the layers at the beginning of the model "
            "that only rescale or normalize inputs."
        ),
        source='LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.3',
        known_as="unnormalized data; NotNormalizedImages in SageMaker Debugger",
    ),
    Rule(
        TWICE,
        words=f"No input is beyond ±{SMALL:g} as the model sees it; on up to 2,000 training samples.",
        source='LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.3',
        known_as="double normalization",
    ),
    Rule(
        UNEVEN,
        words=(
            f"The standard deviation of one column of a table is more than {WIDE:g} times that of the median one; on "
            "up to 2,000 training samples."
        ),
        source='LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.3',
        known_as="unscaled features",
    ),
    Rule(
        UNCENTERED,
        words=(
            f"The sum of the absolute means of all inputs is more than {LARGE_MEAN:g} times the square root of the sum "
            f"of their variances, on up to 2,000 training samples, and {RULE}; updates are not too large "
            "(learning-rate-too-high)."
        ),
        source='LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.3',
        known_as="uncentered data, missing mean subtraction",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Look at the range and the spread of the inputs as the model sees them.

    What a model that does not open sees is not known: its first layers may scale its inputs.
    """
    facts = evidence.inputs
    if facts is None:
        return
    if evidence.recorded and evidence.regularization is None:
        unknown = " The model does not open: if its first layers scale the inputs, nothing is wrong."
        for each in _judged(evidence, facts, seen="in the data"):
            yield dataclasses.replace(each, severity="note", text=each.text + unknown, remedy=None)
    else:
        yield from list(_judged(evidence, facts, seen="as the model sees them")) or _uncentered(evidence, facts)


def _judged(evidence: Evidence, facts: InputFacts, *, seen: str) -> Iterable[Finding]:
    record = {"low": facts.low, "high": facts.high, "std": facts.std, "widest": facts.widest}
    remedy = Remedy("standardize the inputs", change="standardize")
    size = max(-facts.low, facts.high)
    if facts.std > LARGE or (size > 100 and facts.std > 5):
        text = f"Inputs reach from {facts.low:g} to {facts.high:g} {seen}, and a model learns best near -1..1. "
        if not evidence.images and facts.largest > LARGEST:
            name = input_in_words(evidence, facts.largest_at)
            times = f"{float(f'{facts.largest:.2g}'):,.0f}"
            text += f"{name[:1].upper()}{name[1:]} is about {times} times as large as the median one. "
        text += "Divide images by their largest value, and standardize the columns of a table."
        yield Finding(UNSCALED, "warning", "Inputs are not scaled", text, record, remedy)
    elif 0 < size < SMALL:
        text = (
            f"Inputs reach from {facts.low:g} to {facts.high:g} {seen}: so small that they may have been divided by "
            "their largest value twice, by you and by scale=, or by a Rescaling layer."
        )
        yield Finding(TWICE, "warning", "Inputs may be scaled twice", text, record, remedy)
    elif not evidence.images and facts.widest > WIDE:
        text = (
            f"One input, {input_in_words(evidence, facts.widest_at)}, varies {facts.widest:,.0f} times as much as the "
            "median one, and drowns the others. Standardize the columns."
        )
        yield Finding(UNEVEN, "warning", "Inputs of very different range", text, record, remedy)


def _uncentered(evidence: Evidence, facts: InputFacts) -> Iterable[Finding]:
    found = inactive_since_first_steps(evidence)
    if found is None or not has_large_mean(evidence) or largest_update(evidence) is not None:
        return  # where updates are too large, the learning rate is
    text = (
        f"{found.text}. What all samples have in common is {facts.mean_over_spread:,.0f} times as large as how they "
        "differ (the sum of the absolute means of all inputs, over the square root of the sum of their variances), so "
        "that the first steps moved all weights of a unit alike."
    )
    each = "pixel" if evidence.images else "input"
    layers = "with layers of BatchNormalization" if evidence.recorded else "(batch_norm, as in the recipe photos)"
    advice = (
        f"Standardize each {each} by its mean and deviation over the training samples, or normalize the hidden layers "
        f"over the batch before their activation {layers}."
    )
    remedy = Remedy("standardize the inputs", change="standardize")
    record = {**found.record, "mean_over_spread": facts.mean_over_spread}
    yield Finding(UNCENTERED, "warning", "Inputs are not centered", text, record, remedy, advice=advice)
