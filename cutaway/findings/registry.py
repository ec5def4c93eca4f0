"""The list of all checks, and the function that runs them."""

import dataclasses
from collections.abc import Collection, Iterable
from typing import Protocol

from . import (
    agreement,
    baseline,
    confusions,
    divergence,
    inactive_units,
    missed_classes,
    overfitting,
    right_tool,
    stalled,
)
from .causes import with_causes
from .records import Evidence, Finding, Rule
from .samples import (
    constant_inputs,
    imbalance,
    label_noise,
    left_out_columns,
    mixed_units,
    near_copies,
    repeated_samples,
    scaling,
    sentinels,
    shared_groups,
    shifted_test,
    shuffling,
    target_encoding,
    telling_input,
    test_labels,
)
from .training import (
    batch_size,
    bottleneck,
    calibration,
    frozen_layers,
    gradients,
    learning_rate,
    low_rank,
    oscillation,
    redundant_units,
    regularization,
    saturated_units,
    sigmoid_output,
    too_few_epochs,
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
    target_encoding,
    shared_groups,
    left_out_columns,
    sentinels,
    mixed_units,
    repeated_samples,
    near_copies,
    test_labels,
    frozen_layers,
    sigmoid_output,
    gradients,
    saturated_units,
    batch_size,
    regularization,
    learning_rate,
    too_few_epochs,
    bottleneck,
    imbalance,
    inactive_units,
    low_rank,
    oscillation,
    label_noise,
    constant_inputs,
    shifted_test,
    stalled,
    right_tool,
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


def run_checks(evidence: Evidence, *, muted: Collection[str] = ()) -> tuple[Finding, ...]:
    """Run every check and return what they found: warnings first, then notes; of one kind in the order of `CHECKS`.

    What follows from another finding comes after everything of its severity that no other finding explains.

    Args:
        evidence: What is known.
        muted: Kinds that do not explain others, as in `with_causes`.

    Raises:
        DataError: The confusion matrix holds other things than counts, or does not have one row per class name.
    """
    found: list[Finding] = []
    for module in CHECKS:
        rules = {rule.kind: rule for rule in module.RULES}
        found += [dataclasses.replace(each, rule=rules[each.kind]) for each in module.check(evidence)]
    explained = with_causes(found, evidence, muted=muted)
    return tuple(sorted(explained, key=lambda finding: (_RANK[finding.severity], finding.cause is not None)))
