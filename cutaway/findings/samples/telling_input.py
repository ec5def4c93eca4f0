"""A single input that gives the label away."""

from collections.abc import Iterable

from cutaway.data import FEWER, TELLS, tells_alone
from cutaway.findings.names import input_in_words
from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "telling-input"
RULES = (
    Rule(
        KIND,
        words=(
            "A decision tree on one input alone tells the classes of training samples that it was not fitted on: the "
            f"lower end of the 95% interval of its accuracy is {TELLS:.0%} or more, and the upper end of its error "
            f"less than {FEWER:.0%} of that of always predicting the largest class. Not judged where only one input, "
            "or the inputs of one column, vary."
        ),
        source='Kaufman, Rosset, Perlich, Stitelman 2012, "Leakage in data mining"; Wilson 1927 for the interval',
        known_as="target leakage; feature-label correlation in deepchecks",
    ),
)


def has_one_input(evidence: Evidence) -> bool:
    """Whether all that varies is one input, or one column of a table: it is no leak that this tells the class."""
    columns, inputs = evidence.input_columns, evidence.inputs
    if columns is None:
        return inputs is not None and inputs.inputs - len(inputs.constant) <= 1
    constant = () if inputs is None else inputs.constant
    return len({column for place, column in enumerate(columns) if place not in constant}) <= 1


def check(evidence: Evidence) -> Iterable[Finding]:
    """Warn of an input that tells the class alone, on samples on which that was not found out."""
    found = evidence.telling
    if found is None:
        return
    if has_one_input(evidence):
        return
    if not tells_alone(found.correct, found.samples, baseline=found.baseline):
        return
    name = str(found.input) if evidence.input_names is None else evidence.input_names[found.input]
    what, inputs = input_in_words(evidence, found.input), (found.input,)
    left_out = what
    if evidence.input_columns is not None:
        column = evidence.input_columns[found.input]
        inputs = tuple(i for i, each in enumerate(evidence.input_columns) if each == column)
        left_out = f'the column "{column}"'
        what = left_out if name == column else f'{left_out} (by its input "{name}")'
    text = (
        f"{what[:1].upper()}{what[1:]} alone tells the class of {found.correct:,} of {found.samples:,} training "
        f"samples that it was not fitted on ({found.correct / found.samples:.1%}), where the largest class has "
        f"{found.baseline:.1%}. Check that it is known before the answer is: otherwise the model is worth nothing on "
        "new samples."
    )
    record = {"input": name, "correct": found.correct, "samples": found.samples, "baseline": found.baseline}
    remedy = Remedy(f"leave out {left_out}", change="drop-inputs", inputs=inputs)
    yield Finding(KIND, "warning", "One input gives the label away", text, record, remedy)
