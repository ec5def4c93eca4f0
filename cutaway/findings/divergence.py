"""A loss that became NaN or infinite."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cutaway.metrics import is_finite

from .records import Evidence, Finding, Remedy, Rule

KIND = "divergence"
# Keras' default of SGD, at which it hardly ever diverges.
USUAL = 0.01
LOSSES = {"loss": "training loss", "val_loss": "validation loss"}
RULES = (
    Rule(
        KIND,
        words="The training or the validation loss of an epoch is NaN or infinite, or a training was ended by that.",
        source='Goodfellow, Bengio, Courville 2016, "Deep learning", section 8.2.4',
        known_as="NaN loss, exploding loss",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Find the first epoch whose loss is not a finite number."""
    diverged = evidence.diverged or first_divergence(evidence.history)
    if diverged is None:
        return
    epoch, metric = diverged
    yield Finding(
        kind=KIND,
        severity="warning",
        title="Training diverged",
        text=f"The {LOSSES[metric]} became NaN or infinite in epoch {epoch}.",
        advice="Use a smaller learning rate, which usually prevents this.",
        evidence={"epoch": epoch, "metric": metric},
        remedy=_slower(evidence),
    )


def _slower(evidence: Evidence) -> Remedy | None:
    """A hundredth of the learning rate, or Keras' default of SGD where that is lower."""
    rate = (evidence.config or {}).get("learning_rate")
    if rate is None:
        return None
    lower = min(rate / 100, USUAL)
    return Remedy(f"use a learning rate of {lower:.2g}", {"learning_rate": lower})


def first_divergence(history: Sequence[Mapping[str, Any]]) -> tuple[int, str] | None:
    """Return the first epoch with a loss that is not finite and the name of that loss, or None."""
    for row in history:
        for metric in LOSSES:
            if metric in row and not is_finite(row[metric]):
                return row["epoch"], metric
    return None
