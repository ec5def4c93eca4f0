"""Splits whose classes have other shares than the training samples."""

from collections.abc import Iterable

import numpy as np

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "missing-shuffling"
LEVEL = 1e-6
FAR = 0.25
RULES = (
    Rule(
        KIND,
        words=(
            "The shares of the classes among validation or test samples differ from those among training samples by "
            f"{FAR:.0%} or more in all, and the p-value of a chi-square test is below {LEVEL:g}."
        ),
        source="scikit-learn, A note on shuffling, https://scikit-learn.org/stable/modules/cross_validation.html",
        known_as="unshuffled data; label drift in deepchecks",
    ),
)
REMEDY = Remedy(
    "shuffle all samples before they are divided into training, validation and test samples",
    untried="another split holds out other samples, on which accuracies cannot be compared",
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Compare the shares of the classes in validation and test samples with those in the training samples."""
    from scipy.stats import chi2_contingency

    counts = {name: np.asarray(each, np.int64) for name, each in (evidence.class_counts or {}).items()}
    train = counts.get("train")
    if train is None:
        return
    for name, others in counts.items():
        if name == "train" or not others.sum():
            continue
        table = np.stack([train, others])
        table = table[:, table.sum(axis=0) > 0]
        if table.shape[1] < 2:
            continue
        p = float(np.asarray(chi2_contingency(table)[1]))
        shares = table / table.sum(axis=1, keepdims=True)
        distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
        if p >= LEVEL or distance < FAR:
            continue
        missing = int(((train == 0) & (others > 0)).sum())
        absent = f", and {missing:,} of them are not among the training samples at all" if missing else ""
        what = {"val": "validation", "test": "test"}[name]
        text = (
            f"The shares of the classes differ between training and {what} samples by {distance:.0%} in all{absent}. "
            "Samples that were sorted and not shuffled before they were split do this. Shuffle all samples before they "
            "are divided."
        )
        record = {"split": name, "distance": distance, "p": p, "missing": missing}
        yield Finding(KIND, "warning", f"The {what} samples are of other classes", text, record, REMEDY)
