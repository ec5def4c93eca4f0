"""Inputs far from the range in which a model learns best: not scaled, or scaled twice."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

UNSCALED, TWICE, UNEVEN = "unscaled-inputs", "double-scaling", "uneven-inputs"
LARGE = 20.0
SMALL = 0.02
# Columns of a table that are all in use differ by less once they are standardized; one-hot columns by about 3.
WIDE = 50.0
RULES = (
    Rule(
        UNSCALED,
        words=(
            f"The standard deviation of all inputs as the model sees them is above {LARGE:g}, or an input is beyond "
            "100 and it is above 5; on up to 2,000 training samples."
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
    """Look at the range and the spread of the inputs as the model sees them."""
    facts = evidence.inputs
    if facts is None:
        return
    record = {"low": facts.low, "high": facts.high, "std": facts.std, "widest": facts.widest}
    remedy = Remedy("standardize the inputs", change="standardize")
    size = max(-facts.low, facts.high)
    if facts.std > LARGE or (size > 100 and facts.std > 5):
        text = (
            f"Inputs reach from {facts.low:g} to {facts.high:g} as the model sees them, and it learns best near -1..1. "
            "Divide images by their largest value, and standardize the columns of a table."
        )
        yield Finding(UNSCALED, "warning", "Inputs are not scaled", text, record, remedy)
    elif 0 < size < SMALL:
        text = (
            f"Inputs reach from {facts.low:g} to {facts.high:g} as the model sees them: so small that they may have "
            "been divided by their largest value twice, by you and by scale=, or by a Rescaling layer."
        )
        yield Finding(TWICE, "warning", "Inputs may be scaled twice", text, record, remedy)
    elif not evidence.pictures and facts.widest > WIDE:
        text = (
            f"One input varies {facts.widest:,.0f} times as much as the median one, and drowns the others. Standardize "
            "the columns."
        )
        yield Finding(UNEVEN, "warning", "Inputs of very different range", text, record, remedy)
