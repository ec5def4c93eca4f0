"""A validation loss that jumps up and down."""

import itertools
from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule
from cutaway.metrics import is_finite

KIND = "oscillation"
LEAST = 6
# Share of epochs that go up by more than a tenth, directly before or after one that goes down by as much.
OFTEN = 0.3
JUMP = 0.1
RULES = (
    Rule(
        KIND,
        words=(
            f"Of {LEAST} epochs or more, in {OFTEN:.0%} or more the validation loss turns around: it rises by more "
            f"than {JUMP:.0%} directly before or after it falls by as much."
        ),
        source='Zhang et al. 2021, "AutoTrainer: an automatic DNN training problem detection and repair system"',
        known_as="oscillating loss in AutoTrainer",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Count the epochs in which the validation loss turns around by more than a tenth of itself."""
    losses = [row.get("val_loss") for row in evidence.history]
    if len(losses) < LEAST or not all(map(is_finite, losses)):
        return
    steps = [after / before - 1 for before, after in itertools.pairwise(losses) if before]
    turns = [
        (a > JUMP and b < -JUMP / (1 + JUMP)) or (b > JUMP and a < -JUMP / (1 + JUMP))
        for a, b in itertools.pairwise(steps)
    ]
    share = sum(turns) / max(len(turns), 1)
    if share < OFTEN:
        return
    rate = (evidence.config or {}).get("learning_rate")
    text = f"In {sum(turns)} of {len(turns)} epochs the validation loss turned around by more than {JUMP:.0%}."
    advice = (
        "Use a smaller learning rate, a schedule that lowers it, or larger batches: steps are too large for the noise "
        "of the batches."
    )
    remedy = Remedy("use a tenth of the learning rate", {"learning_rate": rate / 10}) if rate else None
    yield Finding(KIND, "warning", "The validation loss oscillates", text, {"share": share}, remedy, advice=advice)
