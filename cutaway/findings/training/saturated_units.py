"""Activations at the ends of the range of their function, where its gradient is nearly 0."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "saturated-units"
# At the initialization that Glorot and Bengio propose, less than a tenth of the outputs of tanh are beyond 0.9.
MANY = 0.6
RULES = (
    Rule(
        KIND,
        words=(
            f"More than {MANY:.0%} of the outputs of a layer are within 5% of an end of the range of its activation "
            "function; on up to 2,000 training samples."
        ),
        source=(
            'Glorot, Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", '
            "section 3"
        ),
        known_as="saturated activation; SaturatedActivation in SageMaker Debugger",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name the layers most of whose activations are at an end of the range."""
    for name, layer in (evidence.layers or {}).items():
        if layer.saturated is not None and layer.saturated > MANY:
            text = (
                f"{layer.saturated:.1%} of the outputs of {name} are within 5% of an end of the range of "
                f"{layer.activation}, where its gradient is nearly 0, so that the layers before it learn slowly."
            )
            advice = "Large first weights or large inputs do this; relu has no upper end."
            record = {"layer": name, "saturated": layer.saturated, "activation": layer.activation}
            remedy = Remedy("use relu in the hidden layers", activation="relu")
            units = evidence.named(KIND, name)
            yield Finding(
                KIND, "warning", f"Saturated units in {name}", text, record, remedy, units=units, advice=advice
            )
