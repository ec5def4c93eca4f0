"""Classes that the model mistakes for each other."""

from collections.abc import Iterable, Sequence

from cutaway.metrics import Confusion, top_confusions

from .baseline import baseline_words
from .names import class_in_words, classes_of
from .records import Evidence, Finding, Rule

KIND = "confusion"
SHOWN = 3
RULES = (
    Rule(
        KIND,
        words=(
            f"The {SHOWN} most frequent pairs of a true and another predicted class on the test samples, "
            "or on the validation samples where there are no test samples; always a note."
        ),
        source="scikit-learn, https://scikit-learn.org/stable/modules/model_evaluation.html#confusion-matrix",
        known_as="confusion matrix; Confusion in SageMaker Debugger",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the most frequent confusions.

    Raises:
        DataError: The confusion matrix holds other things than counts, or does not have one row per class name.
    """
    found = classes_of(evidence)
    if found is None:
        return
    measured, names = found
    samples, wrong = measured.total, measured.total - int(measured.correct.sum())
    beside = " of validation samples" if evidence.held_out == "validation" else ""
    confusions = top_confusions(measured.matrix, SHOWN)
    record = {"samples": samples, "wrong": wrong, "pairs": [_record(each, names) for each in confusions]}
    if not confusions:
        # test samples of a single class cannot show whether the model tells classes apart
        severity = "good" if measured.baseline < 1 else "note"
        text = f"All {samples:,} predictions{beside} are correct; {baseline_words(measured, names)}"
        yield Finding(KIND, severity, "No class is mistaken for another", text, record)
        return
    most, pairs = confusions[0], "; ".join(_words(each, names) for each in confusions)
    true, predicted, times = names[most.true], names[most.predicted], _times(most.count)
    title = f"{true} is most often mistaken for {predicted} ({times})"
    if len(confusions) > 1 and confusions[1].count == most.count:
        title = f"{true} is mistaken for {predicted} ({times}), and no class for another more often"
    share = f"{wrong:,} of {samples:,} predictions{beside} are wrong ({wrong / samples:.2%})"
    text = f"{share}. Most frequent mistakes: {pairs}."
    yield Finding(KIND, "note", title, text, record, samples=evidence.named(KIND))


def _record(confusion: Confusion, names: Sequence[str]) -> dict[str, str | int | float]:
    return {
        "true": names[confusion.true],
        "predicted": names[confusion.predicted],
        "count": confusion.count,
        "share": confusion.share,
    }


def _words(confusion: Confusion, names: Sequence[str]) -> str:
    true, predicted = names[confusion.true], names[confusion.predicted]
    return (
        f"{true} mistaken for {predicted} ({_times(confusion.count)}, {confusion.share:.2%} of {class_in_words(true)})"
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
