"""Units that never fire on the data."""

from collections.abc import Iterable

from .names import listed
from .records import Evidence, Finding, Remedy, Rule

KIND = "inactive-units"
# Healthy models of the digits have up to 17% (tests/findings/sick_runs.py), which costs them nothing.
MANY = 0.25
LEAKY = Remedy("use leaky_relu in the hidden layers", activation="leaky_relu")
RULES = (
    Rule(
        KIND,
        words=(
            f"More than {MANY:.0%} of the units of a layer have the output 0 for every sample of the whole dataset; "
            "a smaller share is a note."
        ),
        source='Lu, Shin, Su, Karniadakis 2020, "Dying ReLU and initialization: theory and numerical examples"',
        known_as="dead ReLU, dying ReLU; DeadRelu in SageMaker Debugger",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Report the layers that have inactive units, or that none has."""
    layers = evidence.inactive_units
    if not layers:
        return
    if not any(inactive for inactive, _ in layers.values()):
        text = f"Every unit of {listed(list(layers))} fires on at least one sample of the whole dataset."
        record = {layer: {"inactive": 0, "units": units} for layer, (_, units) in layers.items()}
        yield Finding(KIND, "good", "No inactive units", text, {"layers": record})
    for layer, (inactive, units) in layers.items():
        if inactive:
            yield _finding(layer, inactive=inactive, units=units, named=evidence.named(KIND, layer))


def _finding(layer: str, *, inactive: int, units: int, named: tuple[str, ...]) -> Finding:
    share = inactive / units
    are = "is" if inactive == 1 else "are"
    text = (
        f"{inactive:,} of the {units:,} units of {layer} ({share:.2%}) {are} inactive (0 for every sample of the whole "
        "dataset)."
    )
    record = {"layer": layer, "inactive": inactive, "units": units, "share": share}
    if share > MANY:
        advice = (
            "A smaller layer, a smaller learning rate or one that rises first (one-cycle), batch normalization, or "
            "another activation function would waste fewer."
        )
        title = f"Many inactive units in {layer}"
        return Finding(KIND, "warning", title, text, record, LEAKY, units=named, advice=advice)
    title = f"One inactive unit in {layer}" if inactive == 1 else f"A few inactive units in {layer}"
    return Finding(KIND, "note", title, text, record, units=named)
