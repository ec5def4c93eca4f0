"""From ``class_weight=`` and ``sample_weight=`` to what each training sample weighs in the loss."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from cutaway.checks import check_number, check_whole
from cutaway.data import Dataset, Split, Table
from cutaway.errors import UsageError
from cutaway.words import shown


def check_class_weight(given: Any) -> dict[int, float] | str | None:
    """Return ``class_weight=`` as numbers.

    Raises:
        UsageError: It is neither "balanced" nor None, nor a mapping from whole numbers to weights of at least 0.
    """
    if isinstance(given, Mapping):
        weights = {check_whole(key, name="a class of class_weight", least=0): value for key, value in given.items()}
        return {key: check_number(value, name="a weight of class_weight", least=0) for key, value in weights.items()}
    if given is None or (isinstance(given, str) and given == "balanced"):
        return given
    raise UsageError(
        f'class_weight must be "balanced", or map classes to weights of at least 0, not {shown(given)}',
        hint="pass for example class_weight={0: 2.0}",
    )


def class_weights(
    given: Mapping[int, float] | str | None, labels: np.ndarray, *, classes: int
) -> tuple[float, ...] | None:
    """Resolve ``class_weight=`` to a weight for each class.

    Args:
        given: Class number -> weight, "balanced", or None.
        labels: int ``(sample,)`` of the training samples.
        classes: Number of classes.

    Raises:
        UsageError: It is none of these, names a class that does not exist, or a weight is negative or not finite.

    Source:
        "balanced": King and Zeng 2001, "Logistic Regression in Rare Events Data", as in scikit-learn.
    """
    checked = check_class_weight(given)
    if checked is None:
        return None
    if isinstance(checked, str):
        counts = np.maximum(np.bincount(labels, minlength=classes), 1)
        return tuple(float(w) for w in len(labels) / (classes * counts))
    if (highest := max(checked, default=0)) >= classes:
        rule = f"class_weight has a weight for class {highest}, and the classes are 0 to {classes - 1}"
        raise UsageError(rule, hint="name classes by their numbers")
    return tuple(checked.get(number, 1.0) for number in range(classes))


def given_weights(data: Dataset | Table, sample_weight: np.ndarray | None) -> np.ndarray | None:
    """The weights of the training samples: those that are passed, or those in the weight column of a table.

    Raises:
        UsageError: There are both.
    """
    of_table = data.weights if isinstance(data, Table) else None
    if sample_weight is not None and of_table is not None:
        raise UsageError(
            "the weights of samples are given twice, in sample_weight and in the weight column of the table",
            hint="leave one of them out",
        )
    return of_table if sample_weight is None else sample_weight


def sample_weights(
    given: np.ndarray | None, *, data: Dataset, split: Split, per_class: tuple[float, ...] | None
) -> np.ndarray | None:
    """The weight of each training sample: its own weight times the weight of its class.

    Returns:
        float32 ``(training sample,)`` in the order of the training split, or None if all weigh 1.

    Raises:
        UsageError: There is not one finite weight of at least 0 for each sample of the source "train".
    """
    if given is None and per_class is None:
        return None
    weight = np.ones(len(split.train), np.float32)
    if given is not None:
        values, wanted, got = np.empty(0), (len(data.sources["train"].y),), "something else"
        with suppress(OverflowError, TypeError, ValueError):  # of a number with too many digits, or of none
            values = np.asarray(given, np.float32)
            got = f"shape {values.shape}" if values.shape != wanted else "a negative or infinite number"
        if values.shape != wanted or not np.isfinite(values).all() or (values < 0).any():
            raise UsageError(
                f"sample_weight must be a finite number of at least 0 for each of the {wanted[0]:,} samples of train",
                got=got,
                hint="give weights in the order of the samples as they were loaded",
            )
        weight *= values[split.train.index]
        if not weight.any():
            raise UsageError("every weight in sample_weight is zero", hint="give some samples a weight above 0")
    if per_class is not None:
        weight *= np.asarray(per_class, np.float32)[data.y(split.train)]
    return weight


def weights_digest(given: np.ndarray) -> str:
    """The SHA-256 of sample weights, which run.json keeps in their place."""
    return hashlib.sha256(np.asarray(given, "<f4").tobytes()).hexdigest()


def check_same_weights(given: np.ndarray | None, recorded: str | None) -> None:
    """Check that a run with sample weights is not trained again without any.

    Raises:
        UsageError: The run had sample weights, and none are given.
    """
    if recorded and given is None:
        raise UsageError(
            "the run was trained with sample weights, which a run folder does not hold",
            hint=f"in Python, pass sample_weight= to train_like (the run's had the SHA-256 {recorded[:12]})",
        )
