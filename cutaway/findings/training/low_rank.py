"""A layer whose many units span few directions."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

from .bottleneck import ENOUGH, NARROW

KIND = "low-rank"
LEAST_UNITS = 16
# Healthy layers of 16 to 512 units use a tenth of them or more (tests/findings/test_sick_runs.py).
FEW = 0.04
# What hardly more than one direction holds.
ONE = 1.8
# Layers on fewer inputs cannot but span few directions, and of more units for each of them many say the same: of 256
# units of a healthy model of the 4 inputs of iris four in five.
LEAST_INPUTS, MOST_UNITS = 4, 16
DEFAULT = Remedy("draw first weights by Keras' default initializers", change="default-weights")
RULES = (
    Rule(
        KIND,
        words=(
            f"The effective rank of the activations of a layer of {LEAST_UNITS} units or more is below {ONE:g}, or, "
            f"with up to {MOST_UNITS} units for each input that varies, below {FEW:.0%} of its units; on up to 2,000 "
            f"training samples. Not judged with fewer than {LEAST_INPUTS} inputs that vary."
        ),
        source='Roy, Vetterli 2007, "The effective rank: a measure of effective dimensionality"',
        known_as="rank collapse, dimensional collapse",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the layers whose effective rank is a small share of their units."""
    if has_few_inputs(evidence):
        return
    for name, layer in (evidence.layers or {}).items():
        least = ONE if has_few_inputs(evidence, layer.units) else max(FEW * layer.units, ONE)
        if layer.units < LEAST_UNITS or layer.rank >= least:
            continue
        text = (
            f"The {layer.units:,} units of {name} span {layer.rank:.1f} directions (effective rank): later layers "
            "get hardly more numbers of a sample than that."
        )
        advice = (
            f"Look whether most units of {name} are inactive, its first weights are all alike, or a layer before it is "
            "too narrow."
        )
        record = {"layer": name, "rank": layer.rank}
        title, remedy = f"{name} has little content", wider_or_drawn(evidence, name)
        yield Finding(KIND, "warning", title, text, record, remedy, advice=advice)


def has_few_inputs(evidence: Evidence, units: int = 0) -> bool:
    """Whether so few inputs vary that units of a layer, or of any, say the same as others."""
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
