"""A validation loss that rises while training goes on."""

from collections.abc import Iterable, Mapping
from typing import Any

from cutaway.metrics import OVERFITTING_EPOCHS, OVERFITTING_RISE, Overfitting, watch_overfitting

from .divergence import first_divergence
from .records import Evidence, Finding

KIND = "overfitting"


def check(evidence: Evidence) -> Iterable[Finding]:
    """Compare the last validation loss with the best one; a training that diverged has its own finding."""
    history = evidence.history
    if not history or first_divergence(history):
        return
    if not all("val_loss" in row for row in history):
        text = "Overfitting shows in the validation loss, and this history does not have one for every epoch."
        yield Finding(KIND, "note", "Overfitting cannot be judged", text, {})
        return
    yield _finding(watch_overfitting(history), history[-1])


def _finding(measured: Overfitting, last: Mapping[str, Any]) -> Finding:
    best, epoch = measured.best_epoch, int(last["epoch"])
    evidence = {
        "best_epoch": best,
        "best_val_loss": measured.best_val_loss,
        "last_epoch": epoch,
        "gap": measured.gap,
        "rise": measured.rise,
    }
    lowest = f"The validation loss was lowest in epoch {best} ({measured.best_val_loss:.4f})"
    if measured.turned:
        text = (
            f"{lowest} and has risen to {last['val_loss']:.4f} in epoch {epoch}, while the training loss is "
            f"{last['loss']:.4f}. Later epochs mostly memorize the training data: use the snapshot of epoch {best}, "
            "stop earlier, or add dropout."
        )
        return Finding(KIND, "warning", f"Overfitting since epoch {best}", text, evidence)
    if best == epoch:
        text = f"{lowest}, which is the last one. More epochs may lower it further."
    else:
        text = (
            f"{lowest} and is {last['val_loss']:.4f} in epoch {epoch}. This counts as overfitting only after "
            f"{OVERFITTING_EPOCHS} epochs without improvement and a rise of {OVERFITTING_RISE:.0%}."
        )
    return Finding(KIND, "good", "No overfitting", text, evidence)
