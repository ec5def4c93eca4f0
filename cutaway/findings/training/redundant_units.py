"""Units that say the same as others."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Rule

from .low_rank import MOST_UNITS, has_few_inputs, wider_or_drawn

KIND = "redundant-units"
# A healthy model of iris, whose 4 inputs nearly say 2 things, has 44%; units that are alike from the start have 87%.
MANY, NEARLY_ALL = 0.5, 0.9
RULES = (
    Rule(
        KIND,
        words=(
            f"More than {MANY:.0%} of the units of a layer correlate with an earlier one by 0.98 or more, either way; "
            f"more than {NEARLY_ALL:.0%} where there are more than {MOST_UNITS} units for each input that varies; on "
            "up to 2,000 training samples. Not judged with fewer than 4 inputs that vary."
        ),
        source=(
            'Cogswell, Ahmed, Girshick, Zitnick, Batra 2016, "Reducing overfitting in deep networks by decorrelating '
            'representations"'
        ),
        known_as="duplicate neurons, co-adaptation",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the layers in which many units correlate with an earlier one by 0.98 or more."""
    if has_few_inputs(evidence):
        return
    for name, layer in (evidence.layers or {}).items():
        share = layer.redundant / layer.units
        if share <= (NEARLY_ALL if has_few_inputs(evidence, layer.units) else MANY):
            continue
        text = (
            f"{layer.redundant:,} of the {layer.units:,} units of {name} ({share:.1%}) correlate with an earlier one "
            "by 0.98 or more."
        )
        advice = f"Make {name} smaller, or draw first weights at random if its units were alike from the start."
        record = {"layer": name, "redundant": layer.redundant, "units": layer.units}
        units, remedy = evidence.named(KIND, name), wider_or_drawn(evidence, name)
        yield Finding(KIND, "warning", f"Redundant units in {name}", text, record, remedy, units=units, advice=advice)
