"""Validation and test samples that are training samples as well."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "repeated-samples"
# Tables of few distinct values repeat rows by chance; from here on an accuracy changes visibly.
MANY, LEAST = 0.01, 5
SHOWN = 20
# Where half of the training samples equal another one and no input has many values, rows are equal by chance.
DISTINCT, VALUES = 0.5, 20
# So they are where independent inputs would make so large a part of them equal.
CHANCE = 0.5
RULES = (
    Rule(
        KIND,
        words=(
            f"More than {MANY:.0%} of the validation and test samples, and {LEAST} or more, equal a training sample "
            "in every input; of the first 70,000 of each. A note where rows are equal by chance: fewer than half of "
            f"the training samples are distinct and no input has more than {VALUES} values, or independent "
            f"inputs with the same values would make {CHANCE:.0%} as many samples equal."
        ),
        source='Barz, Denzler 2020, "Do we train on test data? Purging CIFAR of near-duplicates"',
        known_as="data leakage; train-test samples mix in deepchecks",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Count the samples of other splits that equal a training sample."""
    names, others = evidence.repeated, (evidence.val_samples or 0) + (evidence.test_samples or 0)
    if not names or not others:
        return
    share = len(names) / others
    record = {"samples": len(names), "share": share}
    by_chance = _by_chance(evidence, share)
    if by_chance:
        text = (
            f"{len(names):,} of {others:,} validation and test samples ({share:.2%}) equal a training sample in every "
            f"input, {by_chance}"
        )
        title = "Few distinct samples, which are in several splits"
        yield Finding(KIND, "note", title, text, record, samples=tuple(names[:SHOWN]))
        return
    are_many = share > MANY and len(names) >= LEAST
    text = (
        f"{len(names):,} of {others:,} validation and test samples ({share:.2%}) equal a training sample in every "
        f"input, the first of them {names[0]}. "
    ) + ("The model has seen them, so that accuracies are too good." if are_many else "So few may be equal by chance.")
    severity = "warning" if are_many else "note"
    remedy = Remedy(
        "leave the repeated samples out",
        untried="other samples are held out then, on which accuracies cannot be compared",
    )
    yield Finding(KIND, severity, "Samples in two splits", text, record, remedy, tuple(names[:SHOWN]))


def _by_chance(evidence: Evidence, share: float) -> str:
    """How it is known that rows are equal by chance; empty where it is not."""
    chance = evidence.equal_by_chance
    if chance is not None and chance >= CHANCE * share:
        return (
            f"as they do by chance where inputs have few values: it would be {chance:.2%} if the inputs were "
            "independent of one another."
        )
    distinct, samples = evidence.distinct or (0, 0)
    if evidence.most_values is None or evidence.most_values > VALUES or distinct >= DISTINCT * samples:
        return ""
    return (
        f"and of {samples:,} training samples only {distinct:,} differ: no input has more than {evidence.most_values} "
        "values, so that rows are equal by chance."
    )
