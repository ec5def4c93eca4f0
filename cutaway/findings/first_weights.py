"""First weights that make the units of a layer the same."""

from collections.abc import Iterable

import numpy as np

from cutaway.row_keys import first_equal, row_keys

from .records import DEFAULT_WEIGHTS, Evidence, Finding, Rule, check
from .simpler_models import underperforms

# Drawn weights are never equal; fewer are part of a design, such as a filter that is given twice.
MANY_ALIKE = 0.5


@check(
    Rule(
        "equal-weights",
        words=(
            "At the first weights, more than {MANY_ALIKE:.0%} of the units of a hidden layer have the weights "
            "of an earlier one, such as where all are 0 or another constant. Not where training has made them differ: "
            "no more of them correlate with an earlier one by 0.98, the accuracy is nearer to that of no mistakes than "
            "to that of always predicting one class, and no simpler model is right more often."
        ),
        source=(
            'Goodfellow, Bengio, Courville 2016, "Deep learning", section 8.4: first weights "need to break symmetry '
            'between different units"'
        ),
        known_as="symmetric or zero initialization; PoorWeightInitialization in SageMaker Debugger",
        about=(
            "Units with the same weights compute the same number and mostly get the same steps, so a wide layer learns "
            "no more than a narrow one, or nothing if all weights are 0."
        ),
        advice="Draw first weights at random, as Keras does by default.",
        title="Equal first weights in {layer}",
        text="{alike:,} of the {units:,} units of {layer} begin with the weights of an earlier unit.",
    ),
)
def equal_weights(evidence: Evidence) -> Iterable[Finding]:
    """Name the layers whose units begin as copies of each other."""
    is_good = evidence.measured is not None and not underperforms(evidence)
    for name, layer in evidence.layers.items():
        alike = evidence.weights[name].alike if name in evidence.weights else 0
        if alike > MANY_ALIKE * layer.units and not (is_good and layer.redundant <= MANY_ALIKE * layer.units):
            record = {"layer": name, "alike": alike, "units": layer.units}
            yield Finding("equal-weights", "warning", evidence=record, remedy=DEFAULT_WEIGHTS)


def alike_units(kernel: np.ndarray) -> int:
    """How many units have the weights of an earlier one.

    Args:
        kernel: float ``(input, unit)``; of other shapes nothing is known.
    """
    return 0 if kernel.ndim != 2 else kernel.shape[1] - len(np.unique(first_equal(row_keys(kernel.T))))
