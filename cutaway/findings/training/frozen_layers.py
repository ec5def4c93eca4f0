"""Layers that are not trained, although their first weights are drawn at random."""

from collections.abc import Iterable

import numpy as np

from cutaway.findings.baseline import predicts_poorly
from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "frozen-layers"
# p-value above which weights are taken as drawn: of those that are, one in a hundred is missed. So many are compared.
LEVEL, COMPARED = 0.01, 10_000
RULES = (
    Rule(
        KIND,
        words=(
            "A Dense layer is not trained (trainable=False), and its weights are distributed as Keras' default "
            "initializer draws them. A note where the accuracy is nearer to that of no mistakes than to that of always "
            "predicting one class."
        ),
        source='Rahimi, Recht 2008, "Random features for large-scale kernel machines", on what such layers do',
        known_as="frozen weights, untrained layers",
    ),
)
REMEDY = Remedy("train these layers (trainable=True)", untried="the model itself must be changed")


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the layers that stay as they were drawn."""
    frozen = evidence.frozen or ()
    if not frozen:
        return
    named = f"The layer {frozen[0]} is" if len(frozen) == 1 else f"The layers {', '.join(frozen)} are"
    text = (
        f"{named} not trained (trainable=False): the weights stay as they were drawn at random, so that later layers "
        "get a random function of the inputs."
    )
    advice = "Set trainable=True, or give the model trained weights."
    severity = "warning" if predicts_poorly(evidence) else "note"
    yield Finding(KIND, severity, "Layers are not trained", text, {"layers": list(frozen)}, REMEDY, advice=advice)


def looks_drawn(kernel: np.ndarray) -> bool:
    """Whether weights are distributed as Keras' default initializer of Dense layers draws them.

    A model comes with weights whether they were trained or not. Drawn ones are uniform within the limits of Glorot and
    Bengio 2010, by a Kolmogorov-Smirnov test.

    Args:
        kernel: float ``(input, unit)``; of other shapes nothing is known.
    """
    from scipy.stats import ks_2samp

    if kernel.ndim != 2 or not kernel.size:
        return False
    limit = (6 / sum(kernel.shape)) ** 0.5
    drawn = np.random.default_rng(0).uniform(-limit, limit, COMPARED)
    return bool(np.asarray(ks_2samp(kernel.ravel()[:COMPARED], drawn))[1] > LEVEL)
