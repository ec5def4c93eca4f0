"""A hidden layer with so few units that it cannot tell the classes apart."""

from collections.abc import Iterable

from cutaway.findings.baseline import predicts_poorly
from cutaway.findings.missed_classes import check as missed_classes
from cutaway.findings.records import Evidence, Finding, Remedy, Rule
from cutaway.findings.right_tool import is_outdone

KIND = "bottleneck"
# A layer of so few units is rarely wanted but in front of an image; a remedy gives it as many as a small model has.
NARROW, ENOUGH = 2, 32
RULES = (
    Rule(
        KIND,
        words=(
            f"A hidden layer has 1 unit for 3 classes or more, or {NARROW} units for 4 or more, and the accuracy is "
            "nearer to that of always predicting one class than to that of no mistakes, or a class is missed, or a "
            "simpler model is right more often."
        ),
        source='Tishby, Zaslavsky 2015, "Deep learning and the information bottleneck principle"',
        known_as="information bottleneck, underfitting",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the narrowest layer of a model that predicts poorly."""
    layers, classes = evidence.layers or {}, len(evidence.class_names or ())
    if not layers:
        return
    name = min(layers, key=lambda each: layers[each].units)
    units = layers[name].units
    if units > NARROW or classes <= units + 1:
        return
    if not (predicts_poorly(evidence) or any(missed_classes(evidence)) or is_outdone(evidence)):
        return
    numbers = "a single number" if units == 1 else f"{units} numbers"
    text = (
        f"The layer {name} has {units} unit{'' if units == 1 else 's'}, so that later layers must tell {classes:,} "
        f"classes apart by {numbers} for each sample."
    )
    remedy = Remedy(f"give {name} {ENOUGH} units", units={name: ENOUGH})
    yield Finding(
        KIND,
        "warning",
        f"{name} is too narrow",
        text,
        {"layer": name, "units": units},
        remedy,
        advice="Give it more units.",
    )
