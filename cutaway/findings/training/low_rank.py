"""A layer whose many units span few directions."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

from .bottleneck import ENOUGH, NARROW

KIND = "low-rank"
LEAST_UNITS = 16
# Healthy layers of 16 to 512 units use a tenth of them or more (tests/findings/test_sick_runs.py).
FEW = 0.04
# Layers on fewer inputs, or of more units for each of them, cannot but span few directions: healthy models of the 4
# inputs of iris have 256 units of which four in five say the same.
LEAST_INPUTS, MOST_UNITS = 4, 16
DEFAULT = Remedy("draw first weights by Keras' default initializers", change="default-weights")
RULES = (
    Rule(
        KIND,
        words=(
            f"The effective rank of the activations of a layer of {LEAST_UNITS} units or more is below 1.8, or below "
            f"{FEW:.0%} of its units; on up to 2,000 training samples. Not judged with fewer than {LEAST_INPUTS} "
            f"inputs that vary, or with more than {MOST_UNITS} units for each of them."
        ),
        source='Roy, Vetterli 2007, "The effective rank: a measure of effective dimensionality"',
        known_as="rank collapse, dimensional collapse",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the layers whose effective rank is a small share of their units."""
    for name, layer in (evidence.layers or {}).items():
        if has_few_inputs(evidence, layer.units):
            continue
        if layer.units < LEAST_UNITS or layer.rank >= max(FEW * layer.units, 1.8):
            continue
        text = (
            f"The {layer.units:,} units of {name} span {layer.rank:.1f} directions (effective rank): what later layers "
            "get of a sample is nearly a single number."
        )
        advice = "A dead layer, first weights that are all alike, or a layer before it that is too narrow do this."
        record = {"layer": name, "rank": layer.rank}
        title, remedy = f"{name} has nearly no content", wider_or_drawn(evidence, name)
        yield Finding(KIND, "warning", title, text, record, remedy, advice=advice)


def has_few_inputs(evidence: Evidence, units: int) -> bool:
    """Whether so few inputs vary that units of a layer must say the same as others."""
    inputs = evidence.inputs
    return inputs is not None and inputs.inputs - len(inputs.constant) < max(LEAST_INPUTS, units / MOST_UNITS)


def other_weights(evidence: Evidence) -> Remedy | None:
    """Other first weights, unless they are Keras' defaults already."""
    return None if evidence.default_weights else DEFAULT


def wider_or_drawn(evidence: Evidence, name: str) -> Remedy | None:
    """More units in a narrow layer before it, or else other first weights where they are not the default ones."""
    layers = evidence.layers or {}
    before = list(layers)[: list(layers).index(name)]
    narrow = min(before, key=lambda each: layers[each].units, default=None)
    if narrow is not None and layers[narrow].units <= NARROW:
        return Remedy(f"give {narrow} {ENOUGH} units", units={narrow: ENOUGH})
    return other_weights(evidence)
