"""Inputs far from the range in which a model learns best: not scaled, or scaled twice."""

import dataclasses
from collections.abc import Iterable

from cutaway.data import InputFacts
from cutaway.findings.names import input_in_words
from cutaway.findings.records import Evidence, Finding, Remedy, Rule

UNSCALED, TWICE, UNEVEN = "unscaled-inputs", "double-scaling", "uneven-inputs"
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
        yield from _judged(evidence, facts, seen="as the model sees them")


def _judged(evidence: Evidence, facts: InputFacts, *, seen: str) -> Iterable[Finding]:
    record = {"low": facts.low, "high": facts.high, "std": facts.std, "widest": facts.widest}
    remedy = Remedy("standardize the inputs", change="standardize")
    size = max(-facts.low, facts.high)
    if facts.std > LARGE or (size > 100 and facts.std > 5):
        text = f"Inputs reach from {facts.low:g} to {facts.high:g} {seen}, and a model learns best near -1..1. "
        if not evidence.pictures and facts.largest > LARGEST:
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
    elif not evidence.pictures and facts.widest > WIDE:
        text = (
            f"One input, {input_in_words(evidence, facts.widest_at)}, varies {facts.widest:,.0f} times as much as the "
            "median one, and drowns the others. Standardize the columns."
        )
        yield Finding(UNEVEN, "warning", "Inputs of very different range", text, record, remedy)
