"""Columns that no model sees, above all those whose words tell the class."""

from collections.abc import Iterable

from cutaway.data import ColumnFacts
from cutaway.findings.records import Evidence, Finding, Remedy, Rule
from cutaway.metrics import wilson_interval

KIND = "left-out-columns"
# Of 20 columns that tell nothing, one in a thousand tables has one that passes.
CONFIDENCE = 0.9999
# Share of the errors of always predicting the largest class that are left, below which a column tells the class.
FEWER = 0.5
NAMED = 5
RULES = (
    Rule(
        KIND,
        words=(
            "Columns of a table are left out since their cells are free text, nearly all differ, or cannot be read. A "
            "warning where the words of one tell the class of rows that they were not counted in (naive Bayes on half "
            f"of up to 4,000 training rows, judged on the other half): at the unfavorable end of its {CONFIDENCE:.2%} "
            f"interval it errs less than {FEWER:.0%} as often as always predicting the largest class."
        ),
        source="our own; McCallum, Nigam 1998 for naive Bayes of words, Wilson 1927 for the interval",
        known_as="dropped features; high-cardinality columns",
    ),
)


def tells(column: ColumnFacts) -> bool:
    """Whether the words of a column tell the class."""
    if column.told is None:
        return False
    low, _ = wilson_interval(column.told.correct, column.told.samples, confidence=CONFIDENCE)
    return 1 - low < FEWER * (1 - column.told.baseline)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns that are left out, and those of them that tell the class."""
    columns = [each for each in evidence.columns or () if each.left_out]
    if not columns:
        return
    listed = ", ".join(f'"{each.name}" ({each.left_out})' for each in columns[:NAMED])
    more = f" and {len(columns) - NAMED:,} more" if len(columns) > NAMED else ""
    # without their number: columns that are constant or count the rows are left out as well, and tell nothing
    are, them = ("are", "them") if len(columns) > 1 else ("is", "it")
    text = f"{listed}{more} {are} left out, and no model learns from {them}."
    record = {"columns": {each.name: each.left_out for each in columns}}
    telling = [each for each in columns if tells(each)]
    if not telling:
        yield Finding(KIND, "note", "Columns left out", text, record)
        return
    best = max(telling, key=lambda each: each.told.correct / each.told.samples if each.told else 0.0)
    told = best.told
    assert told is not None
    text += (
        f' The words of "{best.name}" alone tell the class of {told.correct:,} of {told.samples:,} training rows '
        f"({told.correct / told.samples:.1%}), where the largest class has {told.baseline:.1%}."
    )
    advice = (
        f'Make columns of the words of "{best.name}" if they are known before the answer is, for example with '
        "scikit-learn's TfidfVectorizer; if they come from the answer, it is right that no model sees them."
    )
    record |= {"column": best.name, "correct": told.correct, "samples": told.samples, "baseline": told.baseline}
    remedy = Remedy(f'make columns of the words of "{best.name}"', untried="the table itself must be changed")
    yield Finding(
        KIND, "warning", f'"{best.name}" tells the class and is left out', text, record, remedy, advice=advice
    )
