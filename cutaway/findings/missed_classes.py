"""Classes whose samples are mostly missed, which the accuracy of all samples does not show."""

from collections.abc import Iterable

import numpy as np

from cutaway.metrics import LISTED

from .baseline import only_prediction
from .names import class_in_words, classes_of
from .records import Evidence, Finding, Rule
from .samples.imbalance import BALANCED

KIND = "missed-class"
# Half of what is usual in the same model: where everything is hard, a class is missed only if it stands out.
SHARE = 0.5
# One or two samples that are missed say nothing about their class.
LEAST_SAMPLES = 3
SHOWN = 3
RULES = (
    Rule(
        KIND,
        words=(
            f"The recall of a class of {LEAST_SAMPLES} test samples or more, or validation samples where there are no "
            f"test samples, is at most {SHARE:.0%} of the accuracy of all of them."
        ),
        source='Brodersen, Ong, Stephan, Buhmann 2010, "The balanced accuracy and its posterior distribution"',
        known_as="poor recall of a class; weak segment in deepchecks",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the classes with a recall of at most half the accuracy; a model with one answer has its own finding.

    Raises:
        DataError: The confusion matrix holds other things than counts, or does not have one row per class name.
    """
    found = classes_of(evidence)
    if found is None or only_prediction(found[0]) is not None:
        return
    measured, names = found
    recall = np.where(measured.samples >= LEAST_SAMPLES, measured.recall, np.nan)
    missed = [int(i) for i in np.argsort(recall, kind="stable") if recall[i] <= SHARE * measured.accuracy]
    if not missed:
        return
    pairs = "; ".join(
        f"{measured.samples[i] - measured.correct[i]:,} of {measured.samples[i]:,} of {class_in_words(names[i])} "
        f"(recall {recall[i]:.2%})"
        for i in missed[:SHOWN]
    )
    more = f" and {len(missed) - SHOWN:,} more classes" if len(missed) > SHOWN else ""
    title = f"Most samples of {class_in_words(names[missed[0]])} are missed"
    if len(missed) > 1:
        title = f"Most samples of {len(missed):,} classes are missed"
    text = (
        f"Missed {evidence.held_out} samples: {pairs}{more}. The accuracy of {measured.accuracy:.2%} hides this; the "
        f"balanced accuracy, the mean recall of the classes, is {measured.balanced_accuracy:.2%}. More samples "
        f"of them or "
        'class_weight="balanced" may help.'
    )
    record = {
        "classes": [
            {"class": names[i], "samples": int(measured.samples[i]), "recall": float(recall[i])}
            for i in missed[:LISTED]
        ],
        "missed": len(missed),
        "accuracy": measured.accuracy,
        "balanced_accuracy": measured.balanced_accuracy,
    }
    samples = evidence.named(KIND, str(missed[0]))
    weighted = (evidence.config or {}).get("class_weight")
    remedy = None if weighted else BALANCED
    yield Finding(KIND, "warning", title, text, record, remedy, samples)
