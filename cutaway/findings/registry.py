"""The list of all checks, and the function that runs them."""

import dataclasses
from collections.abc import Iterable
from typing import Protocol

from . import agreement, baseline, confusions, divergence, inactive_units, missed_classes, overfitting, stalled
from .records import Evidence, Finding, Rule
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


class CheckModule(Protocol):
    """What the file of a check holds: the function, and a rule for each kind of finding that it makes."""

    RULES: tuple[Rule, ...]

    def check(self, evidence: Evidence) -> Iterable[Finding]:
        """Judge what is known."""
        ...


CHECKS: tuple[CheckModule, ...] = (
    scaling,
    divergence,
    shuffling,
    telling_input,
    repeated_samples,
    gradients,
    saturated_units,
    low_rank,
    batch_size,
    learning_rate,
    oscillation,
    inactive_units,
    imbalance,
    label_noise,
    constant_inputs,
    shifted_test,
    stalled,
    baseline,
    missed_classes,
    overfitting,
    redundant_units,
    calibration,
    confusions,
    agreement,
)
"""Every check, causes before what follows from them. A new finding is one file and one line here."""

RULES: dict[str, Rule] = {rule.kind: rule for module in CHECKS for rule in module.RULES}
"""The rule of each kind of finding, in the order of `CHECKS`."""

_RANK = {"warning": 0, "note": 1, "good": 2}


def run_checks(evidence: Evidence) -> tuple[Finding, ...]:
    """Run every check and return what they found: warnings first, then notes; of one kind in the order of `CHECKS`.

    Raises:
        DataError: The confusion matrix holds other things than counts, or does not have one row per class name.
    """
    found: list[Finding] = []
    for module in CHECKS:
        rules = {rule.kind: rule for rule in module.RULES}
        found += [dataclasses.replace(each, rule=rules[each.kind]) for each in module.check(evidence)]
    return tuple(sorted(found, key=lambda finding: _RANK[finding.severity]))
