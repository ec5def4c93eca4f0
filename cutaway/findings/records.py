"""What a check is given and what it returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Finding:
    """One thing that a person should look at, or need not worry about.

    Attributes:
        kind: "divergence", "stalled", "baseline", "missed-class", "overfitting", "confusion", "inactive-units" or
            "test".
        severity: "good", "note" or "warning".
        title: A few words without a full stop.
        text: One or more plain sentences with the numbers.
        evidence: The numbers themselves, ready for JSON.
    """

    kind: str
    severity: Literal["good", "note", "warning"]
    title: str
    text: str
    evidence: dict[str, Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """What is known about a run; a check that needs something unknown finds nothing.

    Attributes:
        history: One row per epoch, in order, with "epoch" (from 1) and Keras' metric names; empty for a model that was
            not trained here.
        confusion: int (true, predicted), counts on the test samples, an array or a sparse one; None if unknown.
        class_names: Names of the classes in the order of their numbers; None to call them by number.
        inactive_units: For each layer, the number of units that never fire on the data and the number of all its units;
            None if unknown.
        kept_epoch: The epoch whose weights are kept, which confusion matrix and accuracies are of; None if unknown.
        recorded: Whether the history is of a user's own fit, whose split and order of samples are not known here.
        test_accuracy: 0..1; None if unknown.
        val_accuracy: 0..1, of the same weights as the test accuracy; None if unknown.
        test_samples: Number of test samples, from 1; None if unknown.
        val_samples: Number of validation samples, from 1; None if unknown.
    """

    history: Sequence[Mapping[str, Any]] = ()
    confusion: Any = None
    class_names: Sequence[str] | None = None
    inactive_units: Mapping[str, tuple[int, int]] | None = None
    kept_epoch: int | None = None
    recorded: bool = False
    test_accuracy: float | None = None
    val_accuracy: float | None = None
    test_samples: int | None = None
    val_samples: int | None = None
