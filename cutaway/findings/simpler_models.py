"""Is the model better than simpler ones: one answer for all samples, a linear model, boosted trees?"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from cutaway.errors import Hint
from cutaway.metrics import PerClass, mcnemar, paired_difference_interval
from cutaway.words import listed, percent

from .records import BALANCED, Evidence, Finding, Remedy, Rule, check, class_in_words

# A model that finds a tenth of the samples outside of its most frequent class does more than repeat one answer.
FEW_OTHERS = 0.10
# One or two samples of other classes are too few to judge.
LEAST_OTHERS = 3
# Two standard errors: with less, the next test samples may well turn the comparison around.
BETTER_ERRORS = 2.0
HALF = 0.5
# Standard errors of agreement above chance between true and predicted classes: of models that have learned nothing,
# one in a thousand passes.
TOLD_APART = 3.1
# Classes are of uneven size if the largest one exceeds its equal share by half.
UNEVEN_CLASSES = 1.5


@check(
    Rule(
        "baseline",
        words=(
            "On the test samples, or the validation samples without any, the accuracy is not above that of always "
            "giving the largest class by {BETTER_ERRORS:g} standard errors of the difference; or all but "
            "{FEW_OTHERS:.0%} of the samples of other classes are predicted as one class. A note where true "
            "and "
            "predicted classes agree by {TOLD_APART:g} standard errors more than by chance (Cohen's kappa), and where "
            "the 95% interval of the difference reaches to a model with half of the mistakes of that answer."
        ),
        source=(
            'McNemar 1947, "Note on the sampling error of the difference between correlated proportions or '
            'percentages"; Fleiss, Cohen, Everitt 1969 for the error of kappa'
        ),
        known_as="predicts the majority class; simple model comparison in deepchecks",
        about=(
            "The model has learned nothing that helps to predict the class. Look for its cause first: labels "
            "in another order than the samples, inputs that do not tell the class, a wrong loss, or a training "
            "that failed."
        ),
        text=(
            "The accuracy on {samples:,} held-out samples is {accuracy:.2%}; always predicting the largest class, "
            "{largest_class}, would give {baseline:.2%}."
        ),
    ),
)
def baseline(evidence: Evidence) -> Iterable[Finding]:
    """Warn of a model that predicts one class for everything, or is no better than that would be."""
    measured, names = evidence.measured, evidence.names
    if measured is None:
        return
    one, text, title = only_prediction(measured), "", "No better than always predicting one class"
    severity, remedy, advice = "warning", evidence.default_rate, _next_step(evidence, measured)
    if _is_uneven(measured) and not evidence.config.get("class_weight"):
        remedy = BALANCED
    if one is not None:
        title, predicted = f"Nearly every prediction is {class_in_words(names[one])}", int(measured.predicted[one])
        text = f"Of the predictions {predicted:,} are this class."
    elif not _no_better(measured):
        return
    # so few samples do not tell it from a model with half of the mistakes
    elif paired_difference_interval(*_differing(measured), measured.total)[1] >= HALF * (1 - measured.baseline):
        severity, remedy, advice = "note", None, ""
        title = "Too few samples to show that the model beats always predicting one class"
        text = "Such a difference may be chance, and so may that of a model that makes half of these mistakes."
    elif agreement(measured) > TOLD_APART:
        severity, remedy, title = "note", None, "Its accuracy does not show what it has learned"
        text = f"The mean recall of the classes, {percent(measured.balanced_accuracy)}, is better than chance."
        advice = "Judge it by the balanced accuracy, or by the area under the ROC curve (run.thresholds())."
    record = {
        "accuracy": measured.accuracy,
        "baseline": measured.baseline,
        "largest_class": names[measured.largest],
        "balanced_accuracy": measured.balanced_accuracy,
        "samples": measured.total,
    }
    yield Finding("baseline", severity, title, text, record, remedy, advice=advice)


def learned_nothing(evidence: Evidence) -> bool:
    """Whether the confusion matrix is no better than always predicting one class; False if it is unknown."""
    measured = evidence.measured
    if measured is None:
        return False
    return only_prediction(measured) is not None or (_no_better(measured) and agreement(measured) <= TOLD_APART)


def predicts_poorly(evidence: Evidence) -> bool:
    """Whether the accuracy is nearer to always predicting one class than to no mistakes.

    The accuracy on test samples counts, or on validation samples without any; if that is unknown, the last one of
    the history. False if none is known. Of numbers it is R2, and 0 for always predicting the mean.
    """
    if (measured := evidence.measured) is not None:
        score, baseline = measured.accuracy, measured.baseline
    else:
        last = evidence.history[-1] if evidence.history else {}
        score, baseline = last.get("val_accuracy", last.get("accuracy")), 1 / (evidence.classes or 2)
        if score is None:
            score, baseline = last.get("val_r2", last.get("r2")), 0.0
    return score is not None and _is_poor(score, baseline)


def _is_poor(accuracy: float, baseline: float) -> bool:
    return accuracy - baseline < HALF * (1 - baseline)


def only_prediction(measured: PerClass) -> int | None:
    """The class that is nearly always predicted although others have a few samples; None if there is no such class."""
    samples, most = measured.total, int(measured.predicted.argmax())
    others = samples - int(measured.samples[most])
    return most if others >= LEAST_OTHERS and samples - measured.predicted[most] <= FEW_OTHERS * others else None


def baseline_words(measured: PerClass, names: Sequence[str]) -> str:
    """What always predicting the largest class would give, as a sentence that starts in lower case."""
    return (
        f"always predicting {class_in_words(names[measured.largest])}, the largest, would give "
        f"{percent(measured.baseline)}."
    )


def _no_better(measured: PerClass) -> bool:
    """Whether the accuracy is not above the baseline by two standard errors of the difference.

    Both are measured on the same samples, so only samples with different answers count: the model is right and
    the baseline is not, or the other way around (McNemar's test without its correction). A model with less than half
    of the baseline's mistakes passes: then the test samples are few, not the model poor.
    """
    if 1 - measured.accuracy <= HALF * (1 - measured.baseline):
        return False
    gained, lost = _differing(measured)
    return gained - lost <= BETTER_ERRORS * math.sqrt(gained + lost)


def agreement(measured: PerClass) -> float:
    """By how many standard errors true and predicted classes agree more often than by chance.

    The error is for predictions that know nothing of the class, given how often each class is true and predicted.
    """
    true, predicted = measured.samples / measured.total, measured.predicted / measured.total
    by_chance = float(true @ predicted)
    variance = by_chance + by_chance**2 - float((true * predicted) @ (true + predicted))
    return (measured.accuracy - by_chance) * math.sqrt(measured.total / variance) if variance > 0 else 0.0


def _differing(measured: PerClass) -> tuple[int, int]:
    """Samples that only the model predicts correctly, and samples that only the baseline does."""
    largest = measured.largest
    gained = int(measured.correct.sum() - measured.correct[largest])
    return gained, int(measured.samples[largest] - measured.correct[largest])


def _is_uneven(measured: PerClass) -> bool:
    return measured.baseline >= UNEVEN_CLASSES / max(int((measured.samples > 0).sum()), 1)


def _next_step(evidence: Evidence, measured: PerClass) -> str:
    if _is_uneven(measured):
        return Hint(
            "Try {} and judge by balanced accuracy: the classes are of very different size.", class_weight="balanced"
        )
    right, known = evidence.trained or (0, 0)
    if known and not _is_poor(right / known, measured.baseline):
        return (
            f"The model knows {percent(right / known, 0)} of its training samples and no others: check that labels are "
            "those of their samples, and whether these inputs can tell the classes apart at all."
        )
    return "Check the scale of the inputs, and try another learning rate or more epochs."


# This check runs on every table, so one healthy run in a hundred may get a difference by chance.
BETTER_LEVEL = 0.01
BETTER_MARGIN = 0.01
# A model that predicts so many more of its training samples than of others is too large; another one may be too small.
TOO_LARGE_GAP = 0.05
# If a model may be better by more than this, no finding says that it is not better.
ALIKE = 0.02
# Of numbers, these are shares of ten times the squared error of the network: a tenth of it is 5% of the RMSE.
OF_ERROR = 10
KINDS = ("simpler-model", "overlapping-classes")
SHARE = "The network is right on {accuracy:.1%} of {samples:,} held-out samples."
VARIANCE = "The network explains {r2:.1%} of the variance of {samples:,} held-out samples (R2)."


@check(
    Rule(
        "simpler-model",
        words=(
            "A linear model (logistic regression) or boosted trees, trained on the same training samples (up to "
            "10,000), are right for more of the same held-out samples (up to 5,000): McNemar's test, corrected for "
            "both, has a p-value below {BETTER_LEVEL:g}, and the difference is {BETTER_MARGIN:.0%} or more. "
            "Good where the 95% interval of no difference reaches "
            "{ALIKE:.0%}, and no model has a lower log loss (signs of the differences of samples exchanged, "
            "the same level); otherwise a note. Of numbers R2 is compared (signs exchanged), and differences are "
            "{OF_ERROR} times as large parts of what the network does not explain. "
            "For tables, once cutaway.doctor has compared them; not with weights of classes or samples."
        ),
        source=(
            "McNemar 1947; Pitman 1937 for losses; Newcombe 1998 for the interval; Grinsztajn, Oyallon, Varoquaux "
            '2022, "Why do tree-based models still outperform deep learning on tabular data?"'
        ),
        known_as="simple model comparison in deepchecks; baseline comparison",
        about=(
            "What a network costs is worth it only if it predicts better. If a simpler model does, use it, or "
            "find out what keeps the network from learning: scale, learning rate, epochs, or too few samples."
        ),
    ),
    Rule(
        "overlapping-classes",
        words=(
            "In the comparison of simpler-model all differences may be chance, no model has a lower log loss, and the "
            "accuracy of the network, which has learned something, is nearer to that of always giving the largest "
            "class than to 100%. For classes of similar size."
        ),
        source="McNemar 1947; Newcombe 1998 for the interval",
        known_as="class overlap, irreducible error, Bayes error",
        about=(
            "Samples of different classes seem to have the same values in these columns. Then no model can tell them "
            "apart, and only columns that measure how the classes differ would help."
        ),
        title="The classes may overlap in these columns",
    ),
)
def simpler_model(evidence: Evidence) -> Iterable[Finding]:
    """Compare a network with simpler models on the same samples."""
    models = evidence.simpler_models
    if not models or evidence.config.get("class_weight"):  # class weights trade accuracy for balance
        return
    best = max(models, key=lambda each: each.difference)
    score, difference, scale = (best.correct - best.won + best.lost) / best.samples, best.difference, 1.0
    measure, said, better = "accuracy", SHARE, "would be right more often"
    scores = {each.name: each.correct / each.samples for each in models}
    chance = mcnemar(best.won, best.lost).p_value
    if best.of_numbers and best.losses:
        measure, said, better = "r2", VARIANCE, "would predict better"
        score, scale = 1 - best.losses[0], OF_ERROR * best.losses[0]
        scores, chance = {each.name: score + each.difference for each in models}, best.p_value
    p = min(1.0, len(models) * chance)
    intervals = {each.name: each.interval for each in models}
    record: dict[str, Any] = {
        measure: score,
        "models": scores,
        "difference": difference,
        "interval": list(intervals[best.name]),
        "p": p,
        "samples": best.samples,
    }
    if not best.of_numbers:
        record["log_loss_gains"] = {each.name: each.gain for each in models}
    shares = [
        f"{name} {percent(record['models'][name], 1)} ({100 * low:+.1f} to {100 * high:+.1f} points)"
        for name, (low, high) in intervals.items()
    ]
    text = f"{said.format(**record)} Other models, with the 95% interval of the difference: {listed(shares)}."
    by_loss = () if best.of_numbers else models
    surer = next((each for each in by_loss if each.gain > 0 and len(models) * each.p_value < BETTER_LEVEL), None)
    if surer is not None and surer.losses is not None:
        text += " The log loss of {} is {:.3f}, and that of the network {:.3f}.".format(surer.name, *surer.losses[::-1])
    if p < BETTER_LEVEL and difference >= BETTER_MARGIN * scale:
        correct, known = evidence.trained or (0, 0)
        is_too_large = bool(known) and correct / known - score > TOO_LARGE_GAP
        other = "a smaller or more regularized network" if is_too_large else "a larger network"
        sweep = "" if best.of_numbers else " (cutaway sweep)"
        advice = f"Try {other}, or other settings{sweep}; if none is as good, use the other model."
        remedy = Remedy(f"use {best.name}, or find a network that is as good", untried="it is another kind of model")
        title = f"{best.name.capitalize()} {better}"
        yield Finding("simpler-model", "warning", title, text, record, remedy, advice=advice, leads=False)
    elif surer is not None:
        title = f"{surer.name.capitalize()} would give better probabilities"
        yield Finding("simpler-model", "note", title, text, record)
    elif _may_overlap(evidence) and _are_alike(intervals.values()):
        advice = "Look for columns that tell the classes apart: another kind of model is unlikely to help much."
        yield Finding("overlapping-classes", "note", "", text, record, advice=advice)
    elif max(high for _, high in intervals.values()) >= ALIKE * scale:
        yield Finding("simpler-model", "note", "It is unclear whether a simpler model would do better", text, record)
    elif score > 0 and not learned_nothing(evidence):  # one answer for all is simpler still
        yield Finding("simpler-model", "good", "No simpler model is better", text, record)


def _may_overlap(evidence: Evidence) -> bool:
    """Whether the classes are of similar size, and something is learned, but little."""
    is_similar = evidence.measured is not None and not _is_uneven(evidence.measured)
    return is_similar and predicts_poorly(evidence) and not learned_nothing(evidence)


def _are_alike(intervals: Iterable[tuple[float, float]]) -> bool:
    """Whether each difference may be chance, of two kinds of models or more."""
    known = [low <= 0 <= high for low, high in intervals]
    return len(known) > 1 and all(known)


def underperforms(evidence: Evidence) -> bool:
    """Whether a model predicts poorly, or another kind is right more often, so more could be learned."""
    return predicts_poorly(evidence) or is_beaten(evidence)


def is_beaten(evidence: Evidence) -> bool:
    """Whether another kind of model is right more often."""
    return any(each.severity == "warning" for each in simpler_model(evidence))
