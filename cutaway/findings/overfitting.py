"""Does the model fit its training samples too well or not well enough, and are its probabilities right?"""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from cutaway.metrics import (
    OVERFITTING_EPOCHS,
    OVERFITTING_RISE,
    Overfitting,
    best_epoch,
    is_finite,
    watch_overfitting,
    wilson_interval,
)
from cutaway.words import percent

from .records import Evidence, Finding, Remedy, Rule, check
from .simpler_models import BETTER_LEVEL, learned_nothing
from .splits import chance_of
from .steps import first_divergence, stalled_loss

# No usual rule keeps an epoch with the highest loss of so many when another one is more accurate as well.
WORST_OF = 5


@check(
    Rule(
        "kept-epoch",
        words=(
            "The epoch whose weights are kept is neither the last one nor the one with the lowest validation loss, and "
            "the latter was right for more of the same validation samples: Fisher's exact test has a p-value below "
            "{BETTER_LEVEL:g}, or, of {WORST_OF} epochs or more, the kept one has the highest validation loss."
        ),
        source="Keras, https://keras.io/api/callbacks/early_stopping/",
        known_as="wrong checkpoint; EarlyStopping or ModelCheckpoint with the wrong mode or monitor",
        about=(
            "A callback chose the weights of an epoch that was clearly worse than another one of the same training, "
            "such as the one with the highest loss."
        ),
        advice=(
            "Look at monitor and mode of EarlyStopping or ModelCheckpoint, and at which weights they restore: "
            'val_loss needs mode="min".'
        ),
        title="Epoch {kept} is kept, and epoch {best} was better",
        text=(
            "Epoch {kept}, whose weights are kept, was right for {accuracy:.1%} of the validation samples, and epoch "
            "{best} for {best_accuracy:.1%}."
        ),
    ),
)
def kept_epoch(evidence: Evidence) -> Iterable[Finding]:
    """Compare the kept epoch with the best one; where the last one is kept, `overfitting` does."""
    accuracies = {row["epoch"]: row.get("val_accuracy") or 0 for row in evidence.history}
    kept, best, samples = evidence.kept_epoch, best_epoch(evidence.history), evidence.val_samples or 0
    low, high = accuracies.get(kept, 0), accuracies.get(best, 0)
    if not 0 < low < high <= 1 or kept == max(accuracies):
        return
    worst = max(evidence.history, key=lambda row: row.get("val_loss") or 0.0)["epoch"]
    is_worst = kept == worst and len(accuracies) >= WORST_OF
    if is_worst or chance_of((round(low * samples), samples), (round(high * samples), samples)) < BETTER_LEVEL:
        record = {"kept": kept, "best": best, "accuracy": low, "best_accuracy": high}
        yield Finding("kept-epoch", "warning", evidence=record)


RISE_LEVEL = 0.05
"""Level of the test of the rise. It is not divided by the number of epochs, although the lowest was chosen: they are so
alike that only a third of the cases would be found. Of 192 trainings on drawn data with 40 to 400 validation samples,
none of which was used to choose this, the loss of 20,000 other samples did not rise in 24: 1 was called overfitting,
and 4 without the test. It rose by more than 5% in 87: of those with 112 samples or more, 54 of 58 were found, and of
those with 40, 8 of 29 (tests/findings/test_overfitting_chance.py draws some again)."""

UNTESTED = " This history does not show whether the rise is more than chance."
STOP = Remedy("stop after 3 epochs without a lower validation loss, and keep the best", {"patience": 3})
# A model that is right so many points more often on its training samples than on others is no model without
# overfitting; networks that memorize every training sample are within the first on data that they suit.
GAP, WIDE_GAP, GAP_ERRORS = 0.1, 0.25, 3.0


@check(
    Rule(
        "overfitting",
        words=(
            f"The last {OVERFITTING_EPOCHS} epochs or more brought no lower validation loss, and the last one is "
            f"{OVERFITTING_RISE:.0%} or more above the lowest, whose weights are not those that are kept. "
            "Where the "
            "history has the standard error of the rise of the cross-entropy, as after a training by cutaway, the rise "
            "is also more than could be chance in so few samples (paired by sample, one-sided, "
            "{RISE_LEVEL:.0%}); where it has not, a note if the second half of the epochs before had a rise "
            "of half the height or more that was undone. Without such a rise also where the accuracy on training "
            "samples is more than {WIDE_GAP:.0%} above the validation accuracy, and by {GAP_ERRORS:g} "
            "standard errors or more; a note from {GAP:.0%}."
        ),
        source='Prechelt 1998, "Early stopping - but when?"',
        known_as="overfitting, overtraining; Overfit and Overtraining in SageMaker Debugger",
        about="The model goes on learning what holds for its training samples only, and gets worse on others.",
        advice=(
            "Stop earlier and keep the best epoch; more data, augmentation, dropout or a smaller model help as well."
        ),
    ),
)
def overfitting(evidence: Evidence) -> Iterable[Finding]:
    """Compare the last validation loss with the best one.

    A training that diverged has its own finding, and so has a loss that did not move.
    """
    history = evidence.history
    if not history or first_divergence(history) or stalled_loss(history):
        return
    if not all("val_loss" in row for row in history):
        text = "Overfitting shows in the validation loss, and this history does not have one for every epoch."
        yield Finding("overfitting", "note", "Overfitting cannot be judged", text, {})
        return
    measured = watch_overfitting(history)
    rise = _rise(history, measured)
    found = _finding(measured, history[-1], evidence, rise)
    if found.severity == "good" and not measured.turned:
        found = _by_accuracy(evidence, found.evidence) or found
    if found.severity == "good" and learned_nothing(evidence):
        text = "The model has learned too little to overfit: it is no better than always predicting one class."
        found = Finding("overfitting", "note", "Overfitting cannot be judged", text, found.evidence)
    yield found


def _by_accuracy(known: Evidence, record: Mapping[str, Any]) -> Finding | None:
    """What accuracies show where the validation loss has not risen; None if training samples are no easier."""
    in_training, in_use, held_out = known.accuracies
    best, samples = max(in_training or 0.0, in_use or 0.0), known.val_samples
    if held_out is None:
        return None
    error = (held_out * (1 - held_out) / (samples or math.inf)) ** 0.5
    if known.errors:  # half of what its interval reaches up
        error = (known.errors[0].interval[1] - known.errors[0].r2) / 2
    if best - held_out <= max(GAP, GAP_ERRORS * error):
        return None
    kinds = ("training samples in training", "training samples in use", "validation samples")
    shares = (f"{percent(each, 1)} of {kind}" for kind, each in zip(kinds, known.accuracies, strict=True) if each)
    what = "Explained of the variance" if known.targets else "Predicted correctly"
    text = f"{what}: {', '.join(shares)}; the validation loss shows no lasting rise."
    shown: dict[str, Any] = {**record, **known.accuracies._asdict()}
    if samples and not known.targets:
        low, high = wilson_interval(round(held_out * samples), samples)
        shown["gap_interval"] = gap = best - high, best - low
        text += " The gap is {:.0%} to {:.0%} (95% interval).".format(*gap)
    advice = "More data, augmentation, dropout or a smaller model may help."
    if (best if in_use is None else in_use) - held_out <= WIDE_GAP:
        return Finding("overfitting", "note", "Better on training samples than on others", text, shown, advice=advice)
    return Finding("overfitting", "warning", "Overfitting", text, shown, advice=advice)


def is_clear(rise: float, error: float) -> bool:
    """Whether a rise of the loss is more than could be chance, by its standard error."""
    return rise > NormalDist().inv_cdf(1 - RISE_LEVEL) * error


def _rise(history: Sequence[Mapping[str, Any]], measured: Overfitting) -> tuple[float, float] | None:
    """By how much the cross-entropy rose from the best epoch to the last, and the standard error; None if unknown."""
    last = history[-1]
    best = next(row for row in history if row["epoch"] == measured.best_epoch)
    values = [row.get("val_cross_entropy") for row in (last, best)]
    if not all(is_finite(value) for value in (*values, last.get("rise_error"))):
        return None
    return float(last["val_cross_entropy"]) - float(best["val_cross_entropy"]), float(last["rise_error"])


def _finding(
    measured: Overfitting, last: Mapping[str, Any], known: Evidence, rise: tuple[float, float] | None
) -> Finding:
    best, epoch, value, kept = measured.best_epoch, int(last["epoch"]), float(last["val_loss"]), known.kept_epoch
    evidence = {
        "best_epoch": best,
        "best_val_loss": measured.best_val_loss,
        "last_epoch": epoch,
        "kept_epoch": kept,
        "gap": measured.gap,
        "rise": measured.rise,
        "rise_error": None if rise is None else rise[1],
    }
    severity, title, remedy = "good", "No overfitting", None
    text = f"The validation loss was lowest in epoch {best} ({measured.best_val_loss:.4f})"
    if best == epoch:
        text += ", the last one. More epochs may lower it further."
    else:
        text += f" and {value:.4f} in epoch {epoch}, where the training loss was {last['loss']:.4f}."
        text += "" if kept is None else f" This run keeps the weights of epoch {kept}."
    if measured.turned:
        # the largest rise that a later epoch undid, when the loss was low already
        before = np.array([row["val_loss"] for row in known.history[best // 2 : best]])
        undone = (before - np.minimum.accumulate(before)).max()
        is_chance = not is_clear(*rise) if rise else measured.rise < 2 * undone
        if kept == best:
            title = f"The best epoch, {best}, is kept" + ("" if is_chance else ": later ones overfit")
        elif is_chance:
            severity, title = "note", "It is unclear whether the model overfits"
            text += (
                f" The cross-entropy of the validation samples changed by {rise[0]:+.4f} on average, with a standard "
                f"error of {rise[1]:.4f}: that may be chance."
                if rise
                else " It rose by half as much before, and fell again."
            )
        else:
            severity, title, remedy = "warning", f"Overfitting since epoch {best}", STOP
            text += "" if rise else UNTESTED
    return Finding("overfitting", severity, title, text, evidence, remedy)


OVERCONFIDENT = 0.05
OVERCONFIDENT_ERRORS = 4.0
# A few confident mistakes do not show how often the model makes them.
LEAST_JUDGED = 10
# Few epochs and smoothed labels make a model underconfident, which does little harm: by 25% in healthy runs.
UNDERCONFIDENT = 0.3
TEMPERATURE = Remedy("divide the logits by a temperature fitted on the validation samples", change="temperature")


@check(
    Rule(
        "miscalibration",
        words=(
            "On the test samples, or the validation samples without any, the mean confidence is above the accuracy by "
            "more than {OVERCONFIDENT:.0%} and {OVERCONFIDENT_ERRORS:g} standard errors, of an exact binomial "
            "interval, or below it by more than {UNDERCONFIDENT:.0%}. Not judged on fewer than "
            "{LEAST_JUDGED} samples."
        ),
        source='Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks"',
        known_as="overconfidence, underconfidence; calibration score in deepchecks",
        about=(
            "The probabilities do not say how often the model is right, so thresholds and expected costs are "
            "wrong; the predicted classes do not change. A temperature that is fitted on validation samples "
            "corrects it."
        ),
    ),
)
def miscalibration(evidence: Evidence) -> Iterable[Finding]:
    """Compare the mean confidence with the accuracy."""
    samples = evidence.test_samples or evidence.val_samples
    if evidence.calibration is None or (samples is not None and samples < LEAST_JUDGED):
        return
    error, difference, deviation = evidence.calibration
    smoothing = evidence.config.get("label_smoothing") or 0.0
    if -UNDERCONFIDENT <= difference <= max(OVERCONFIDENT, OVERCONFIDENT_ERRORS * deviation):
        return
    record = {"ece": error, "difference": difference}
    over, under = TEMPERATURE if evidence.val_samples else None, difference < 0
    text = f"The mean confidence on the {evidence.held_out} samples is {percent(abs(difference), 1)} "
    if under:
        text += "below the accuracy: the model is right more often than it says."
        help_too = f"{'less label smoothing or ' if smoothing else ''}more epochs raise the confidence"
        settings = {"label_smoothing": 0.0} if smoothing else {}
        words = "train without label smoothing"
    else:
        text += "above the accuracy: an answer that is called 95% sure is right less often."
        help_too = "stopping earlier and label smoothing lower the confidence"
        settings = {"patience": 3} if smoothing else {"label_smoothing": 0.05, "patience": 3}
        words = "stop early" if smoothing else "smooth the labels by 0.05 and stop early"
    remedy = over or (Remedy(words, settings) if settings else None)
    advice = f"Fit a temperature on validation samples, without another training; {help_too} as well."
    title = f"The model is {'under' if under else 'over'}confident"
    samples = evidence.named("miscalibration", "under" if under else "over")
    yield Finding("miscalibration", "warning", title, text, record, remedy, samples, advice=advice)
