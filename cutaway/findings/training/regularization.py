"""Dropout or penalties of weights so strong that the model cannot even learn its training samples."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "over-regularized"
# Rates and penalties that are unusual: papers use dropout up to 0.5, Keras' default of l2 is 0.01. Of them it is only a
# note, since the samples may be as hard as that; of extreme ones it is a warning.
STRONG = {"dropout": 0.6, "l1": 0.02, "l2": 0.03}
EXTREME = {"dropout": 0.8, "l1": 0.05, "l2": 0.1}
WORDS = {"dropout": "a dropout rate of", "l1": "an L1 penalty of", "l2": "an L2 penalty of"}
# A model that fits this share of its training samples is not held back.
FITTED = 0.97
# A model that is held back predicts training samples hardly better than others.
GAP = 0.03
# Extreme regularization of a model that fits nevertheless: it is so much less confident than it is right.
UNSURE = 0.15
RULES = (
    Rule(
        KIND,
        words=(
            f"A dropout rate above {STRONG['dropout']:g}, or a penalty of L1 above {STRONG['l1']:g} or of L2 above "
            f"{STRONG['l2']:g}, and without dropout the model predicts fewer than {FITTED:.0%} of its own training "
            f"samples correctly, and no more than {GAP:.0%} more of them than of validation samples; on up to 2,000 "
            f"training samples. A warning beyond {EXTREME['dropout']:g}, {EXTREME['l1']:g} and {EXTREME['l2']:g}, "
            "otherwise a note. Beyond these also where the mean confidence is more than "
            f"{UNSURE:.0%} below the accuracy."
        ),
        source='Goodfellow, Bengio, Courville 2016, "Deep learning", sections 5.2 and 7.1',
        known_as="underfitting, too much regularization",
    ),
)
REMEDY = Remedy("train without dropout and without penalties of weights", change="no-regularization")


def check(evidence: Evidence) -> Iterable[Finding]:
    """Look whether strong regularization keeps the model from fitting its training samples."""
    strengths = evidence.regularization or {}
    strong = {name: value for name, value in strengths.items() if value > STRONG.get(name, float("inf"))}
    if not strong or evidence.trained is None or not evidence.trained[1]:
        return
    correct, samples = evidence.trained
    accuracy = correct / samples
    fits = accuracy >= FITTED or (evidence.val_accuracy is not None and accuracy - evidence.val_accuracy > GAP)
    is_extreme = any(value > EXTREME[name] for name, value in strong.items())
    unsure = -evidence.calibration[1] if evidence.calibration else 0.0
    if fits and not (is_extreme and unsure > UNSURE):
        return
    causes = " and ".join(f"{WORDS[name]} {value:g}" for name, value in strong.items())
    text = (
        f"With {causes}, and dropout turned off, {accuracy:.1%} of {samples:,} training samples are predicted correctly"
    )
    if fits:
        text += f", but its mean confidence is {unsure:.1%} below its accuracy."
    else:
        text += (
            f": it {'does not fit' if is_extreme else 'may not be able to fit'} even the samples that it learns from."
        )
    record = {"train_accuracy": accuracy, "samples": samples, **strong}
    advice = "Use less of it, and add it again only if the model overfits."
    severity, title = ("warning", "Too much regularization") if is_extreme else ("note", "Strong regularization")
    yield Finding(KIND, severity, title, text, record, REMEDY, advice=advice)
