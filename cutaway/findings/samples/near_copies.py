"""Validation and test samples that are nearly the same as a training sample."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "near-copies"
RULES = (
    Rule(
        KIND,
        words=(
            "The nearest training sample of a held-out sample is less than 20% as far as the next one more often than "
            "the distances to the 5th and 6th neighbors say that it is by chance: in 1% of up to 2,000 samples and in "
            "5 or more beyond chance, with a p-value below 0.0001 (exact test of signs, corrected for up to three "
            "copies of a sample). Measured on inputs with 20 or more different values and no sentinels, of which there "
            "are 2 or more; whole numbers are spread over their steps."
        ),
        source=(
            "Facco, d'Errico, Rodriguez, Laio 2017, \"Estimating the intrinsic dimension of datasets by a minimal "
            'neighborhood information"; Barz, Denzler 2020, "Do we train on test data?"'
        ),
        known_as="near-duplicates; train-test leakage",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Warn where more held-out samples have a near copy than by chance."""
    near, names = evidence.near, evidence.named(KIND)
    if near is None:
        return
    pair = f", the first {names[0]} and {names[1]}" if len(names) > 1 else ""
    text = (
        f"{near.copies:,} of {near.samples:,} validation and test samples have a training sample much nearer than any "
        f"other{pair}; by chance it would be {near.expected:,}. They are probably copies of one sample, such as "
        "repeated measurements of one object, so that accuracies are too good."
    )
    remedy = Remedy(
        "keep the copies of one sample in one part of the split, by a column that names them",
        untried="which samples are copies is known to you alone",
    )
    advice = 'Keep one copy of each sample, or name the copies of one sample in a column and pass that: group="...".'
    record = {"samples": near.copies, "expected": near.expected, "of": near.samples, "p": near.p_value}
    yield Finding(
        KIND, "warning", "Near copies of samples in two splits", text, record, remedy, names[::2], advice=advice
    )
