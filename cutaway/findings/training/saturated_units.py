"""Activations at the ends of the range of their function, where its gradient is nearly 0."""

from collections.abc import Iterable

from cutaway.findings.baseline import predicts_poorly
from cutaway.findings.records import Evidence, Finding, Remedy, Rule
from cutaway.findings.right_tool import is_outdone

KIND = "saturated-units"
# At the initialization that Glorot and Bengio propose, less than a tenth of the outputs of tanh are beyond 0.9.
MANY = 0.6
RULES = (
    Rule(
        KIND,
        words=(
            f"More than {MANY:.0%} of the outputs of a layer are within 5% of an end of the range of its activation "
            "function; on up to 2,000 training samples. A note where this came with training and the model predicts "
            "well: at the first weights it was less, the accuracy is nearer to that of no mistakes than to that of "
            "always predicting one class, and no simpler model is right more often."
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
    is_poor = evidence.confusion is None or predicts_poorly(evidence) or is_outdone(evidence)
    for name, layer in (evidence.layers or {}).items():
        if layer.saturated is not None and layer.saturated > MANY:
            text = (
                f"{layer.saturated:.1%} of the outputs of {name} are within 5% of an end of the range of "
                f"{layer.activation}, where its gradient is nearly 0"
            )
            record = {"layer": name, "saturated": layer.saturated, "activation": layer.activation}
            title, units = f"Saturated units in {name}", evidence.named(KIND, name)
            if not is_poor and layer.saturated_first is not None and layer.saturated_first <= MANY:
                text += f"; at the first weights it was {layer.saturated_first:.1%}, and the model predicts well."
                yield Finding(KIND, "note", title, text, record, units=units)
                continue
            text += ", so that the layers before it learn slowly."
            advice = "Large first weights or large inputs do this; relu has no upper end."
            remedy = Remedy("use relu in the hidden layers", activation="relu")
            yield Finding(KIND, "warning", title, text, record, remedy, units=units, advice=advice)
