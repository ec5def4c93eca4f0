"""Classes of very different size."""

from collections.abc import Iterable

import numpy as np

from cutaway.findings.names import class_in_words
from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "class-imbalance"
# As many samples of the largest class for each of the smallest.
UNEVEN = 10.0
# Where so large a share of a layer's units never fires, weights of classes cannot help.
DEAD = 0.9
BALANCED = Remedy('use class_weight="balanced"', {"class_weight": "balanced"})
RULES = (
    Rule(
        KIND,
        words=f"The largest class has {UNEVEN:g} times as many training samples as the smallest one, or more."
        f" A note where weights of classes are set, or {DEAD:.0%} of the units of a layer are inactive.",
        source='He, Garcia 2009, "Learning from imbalanced data"',
        known_as="class imbalance; ClassImbalance in SageMaker Debugger",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Compare the largest and the smallest class of the training samples."""
    counts = np.asarray((evidence.class_counts or {}).get("train", ()))
    present = np.flatnonzero(counts)
    if len(present) < 2:
        return
    small, large = present[counts[present].argmin()], int(counts.argmax())
    ratio = counts[large] / counts[small]
    if ratio < UNEVEN:
        return
    names: list[str] = list(evidence.class_names or map(str, range(len(counts))))
    weighted = bool((evidence.config or {}).get("class_weight"))
    text = (
        f"{class_in_words(names[large])} has {counts[large]:,} training samples and {class_in_words(names[small])} "
        f"{counts[small]:,}, {ratio:.0f} times fewer. Accuracy says little here: judge by balanced accuracy"
        + ("." if weighted else ', and try class_weight="balanced".')
    )
    text = text[:1].upper() + text[1:]
    record = {"largest": int(counts[large]), "smallest": int(counts[small]), "ratio": float(ratio)}
    remedy = None if weighted else BALANCED
    is_dead = any(inactive >= DEAD * units for inactive, units in (evidence.inactive_units or {}).values())
    severity, samples = "note" if weighted or is_dead else "warning", evidence.named(KIND)
    yield Finding(KIND, severity, "Classes of very different size", text, record, remedy, samples)
