"""Inputs that have the same value in every sample."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "constant-inputs"
MANY = 0.25
NAMED = 5
RULES = (
    Rule(
        KIND,
        words=(
            f"More than {MANY:.0%} of the columns of a table have one value in every sample, of up to 2,000 training "
            "samples; a smaller share is a note."
        ),
        source='Kuhn, Johnson 2013, "Applied predictive modeling", section 3.5',
        known_as="zero-variance feature; single value in deepchecks",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the constant columns of a table; images have borders, which are constant by their nature."""
    facts = evidence.inputs
    if facts is None or evidence.images or not facts.constant:
        return
    constant = tuple(place for place in facts.constant if not _is_hashed(evidence, place))
    if not constant:
        return
    names = [_name(evidence, place) for place in constant]
    share = len(names) / facts.inputs
    listed = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
    text = (
        f"{len(names):,} of {facts.inputs:,} inputs never change on the training samples ({listed}): they say nothing."
    )
    severity = "warning" if share > MANY else "note"
    remedy = Remedy("leave out the constant inputs", change="drop-inputs", inputs=constant)
    yield Finding(KIND, severity, "Constant inputs", text, {"inputs": names[:100], "share": share}, remedy)


def _is_hashed(evidence: Evidence, place: int) -> bool:
    """Whether it is a place that no value of a category was hashed to, which is no column of the user's."""
    columns = evidence.input_columns
    return columns is not None and _name(evidence, place).startswith(f"{columns[place]}#")


def _name(evidence: Evidence, place: int) -> str:
    return str(place) if evidence.input_names is None else evidence.input_names[place]
