"""The list of all checks, and the function that runs them."""

from collections.abc import Callable, Iterable

from . import agreement, baseline, confusions, divergence, inactive_units, missed_classes, overfitting, stalled
from .records import Evidence, Finding
from .samples import (
    constant_inputs,
    imbalance,
    label_noise,
    repeated_samples,
    scaling,
    shifted_test,
    shuffling,
    telling_input,
)
from .training import (
    batch_size,
    calibration,
    gradients,
    learning_rate,
    low_rank,
    oscillation,
    redundant_units,
    saturated_units,
)

Check = Callable[[Evidence], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    scaling.check,
    divergence.check,
    shuffling.check,
    telling_input.check,
    repeated_samples.check,
    gradients.check,
    saturated_units.check,
    low_rank.check,
    batch_size.check,
    learning_rate.check,
    oscillation.check,
    inactive_units.check,
    imbalance.check,
    label_noise.check,
    constant_inputs.check,
    shifted_test.check,
    stalled.check,
    baseline.check,
    missed_classes.check,
    overfitting.check,
    redundant_units.check,
    calibration.check,
    confusions.check,
    agreement.check,
)
"""Every check, causes before what follows from them. A new finding is one file and one line here."""

_RANK = {"warning": 0, "note": 1, "good": 2}


def run_checks(evidence: Evidence) -> tuple[Finding, ...]:
    """Run every check and return what they found: warnings first, then notes; of one kind in the order of `CHECKS`.

    Raises:
        DataError: The confusion matrix holds other things than counts, or does not have one row per class name.
    """
    found = [finding for check in CHECKS for finding in check(evidence)]
    return tuple(sorted(found, key=lambda finding: _RANK[finding.severity]))
