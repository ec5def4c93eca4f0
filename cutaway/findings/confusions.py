"""Classes that the model mistakes for each other."""

from collections.abc import Iterable, Sequence

import numpy as np

from cutaway.errors import DataError
from cutaway.metrics import Confusion, check_counts, top_confusions

from .records import Evidence, Finding

KIND = "confusion"
SHOWN = 3


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the most frequent confusions.

    Raises:
        DataError: The confusion matrix holds other things than counts, or does not have one row per class name.
    """
    if evidence.confusion is None:
        return
    matrix = check_counts(evidence.confusion)
    names = _class_names(evidence.class_names, classes=len(matrix))
    samples, wrong = int(matrix.sum()), int(matrix.sum() - np.trace(matrix))
    confusions = top_confusions(matrix, SHOWN)
    record = {"samples": samples, "wrong": wrong, "pairs": [_record(each, names) for each in confusions]}
    if not confusions:
        text = f"All {samples:,} predictions are correct."
        yield Finding(KIND, "good", "No class is mistaken for another", text, record)
        return
    most, pairs = confusions[0], "; ".join(_words(each, names) for each in confusions)
    title = f"{names[most.true]} is most often mistaken for {names[most.predicted]} ({_times(most.count)})"
    text = f"{wrong:,} of {samples:,} predictions are wrong ({wrong / samples:.2%}). Most frequent mistakes: {pairs}."
    yield Finding(KIND, "note", title, text, record)


def _class_names(names: Sequence[str] | None, *, classes: int) -> list[str]:
    if names is None:
        return [str(number) for number in range(classes)]
    if len(names) != classes:
        raise DataError(
            "each row of the confusion matrix has one class name",
            got=f"{len(names)} names for {classes} rows",
            hint="pass the names in the order of the class numbers",
        )
    return list(names)


def _record(confusion: Confusion, names: Sequence[str]) -> dict[str, str | int | float]:
    return {
        "true": names[confusion.true],
        "predicted": names[confusion.predicted],
        "count": confusion.count,
        "share": confusion.share,
    }


def _words(confusion: Confusion, names: Sequence[str]) -> str:
    true, predicted = names[confusion.true], names[confusion.predicted]
    return f"{true} mistaken for {predicted} ({_times(confusion.count)}, {confusion.share:.2%} of class {true})"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
