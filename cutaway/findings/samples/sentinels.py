"""Values of a column that stand for something else than a measurement, such as -999 for a missing value."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "sentinel-values"
NAMED = 3
RULES = (
    Rule(
        KIND,
        words=(
            "A few numbers repeat exactly, in 5 or more rows, and lie far outside all others (by more than ten times "
            "their range; by more than once it for nines such as 999, or a number below 0 where no other is), more "
            "often than chance explains (p-value below 0.001 over all columns); or a column of numbers contains up to "
            "three words, in 5 or more rows, and is read as text."
        ),
        source='Pearson 2006, "The problem of disguised missing data"',
        known_as="disguised missing values; special values, mixed data types in deepchecks",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns with such values."""
    found = [(each.name, each.sentinels) for each in evidence.columns or () if each.sentinels is not None]
    if not found:
        return
    sentences = [
        f'"{name}" is {" or ".join(each.values)} in {each.rows:,} of {each.samples:,} training rows with a '
        "value, and "
        + (
            f"a number from {each.low:g} to {each.high:g} in the others"
            if each.are_words
            else f"from {each.low:g} to {each.high:g} in the others"
        )
        for name, each in found[:NAMED]
    ]
    more = f"; and {len(found) - NAMED:,} more columns" if len(found) > NAMED else ""
    are_words = any(each.are_words for _, each in found)
    text = f"{'; '.join(sentences)}{more}."
    if are_words:
        text += " For these words all numbers of a column are read as text."
    if not all(each.are_words for _, each in found):
        text += " A model takes such a value for a measurement."
    remedy = Remedy(
        "empty these cells where they mean that a value is not known",
        untried="the table itself must be changed",
    )
    record = {
        "columns": {
            name: {"values": list(each.values), "rows": each.rows, "samples": each.samples} for name, each in found
        }
    }
    advice = (
        "Empty the cells of placeholder values if they mean that the value is not known: missing values are filled "
        "and marked."
    )
    title = f'Placeholder values in "{found[0][0]}"' if len(found) == 1 else "Placeholder values"
    yield Finding(KIND, "warning", title, text, record, remedy, advice=advice)
