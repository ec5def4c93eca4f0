"""Classes whose samples are mostly missed, which the accuracy of all samples does not show."""

from collections.abc import Iterable, Sequence

import numpy as np

from cutaway.metrics import LISTED, PerClass

from .baseline import only_prediction
from .names import class_in_words, classes_of
from .records import Evidence, Finding, Rule
from .samples.imbalance import BALANCED

KIND = "missed-class"
# Half of what is usual in the same model: where everything is hard, a class is missed only if it stands out.
SHARE = 0.5
# One or two samples that are missed say nothing about their class.
LEAST_SAMPLES = 3
# Chance of calling any class of a model missed whose classes are all equally hard.
LEVEL = 0.05
# A class is rare where it has less than half of the samples of the mean class: only then do weights for classes help.
RARE = 0.5
# A class is as frequent as others from this share of the mean class on.
NOT_RARER = 0.9
SHOWN = 3
MORE = 'More samples of them or class_weight="balanced" may help.'
# Share of the missed samples that one other class gets, where the others are told apart: wrong labels do this, and so
# does a class that looks the same.
ONE_CLASS = 0.85
RULES = (
    Rule(
        KIND,
        words=(
            f"The recall of a class of {LEAST_SAMPLES} test samples or more, or validation samples where there are no "
            f"test samples, is at most {SHARE:.0%} of the accuracy of all of them, and lower than that of the other "
            f"classes by more than chance: an exact binomial test, corrected for the number of classes, of the level "
            f"{LEVEL:.0%}."
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
    low = [int(i) for i in np.argsort(recall, kind="stable") if recall[i] <= SHARE * measured.accuracy]
    missed = [i for i in low if _chance(measured, i) * int((measured.samples > 0).sum()) < LEVEL]
    if not missed:
        return
    pairs = "; ".join(
        f"{measured.samples[i] - measured.correct[i]:,} of {measured.samples[i]:,} of {class_in_words(names[i])} "
        f"(recall {recall[i]:.2%})"
        for i in missed[:SHOWN]
    )
    more = (
        f" and {len(missed) - SHOWN:,} more class{'es' if len(missed) > SHOWN + 1 else ''}"
        if len(missed) > SHOWN
        else ""
    )
    title = f"Most samples of {class_in_words(names[missed[0]])} are missed"
    if len(missed) > 1:
        title = f"Most samples of {len(missed):,} classes are missed"
    text = (
        f"Missed {evidence.held_out} samples: {pairs}{more}. The accuracy of {measured.accuracy:.2%} hides this; the "
        f"balanced accuracy, the mean recall of the classes, is {measured.balanced_accuracy:.2%}."
    )
    is_rare, advice = _advice(evidence, measured, names, missed)
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
    remedy = BALANCED if is_rare and not _is_weighted(evidence) else None
    yield Finding(KIND, "warning", title, text, record, remedy, samples, advice=advice)


def _is_weighted(evidence: Evidence) -> bool:
    return bool((evidence.config or {}).get("class_weight"))


def _advice(evidence: Evidence, measured: PerClass, names: Sequence[str], missed: Sequence[int]) -> tuple[bool, str]:
    """Whether the class that is missed most is rare, and what to do."""
    counts, counted = np.asarray((evidence.class_counts or {}).get("train") or ()), "training samples"
    if len(counts) != len(names):
        counts, counted = measured.samples, f"{evidence.held_out} samples"
    first, count, mean = class_in_words(names[missed[0]]), int(counts[missed[0]]), float(counts[counts > 0].mean())
    is_rare, is_weighted = count < RARE * mean, _is_weighted(evidence)
    taken_for = _taken_for(measured, missed[0]) if len(missed) == 1 else None
    if is_rare:
        advice = f"Add samples of {first}." if is_weighted else MORE
    elif count < NOT_RARER * mean:
        advice = (
            f"Look at the samples of {first} that are missed, and at their labels. "
            f"{first[:1].upper()}{first[1:]} has {count:,} {counted}, and {mean:,.0f} is the mean of the classes: "
            "where classes overlap, the one with more samples is predicted"
        ) + ("." if is_weighted else '; class_weight="balanced" would find more of them, and miss more of the others.')
    else:
        advice = f"Look at the samples of {first} that are missed, and at their labels: it is not rarer than others."
    if taken_for is None:
        return is_rare, advice
    both = (
        f"Look at the samples of {first} that cutaway labels ranks first: nearly all that are missed are taken for "
        f"{class_in_words(names[taken_for])}, and either the two overlap, or samples of {first} are labeled "
        f"{class_in_words(names[taken_for])}."
    )
    return is_rare, f"{both} If their labels are right: {advice[0].lower()}{advice[1:]}" if is_rare else both


def _taken_for(measured: PerClass, label: int) -> int | None:
    """The one class that the missed samples of a class are taken for, of three or more that are told apart."""
    from scipy.sparse import csr_array

    matrix, right = csr_array(measured.matrix), int(measured.correct[label])
    wrong = matrix[[label]].toarray()[0]
    wrong[label] = 0
    others = measured.total - int(measured.samples[label])
    others_right = int(measured.correct.sum()) - right
    if len(wrong) < 3 or wrong.max() < ONE_CLASS * wrong.sum() or others_right < ONE_CLASS * others:
        return None
    return int(wrong.argmax())


def _chance(measured: PerClass, label: int) -> float:
    """How probable so few correct samples of a class are, if it is as hard as the others: an exact binomial test."""
    from scipy.stats import binom

    samples, correct = int(measured.samples[label]), int(measured.correct[label])
    others = measured.total - samples
    usual = (int(measured.correct.sum()) - correct) / others if others else 0.0
    return float(binom.cdf(correct, samples, usual))
