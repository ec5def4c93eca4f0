"""A model that is no better than always predicting one class, and the words for what that would give."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from cutaway.metrics import PerClass, paired_difference_interval, per_class

from .names import class_in_words, classes_of
from .records import Evidence, Finding, Remedy, Rule
from .samples.imbalance import BALANCED
from .stalled import default_rate

KIND = "baseline"
# A model that finds a tenth of the samples outside of its most frequent class does more than repeat one answer.
OTHERS = 0.10
# Of one or two samples of other classes, nothing can be said.
LEAST_OTHERS = 3
# Two standard errors: with less, the next test samples may well turn the comparison around.
ERRORS = 2.0
HALF = 0.5
# Standard errors by which true and predicted classes agree more than by chance: of models that have learned nothing,
# one in a thousand passes.
TOLD = 3.1
# Classes are of uneven size where the largest one has half as many samples again as its equal share.
UNEVEN = 1.5
RULES = (
    Rule(
        KIND,
        words=(
            "On the test samples, or the validation samples without any, the accuracy is not above that of always "
            f"giving the largest class by {ERRORS:g} standard errors of the difference; or all but {OTHERS:.0%} "
            "of the samples of other classes are predicted as one class. A note where true and predicted classes agree "
            f"by {TOLD:g} standard errors more than by chance (Cohen's kappa), and where the 95% interval of the "
            "difference reaches to a model with half of the mistakes of that answer."
        ),
        source=(
            'McNemar 1947, "Note on the sampling error of the difference between correlated proportions or '
            'percentages"; Fleiss, Cohen, Everitt 1969 for the error of kappa'
        ),
        known_as="predicts the majority class; simple model comparison in deepchecks",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Warn of a model that predicts one class for everything, or is no better than that would be.

    Raises:
        DataError: The confusion matrix holds other things than counts, or does not have one row per class name.
    """
    found = classes_of(evidence)
    if found is None:
        return
    measured, names = found
    one = only_prediction(measured)
    record = {
        "accuracy": measured.accuracy,
        "baseline": measured.baseline,
        "largest_class": names[measured.largest],
        "balanced_accuracy": measured.balanced_accuracy,
    }
    if one is not None:
        yield Finding(
            KIND,
            "warning",
            f"Nearly every prediction is {class_in_words(names[one])}",
            _of_one(measured, one, names, evidence.held_out),
            record,
            _remedy(evidence, measured),
            advice=_next_step(measured),
        )
    elif _no_better(measured) and _is_wide(measured):
        text = (
            f"The {evidence.held_out} accuracy is {measured.accuracy:.2%}; {baseline_words(measured, names)} Of "
            f"{measured.total:,} {evidence.held_out} samples, such a difference may be chance, and so may that of a "
            "model that makes half of these mistakes."
        )
        title = "So few samples cannot tell it from always predicting one class"
        yield Finding(KIND, "note", title, text, record)
    elif _no_better(measured) and _agreement(measured) > TOLD:
        text = (
            f"The {evidence.held_out} accuracy is {measured.accuracy:.2%}; {baseline_words(measured, names)} The "
            "answers tell the classes apart nevertheless, by more than chance: the balanced accuracy is "
            f"{measured.balanced_accuracy:.2%}."
        )
        title = "Its accuracy does not show what it has learned"
        advice = "Judge it by the balanced accuracy, or by the area under the ROC curve (run.thresholds())."
        yield Finding(KIND, "note", title, text, record, advice=advice)
    elif _no_better(measured):
        text = (
            f"The {evidence.held_out} accuracy is {measured.accuracy:.2%}; {baseline_words(measured, names)} "
            f"That is no difference that {measured.total:,} {evidence.held_out} samples can show."
        )
        title = "No better than always predicting one class"
        if measured.accuracy < measured.baseline:
            text = f"The {evidence.held_out} accuracy is {measured.accuracy:.2%}; {baseline_words(measured, names)}"
        remedy = _remedy(evidence, measured)
        yield Finding(KIND, "warning", title, text, record, remedy, advice=_next_step(measured))


def learned_nothing(confusion: Any) -> bool:
    """Whether a confusion matrix is no better than that of always predicting one class; False if it is unknown."""
    if confusion is None:
        return False
    measured = per_class(confusion)
    return only_prediction(measured) is not None or (_no_better(measured) and _agreement(measured) <= TOLD)


def predicts_poorly(evidence: Evidence) -> bool:
    """Whether the accuracy is nearer to that of always predicting one class than to that of no mistakes.

    The accuracy on test samples counts, or on validation samples without any; where that is unknown, the last one of
    the history. False where none is known.
    """
    if evidence.confusion is not None:
        measured = per_class(evidence.confusion)
        accuracy, baseline = measured.accuracy, measured.baseline
    else:
        last = evidence.history[-1] if evidence.history else {}
        accuracy, baseline = last.get("val_accuracy", last.get("accuracy")), 1 / (len(evidence.class_names or ()) or 2)
    return accuracy is not None and accuracy - baseline < HALF * (1 - baseline)


def only_prediction(measured: PerClass) -> int | None:
    """The class that is nearly always predicted although others have a few samples; None if there is no such class."""
    samples, most = measured.total, int(measured.predicted.argmax())
    others = samples - int(measured.samples[most])
    return most if others >= LEAST_OTHERS and samples - measured.predicted[most] <= OTHERS * others else None


def baseline_words(measured: PerClass, names: Sequence[str]) -> str:
    """What always predicting the largest class would give, as a sentence that starts in lower case."""
    return (
        f"always predicting {class_in_words(names[measured.largest])}, the largest, would give {measured.baseline:.2%}."
    )


def _no_better(measured: PerClass) -> bool:
    """Whether the accuracy is not above the baseline by two standard errors of the difference.

    Both are measured on the same samples, so that only those count on which the two differ: the model is right and
    the baseline is not, or the other way around (McNemar's test without its correction). A model with less than half
    of the baseline's mistakes passes: then the test samples are few, not the model poor.
    """
    if 1 - measured.accuracy <= HALF * (1 - measured.baseline):
        return False
    gained, lost = _differing(measured)
    return gained - lost <= ERRORS * math.sqrt(gained + lost)


def _is_wide(measured: PerClass) -> bool:
    """Whether the samples are too few to tell the model from one with half of the baseline's mistakes."""
    _, high = paired_difference_interval(*_differing(measured), measured.total)
    return high >= HALF * (1 - measured.baseline)


def _agreement(measured: PerClass) -> float:
    """By how many standard errors true and predicted classes agree more often than by chance.

    The error is that of predictions that know nothing of the class, given how often each class is true and predicted.
    """
    true, predicted = measured.samples / measured.total, measured.predicted / measured.total
    by_chance = float(true @ predicted)
    variance = by_chance + by_chance**2 - float((true * predicted) @ (true + predicted))
    return (measured.accuracy - by_chance) * math.sqrt(measured.total / variance) if variance > 0 else 0.0


def _differing(measured: PerClass) -> tuple[int, int]:
    """Samples that only the model predicts correctly, and samples that only the baseline does."""
    largest = measured.largest
    gained = int(measured.correct.sum() - measured.correct[largest])
    return gained, int(measured.samples[largest] - measured.correct[largest])


def _of_one(measured: PerClass, one: int, names: Sequence[str], split: str) -> str:
    samples = measured.total
    others = samples - int(measured.samples[one])
    missed = others - int(measured.correct.sum() - measured.correct[one])
    return (
        f"{int(measured.predicted[one]):,} of {samples:,} {split} samples are predicted as "
        f"{class_in_words(names[one])}, and {missed:,} of the {others:,} samples of other classes are "
        f"predicted wrong. The {split} accuracy is {measured.accuracy:.2%}; {baseline_words(measured, names)}"
    )


def _is_uneven(measured: PerClass) -> bool:
    return measured.baseline >= UNEVEN / max(int((measured.samples > 0).sum()), 1)


def _remedy(evidence: Evidence, measured: PerClass) -> Remedy | None:
    """Weights for classes of uneven size, or a usual learning rate in place of one that is far from it."""
    if _is_uneven(measured) and not (evidence.config or {}).get("class_weight"):
        return BALANCED
    return default_rate(evidence)


def _next_step(measured: PerClass) -> str:
    if _is_uneven(measured):
        return 'Try class_weight="balanced" and judge by balanced accuracy: the classes are of very different size.'
    return "Check the labels and the scale of the inputs, and try another learning rate or more epochs."
