"""The list of all checks, and the function that runs them."""

from collections.abc import Callable, Iterable

from . import agreement, baseline, confusions, divergence, inactive_units, missed_classes, overfitting, stalled
from .records import Evidence, Finding

Check = Callable[[Evidence], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    divergence.check,
    stalled.check,
    baseline.check,
    missed_classes.check,
    overfitting.check,
    confusions.check,
    inactive_units.check,
    agreement.check,
)
"""Every check, in the order in which findings are read. A new finding is one file and one line here."""


def run_checks(evidence: Evidence) -> tuple[Finding, ...]:
    """Run every check and return what they found, in the order of `CHECKS`.

    Raises:
        DataError: The confusion matrix holds other things than counts, or does not have one row per class name.
    """
    return tuple(finding for check in CHECKS for finding in check(evidence))
