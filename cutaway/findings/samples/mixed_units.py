"""Columns with values in two units, such as grams and kilograms."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "mixed-units"
NAMED = 3
RULES = (
    Rule(
        KIND,
        words=(
            "In the rows of one class a column without values below 0 has two groups of 20 or more different values, "
            "with a gap of more than half of the logarithm of a factor of 2.205, 2.54, 100, 1,000 or 1,000,000, and a "
            "Kolmogorov-Smirnov test does not tell them apart (p of 0.05 or more) once that factor is taken out."
        ),
        source="our own; Massey 1951 for the test",
        known_as="inconsistent units",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns whose values fall into two groups that a factor makes alike."""
    found = [(each.name, each.units) for each in evidence.columns or () if each.units is not None]
    if not found:
        return
    sentences = [
        f'In {each.samples:,} training rows the values of "{name}" fall into two groups, with medians of '
        f"{_in_digits(each.low)} and {_in_digits(each.high)}, that are alike but for a factor of {each.factor}; "
        f"{each.rows:,} of these rows have the larger values."
        for name, each in found[:NAMED]
    ]
    more = f" So do those of {len(found) - NAMED:,} more columns." if len(found) > NAMED else ""
    remedy = Remedy("write all values of a column in one unit", untried="the table itself must be changed")
    record = {
        "columns": {name: {"factor": each.factor, "rows": each.rows, "samples": each.samples} for name, each in found}
    }
    title = f'"{found[0][0]}" is probably in two units' if len(found) == 1 else "Columns that are probably in two units"
    advice = "Find out which rows are in which unit, and convert them."
    yield Finding(KIND, "warning", title, " ".join(sentences) + more, record, remedy, advice=advice)


def _in_digits(value: float) -> str:
    """A number to three digits, without an exponent where it is large: "68,000"."""
    return f"{float(f'{value:.3g}'):,.15g}"
