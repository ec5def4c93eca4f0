"""An output layer whose activation does not fit classes of which each sample has one."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "sigmoid-output"
RULES = (
    Rule(
        KIND,
        words=(
            "The output layer of three or more classes has the activation sigmoid, and the loss is a categorical "
            "cross-entropy, which is made for probabilities that sum to 1."
        ),
        source='Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs" (softmax)',
        known_as="wrong output activation",
    ),
)
REMEDY = Remedy("give the output layer the activation softmax", untried="the model itself must be changed")


def check(evidence: Evidence) -> Iterable[Finding]:
    """Warn of outputs that do not sum to 1."""
    classes, loss = len(evidence.class_names or ()), str((evidence.config or {}).get("loss", ""))
    if evidence.output_activation != "sigmoid" or classes < 3 or not loss.endswith("categorical_crossentropy"):
        return
    text = (
        f"Each of the {classes:,} outputs has a sigmoid of its own, so that they do not sum to 1, while the loss takes "
        "them for the probabilities of classes of which a sample has one."
    )
    advice = "End the model with the activation softmax; for samples of several classes, use binary_crossentropy."
    record = {"classes": classes, "loss": loss}
    yield Finding(KIND, "warning", "The output layer has sigmoids", text, record, REMEDY, advice=advice)
