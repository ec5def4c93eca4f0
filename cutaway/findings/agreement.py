"""A test accuracy that differs from the validation accuracy."""

from collections.abc import Iterable
from typing import Any

from .baseline import baseline_words, learned_nothing
from .names import classes_of
from .records import Evidence, Finding, Remedy, Rule

KIND = "test"
# At 97% accuracy, the standard deviation over 2,000 test samples is 0.4 points: two points are more than chance.
FAR = 0.02
# Two-sided, of a normal deviate of 3.
LEVEL = 0.0027
RULES = (
    Rule(
        KIND,
        words=(
            f"Test and validation accuracy differ by more than {FAR:.0%}, and the p-value of Fisher's exact test is "
            f"below {LEVEL:g} (like three standard errors); a warning where the test accuracy is the lower one."
        ),
        source='Recht, Roelofs, Schmidt, Shankar 2019, "Do ImageNet classifiers generalize to ImageNet?"',
        known_as="generalization gap; train-test performance in deepchecks",
    ),
)

REMEDY = Remedy(
    "believe the lower accuracy, and compare settings by cross-validation instead of on the validation samples",
    untried="a training that is chosen because its test accuracy is higher is tuned on the test samples",
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Say whether test and validation accuracy differ by more than chance."""
    test, validation = evidence.test_accuracy, evidence.val_accuracy
    if test is None:
        return
    beside = _beside(evidence)
    if validation is not None and evidence.ready_made:
        text = (
            f"The test accuracy is {test:.2%}{beside} That of the validation samples is {validation:.2%}; whether the "
            "model was trained on some of them is not known, so that the two are not compared."
        )
        yield Finding(KIND, "note", "Test accuracy", text, {"test_accuracy": test, "val_accuracy": validation})
        return
    if validation is None:
        text = f"The test accuracy is {test:.2%}{beside} There is no validation accuracy to compare it with."
        yield Finding(KIND, "note", "Test accuracy", text, {"test_accuracy": test})
        return
    difference = test - validation
    record = {"test_accuracy": test, "val_accuracy": validation, "difference": difference}
    points = f"{abs(difference) * 100:.2f} points"
    if abs(difference) <= FAR or _is_chance((test, evidence.test_samples), (validation, evidence.val_samples)):
        text = f"The test accuracy is {test:.2%} and the validation accuracy {validation:.2%}{beside}"
        title, good = "Test and validation accuracy agree", not learned_nothing(evidence.confusion)
        if abs(difference) > FAR:  # of so few samples even this may be chance
            title, good = "Test and validation accuracy differ by no more than chance", False
            text += f" With so few samples, a difference of {points} can be chance."
        yield Finding(KIND, "good" if good else "note", title, text, record)
    elif difference < 0:
        text = f"The test accuracy is {test:.2%}, {points} below the validation accuracy of {validation:.2%}{beside}"
        advice = (
            "Believe the lower of the two, compare settings by cross-validation, and look whether the test samples "
            "differ. Either they differ from the others, or settings were tuned on the validation samples, or a column "
            "was computed from the labels of the others. "
            "There is no proof: a training chosen for its higher test accuracy is tuned on the test samples."
        )
        yield Finding(
            KIND, "warning", "Test accuracy is below validation accuracy", text, record, REMEDY, advice=advice
        )
    else:
        text = (
            f"The test accuracy is {test:.2%}, {points} above the validation accuracy of {validation:.2%}{beside} "
            f"{_causes(evidence)}"
        )
        yield Finding(KIND, "note", "Test accuracy is above validation accuracy", text, record)


def _beside(evidence: Evidence) -> str:
    """How the sentence on the accuracy ends: with the accuracy of always predicting the largest class, if known."""
    found = classes_of(evidence)
    if found is None:
        return "."
    return f"; {baseline_words(*found)}"


def _causes(evidence: Evidence) -> str:
    """What may make test samples look easier than validation samples."""
    causes = "Possible causes: the test samples are easier, or the two sets were drawn differently."
    if evidence.recorded:
        causes += " In a fit of your own also: test samples may be among those that the model was trained on."
    return causes


def _is_chance(*measured: tuple[float, int | None]) -> bool:
    """Whether samples of one accuracy differ as much by chance."""
    from scipy.stats import fisher_exact

    counts: list[list[int]] = []
    for share, samples in measured:
        if not samples:
            return False
        right = round(share * samples)
        counts.append([right, samples - right])
    found: Any = fisher_exact(counts)
    return float(found[1]) >= LEVEL
