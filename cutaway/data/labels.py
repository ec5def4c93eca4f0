"""The user's labels (integers, bools or strings) as int64 class numbers and class names, and numbers to predict."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from cutaway.checks import as_array, warn_user
from cutaway.errors import DataError, Hint, UsageError
from cutaway.words import listed, shown

# Real classification has rarely more classes with only a handful of samples each.
MANY = 20

KINDS = (str, (bool, np.bool_), (int, np.integer))


def as_labels(y: Any, *, split: str) -> np.ndarray:
    """View labels of any supported kind as one array of integers, bools or strings.

    Args:
        y: An array, a list or a pandas Series: (sample,) labels.
        split: "train" or "test", for error messages.

    Returns:
        (sample,) of kind "i", "u", "b" or "U", none missing.

    Raises:
        DataError: There is not one label per sample, or a label is missing or of another kind.
    """
    labels = as_array(y, what=f"the labels of {split}")
    if labels.ndim != 1:
        raise DataError(
            f"the labels of {split} have the shape {labels.shape}, not (sample,)",
            hint="pass the column as one axis, for example y.ravel()"
            if labels.shape[1:] == (1,)
            else "turn one-hot rows into classes with np.argmax(y, axis=1)",
        )
    if labels.dtype.kind in "iub" or (labels.dtype.kind == "U" and isinstance(y, np.ndarray)):
        return labels
    # NumPy would turn ["a", nan] into strings, so the elements of a list are checked one by one.
    values = labels.tolist() if isinstance(y, np.ndarray) else list(y)
    kind = next((kind for kind in KINDS if values and isinstance(values[0], kind)), ())
    wrong = next((i for i, value in enumerate(values) if not isinstance(value, kind)), None)
    if values and wrong is None and (labels := np.asarray(values)).dtype.kind in "iubU":
        return labels
    raise DataError(
        f"the labels of {split} must be all integers, all bools or all strings",
        got="no label"
        if not values
        else "a number of more than 64 bits"
        if wrong is None
        else f"{shown(values[wrong])} as {split}[{wrong}]",
        hint=_hint(values),
    )


def _hint(values: Sequence[Any]) -> str:
    numbers = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    if any(not value.is_integer() for value in numbers):
        return "drop samples without a number"
    return (
        'convert whole numbers that stand for classes with y.astype(int), or pass targets=["y"] to predict them as '
        "numbers; drop samples without a label"
    )


def as_targets(
    given: Mapping[str, Any], names: Sequence[str] | None
) -> tuple[dict[str, np.ndarray], tuple[str, ...]] | None:
    """View answers as numbers to predict, if they are: if they have names, or are floats that are not all whole.

    Args:
        given: By split, "train" first: an array, a list or a pandas object, ``(sample,)`` or ``(sample, target)``.
        names: A name for each target; None for the names of pandas, "y" for one and "y1", "y2" for several.

    Returns:
        float64 ``(sample, target)`` by split, copies, and the names; None if the answers are classes.

    Raises:
        DataError: A number is missing or infinite, all are equal, or the splits have not the same targets.
        UsageError: There are more or fewer names than targets, or two are equal.
    """
    first = as_array(given["train"], what="the answers of train")
    if names is None and not (first.dtype.kind == "f" and first.ndim <= 2 and _is_measured(first)):
        return None
    found = {split: _targets(values, split) for split, values in given.items()}
    count = found["train"].shape[1]
    names = target_names(given["train"], count) if names is None else names
    chosen = (names,) if isinstance(names, str) else tuple(names)
    if len(chosen) != count or len(set(chosen)) != count or not all(isinstance(name, str) for name in chosen):
        raise UsageError(f"targets must be {count} different names, one for each target, not {shown(names)}")
    for split, values in found.items():
        if values.shape[1] != count:
            raise DataError(f"{split} has {values.shape[1]} targets, and train has {count}", hint="pass the same ones")
    if (constant := np.ptp(found["train"], axis=0) == 0).any():
        raise DataError(
            f'the target "{chosen[int(constant.argmax())]}" is the same in every sample of train',
            hint="leave this target out, or add samples with other values",
        )
    return found, chosen


def target_names(y: Any, count: int) -> list[str]:
    """The names of targets: of pandas, or "y" for one and "y1", "y2" for several."""
    named = [str(name) for name in getattr(y, "columns", [getattr(y, "name", None) or "y"])]
    return named if len(set(named)) == count else [f"y{number}" for number in range(1, count + 1)]


def _is_measured(values: np.ndarray) -> bool:
    """Whether finite numbers are not all whole, and are no rows of probabilities or one-hot rows."""
    finite = values[np.isfinite(values)]
    is_rows = (
        values.ndim == 2 and values.shape[1] > 1 and np.allclose(values.sum(axis=1), 1) and bool((values >= 0).all())
    )
    return bool((finite % 1).any()) and not is_rows


def _targets(values: Any, split: str) -> np.ndarray:
    """The targets of a split as float64 (sample, target)."""
    found = as_array(values, what=f"the targets of {split}")
    if found.dtype.kind not in "fiub" or found.ndim not in (1, 2) or not found.size:
        raise DataError(
            f"the targets of {split} must be numbers of the shape (sample,) or (sample, target), not {found.dtype} of "
            f"the shape {found.shape}",
            hint="convert them, for example with y.astype(float)",
        )
    numbers = found.astype(np.float64).reshape(len(found), -1)
    if not (known := np.isfinite(numbers).all(axis=1)).all():
        row = int(known.argmin())
        raise DataError(
            f"a target of {split} is missing or infinite",
            got=f"{numbers[row].tolist()!s:.80} as {split}[{row}]",
            hint="drop samples without a number",
        )
    return numbers


def _question_many(labels: np.ndarray, *, classes: int) -> None:
    """Question integer labels with so many different values that they look like a measured quantity.

    More than `MANY` classes and more than twice the square root of the samples: 43 classes of 442 samples are
    questioned, 40 of 400 are not, and neither are 100 of 50,000.
    """
    if labels.dtype.kind in "iu" and classes > max(MANY, 2 * math.sqrt(len(labels))):
        warn_user(
            f"the labels are {classes:,} different whole numbers for {len(labels):,} samples, which become classes: "
            'if they measure something, pass targets=["y"] to predict them as numbers; pass class_names if they are '
            "classes"
        )


def encode_labels(
    labels: Mapping[str, np.ndarray], class_names: Sequence[str] | None
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Number the classes.

    Args:
        labels: By split, "train" first, as returned by `as_labels`.
        class_names: Names of all classes in order, or None for the sorted distinct labels of "train".

    Returns:
        int64 (sample,) class numbers by split, and the class names.

    Raises:
        DataError: A label is none of the classes, or "test" has a class that "train" does not have.
        UsageError: `class_names` has not at least two different strings.
    """
    train = labels["train"]
    if class_names is None:
        classes = np.unique(train)
        names = tuple(str(value) for value in classes.tolist())
        _question_many(train, classes=len(names))
        if len(names) < 2:
            raise DataError(
                f"the labels of train have fewer than two classes: {list(names)}",
                hint="add samples of another class, or pass class_names",
            )
    else:
        names = check_class_names(class_names)
        classes = np.asarray(names) if train.dtype.kind == "U" else np.arange(len(names))
    rule = "the classes are" if class_names is None else "class_names stand for the labels"
    codes = {split: _encode(values, classes, split=split, rule=rule) for split, values in labels.items()}
    if "test" in codes:
        lacking = ~np.isin(codes["test"], codes["train"])
        if lacking.any():
            raise _outside("every class of test is also in train", labels["test"], wrong=lacking, split="test")
    return codes, names


SHUFFLE = "; if training and test were cut from rows that were sorted by class, shuffle all rows first"
"""Why test samples may be of a class that training samples do not have."""


def check_count(names: Sequence[str], labels: Sequence[Any]) -> None:
    """Refuse names that are not as many as the labels.

    Raises:
        UsageError: They are not.
    """
    if len(names) != len(labels):
        raise UsageError(
            f"there are {len(names):,} class_names for {len(labels):,} labels",
            hint=f"the labels are {listed(list(map(str, labels)), 10)}",
        )


def check_class_names(class_names: Any) -> tuple[str, ...]:
    """Return names of classes as a tuple.

    Raises:
        UsageError: They are not at least two different strings.
    """
    names = () if isinstance(class_names, str) or not isinstance(class_names, Iterable) else tuple(class_names)
    if not all(isinstance(name, str) for name in names) or len(set(names)) < max(len(names), 2):
        raise UsageError(
            f"class_names must be at least two different strings, not {shown(class_names)}",
            hint=Hint("pass for example {}", class_names=["cat", "dog"]),
        )
    return names


def _encode(labels: np.ndarray, classes: np.ndarray, *, split: str, rule: str) -> np.ndarray:
    text = classes.dtype.kind == "U"
    if text != (labels.dtype.kind == "U"):
        raise DataError(
            f"the labels of {split} are {'numbers' if text else 'strings'}, unlike those of train",
            hint="convert one of them",
        )
    order = np.argsort(classes)
    place = np.minimum(np.searchsorted(classes, labels, sorter=order), len(classes) - 1)
    codes = order[place].astype(np.int64, copy=False)
    wrong = classes[codes] != labels
    if wrong.any():
        names = [shown(value) for value in classes.tolist()]
        known = ", ".join(names) if len(names) <= 20 else f"{names[0]}..{names[-1]}"
        raise _outside(f"{rule} {known}", labels, wrong=wrong, split=split)
    return codes


def _outside(rule: str, labels: np.ndarray, *, wrong: np.ndarray, split: str) -> DataError:
    first = int(wrong.argmax())
    return DataError(
        rule,
        got=f"the label {shown(labels[first].item())} as {split}[{first}]",
        hint=f"{'name every class in class_names, or ' if 'class_names' in rule else ''}correct or drop such samples"
        + SHUFFLE * (split == "test"),
    )
