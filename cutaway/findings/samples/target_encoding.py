"""Columns that were computed from the labels, those of held-out samples included."""

from collections.abc import Iterable, Sequence

from cutaway.findings.names import class_in_words
from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "target-encoding"
NAMED = 3
RULES = (
    Rule(
        KIND,
        words=(
            "A column of numbers is the share of a class (or the mean of labels that are numbers) among the rows with "
            "the same value, in 90% or more of the rows whose value has several labels, to three digits, or to two "
            "where all values are hundredths; also in percent, or, to three digits, smoothed toward that of all rows; "
            "of 8 different values or more, where a true rate would be as close with a probability below 0.000001. "
            "Shares in training rows alone do not count. Of columns that may be such, the first 4 million cells are "
            "judged."
        ),
        source=(
            'Micci-Barreca 2001, "A preprocessing scheme for high-cardinality categorical attributes"; Kaufman, '
            'Rosset, Perlich, Stitelman 2012, "Leakage in data mining"'
        ),
        known_as="target leakage by target encoding",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns that hold labels of the rows themselves."""
    found = [(each.name, each.encodes) for each in evidence.columns or () if each.encodes is not None]
    if not found:
        return
    names, are_named = evidence.class_names or (), evidence.input_columns or evidence.input_names
    sentences: list[str] = []
    for name, each in found[:NAMED]:
        of = "mean of the labels"
        if each.target is not None:
            of = f"share of {class_in_words(names[each.target] if names else str(each.target))}"
        of = f"smoothed {of}" if each.is_smoothed else of
        sentences.append(
            f"{_called(name, are_named)} is, in {each.rows:,} of {each.samples:,} rows, the {of} among the rows with "
            "the same value"
        )
    more = f"; and {len(found) - NAMED:,} more columns" if len(found) > NAMED else ""
    listing = "; ".join(sentences)
    text = (
        f"{listing[:1].upper()}{listing[1:]}{more}. Validation and test rows are among them, so that the column tells "
        "a model something of their labels, and accuracies on them are too good: a new row has no label to compute it "
        "from."
    )
    columns = {name for name, _ in found}
    listed = " and ".join(_called(name, are_named) for name, _ in found)
    places = enumerate(are_named) if are_named else ((int(name), name) for name in columns)
    remedy = Remedy(
        f"leave out {listed}",
        change="drop-inputs",
        inputs=tuple(sorted(place for place, column in places if column in columns)),
    )
    record = {
        "columns": {
            name: {"class": each.target, "values": each.values, "rows": each.rows, "samples": each.samples}
            for name, each in found
        }
    }
    advice = (
        "Give the column that it was computed for instead, or compute it out of fold: the value of each row from "
        "training rows of other folds, so that its own label is never in it."
    )
    called = _called(found[0][0], are_named)
    title = f"{called[:1].upper()}{called[1:]} was computed from the labels"
    if len(found) > 1:
        title = "Columns were computed from the labels"
    yield Finding(KIND, "warning", title, text, record, remedy, advice=advice)


def _called(name: str, are_named: Sequence[str] | None) -> str:
    return f'"{name}"' if are_named else f"column {int(name) + 1}"
