"""Labels that are probably wrong, judged by samples that the model was not trained on."""

from collections.abc import Iterable

from cutaway.findings.baseline import learned_nothing
from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "label-noise"
# With fewer, accuracies hardly change (Northcutt, Athalye, Mueller 2021 found 3.4% in ten public test sets).
MANY = 0.03
MOST = 0.4
# A model whose confidence is so far below its accuracy is sure of nothing.
SURE = 0.3
# Beyond it, a model is sure where it should not be: one that had overfitted 260 rows, none of them labeled wrong, was
# 23% too confident and wrong on 7 of its 35 surest samples; models of wrong labels are 10% to 16% too cautious.
OVERCONFIDENT = 0.15
RULES = (
    Rule(
        KIND,
        words=(
            "Among validation and test samples, errors stay frequent where the model is most sure, while errors of "
            "overlapping classes vanish there: the lower end of the 95% interval of this remaining share is above "
            f"{MANY:.0%}. It is a note if the mean confidence is more than {OVERCONFIDENT:.0%} above the accuracy, "
            "since these may then be the model's own errors."
        ),
        source='Wichmann, Hill 2001, "The psychometric function: I. Fitting, sampling, and goodness of fit"',
        known_as="label errors, label issues in cleanlab",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Warn where many labels are wrong, and not only hard: also of what the model is most sure, many are.

    Classes that overlap make errors where a model is unsure; labels that are wrong by mistake are wrong everywhere.
    """
    count, judged = evidence.wrong_labels, evidence.judged
    if count is None or not judged or count.low < MANY * judged or learned_nothing(evidence.confusion):
        return
    underconfident = evidence.calibration is not None and evidence.calibration[1] < -SURE
    if count.count > MOST * judged or underconfident:  # the model is wrong or has hardly learned, not the labels
        return
    wrong, surest = evidence.sure or (0, 0)
    if not wrong:
        return
    overconfident = evidence.calibration is not None and evidence.calibration[1] > OVERCONFIDENT
    probably = "may be wrong" if overconfident else "are probably wrong"
    text = (
        f"At least {count.low:,} of {judged:,} validation and test labels ({count.low / judged:.1%}) {probably}: of "
        f"the {surest:,} samples of which the model is most sure, {wrong:,} are labeled as another class."
    )
    advice = "Look at the suspect labels with run.label_issues() or cutaway labels."
    record = {"count": count.count, "low": count.low, "high": count.high, "judged": judged, "sure": [wrong, surest]}
    if overconfident:
        advice += (
            " This model is too confident, so that these may be its own errors instead: stop earlier, and look again."
        )
        title = "Whether labels are wrong cannot be told by this model"
        yield Finding(KIND, "note", title, text, record, samples=evidence.named(KIND), advice=advice)
        return
    remedy = Remedy("drop the most suspect labels", change="drop-suspects")
    samples = evidence.named(KIND)
    yield Finding(KIND, "warning", "Many labels are probably wrong", text, record, remedy, samples, advice=advice)
