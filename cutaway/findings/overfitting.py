"""A validation loss that rises while training goes on."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Any

from cutaway.metrics import OVERFITTING_EPOCHS, OVERFITTING_RISE, Overfitting, is_finite, watch_overfitting

from .baseline import learned_nothing
from .divergence import first_divergence
from .records import Evidence, Finding, Remedy, Rule
from .stalled import stalled_loss

KIND = "overfitting"

LEVEL = 0.05
"""Of the test of the rise. It is not divided by the number of epochs, of which the lowest was chosen: they are so alike
that a third of what is there would be found. Of 192 trainings on drawn data with 40 to 400 validation samples, none of
which was used to choose this, the loss of 20,000 other samples did not rise in 24: 1 was called overfitting, and 4
without the test. It rose by more than 5% in 87: of those with 112 samples or more, 54 of 58 were found, and of those
with 40, 8 of 29 (tests/findings/test_overfitting_chance.py draws some again)."""

UNTESTED = " Whether the rise may be chance cannot be told from this history."
STOP = Remedy("stop after 3 epochs without a lower validation loss, and keep the best", {"patience": 3})
RULES = (
    Rule(
        KIND,
        words=(
            f"The last {OVERFITTING_EPOCHS} epochs or more brought no lower validation loss, and the last one is "
            f"{OVERFITTING_RISE:.0%} or more above the lowest, whose weights are not those that are kept. Where the "
            "history has the standard error of the rise of the cross-entropy, as after a training by cutaway, the rise "
            f"is also more than could be chance in so few samples (paired by sample, one-sided, {LEVEL:.0%})."
        ),
        source='Prechelt 1998, "Early stopping - but when?"',
        known_as="overfitting, overtraining; Overfit and Overtraining in SageMaker Debugger",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Compare the last validation loss with the best one.

    A training that diverged has its own finding, and so has a loss that did not move.
    """
    history = evidence.history
    if not history or first_divergence(history) or stalled_loss(history):
        return
    if not all("val_loss" in row for row in history):
        text = "Overfitting shows in the validation loss, and this history does not have one for every epoch."
        yield Finding(KIND, "note", "Overfitting cannot be judged", text, {})
        return
    measured = watch_overfitting(history)
    rise = _rise(history, measured)
    found = _finding(measured, history[-1], evidence, rise)
    if found.severity == "good" and learned_nothing(evidence.confusion):
        text = "The model has learned too little to overfit: it is no better than always predicting one class."
        found = Finding(KIND, "note", "Overfitting cannot be judged", text, found.evidence)
    yield found


def is_clear(rise: float, error: float) -> bool:
    """Whether a rise of the loss is more than could be chance, by its standard error."""
    return rise > NormalDist().inv_cdf(1 - LEVEL) * error


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
    lowest = f"The validation loss was lowest in epoch {best} ({measured.best_val_loss:.4f})"
    keeps = f" This run keeps the weights of epoch {kept}"
    if measured.turned:
        rose = f"{lowest} and rose to {value:.4f} by epoch {epoch}, while the training loss was {last['loss']:.4f}."
        clear = rise is None or is_clear(*rise)
        if kept == best:
            title = f"The best epoch, {best}, is kept" + (": later ones overfit" if clear else "")
            return Finding(KIND, "good", title, f"{rose}{keeps}, so that the epochs after it do no harm.", evidence)
        instead = "" if kept in (None, epoch) else f"{keeps}."
        if rise is not None and not clear:
            samples = "" if known.val_samples is None else f"{known.val_samples:,} "
            chance = (
                f" The cross-entropy of the {samples}validation samples changed by {rise[0]:+.4f} on average, with a "
                f"standard error of {rise[1]:.4f}: that may be chance."
            )
            return Finding(KIND, "note", "Whether it overfits is not clear", f"{rose}{chance}{instead}", evidence)
        advice = (
            f"Later epochs mostly memorize the training data: use the snapshot of epoch {best}, stop earlier, or add "
            "dropout."
        )
        title, untested = f"Overfitting since epoch {best}", "" if rise else UNTESTED
        return Finding(KIND, "warning", title, f"{rose}{untested}{instead}", evidence, STOP, advice=advice)
    if best == epoch:
        text = f"{lowest}, the last one. More epochs may lower it further."
    else:
        text = f"{lowest}. {_later(measured, epoch, value)}"
        text += "" if kept is None else f"{keeps}." if kept == best else f"{keeps}, not those of the lowest loss."
    return Finding(KIND, "good", "No overfitting", text, evidence)


def _later(measured: Overfitting, epoch: int, value: float) -> str:
    """Why a last loss above the lowest one is no overfitting."""
    rise = measured.rise / abs(measured.best_val_loss) if measured.best_val_loss else 0.0
    if rise < OVERFITTING_RISE:
        return f"In epoch {epoch} it is {value:.4f}; a rise of less than {OVERFITTING_RISE:.0%} is not overfitting."
    return (
        f"In epoch {epoch} it is {value:.4f}, which may be chance: it counts as overfitting when it stays above the "
        f"lowest for {OVERFITTING_EPOCHS} epochs."
    )
