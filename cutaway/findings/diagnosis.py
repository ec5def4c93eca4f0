"""What was found, in words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cutaway.errors import DataError
from cutaway.metrics import check_counts, is_finite, top_confusions, watch_overfitting

LOSSES = {"loss": "training loss", "val_loss": "validation loss"}
SHOWN_CONFUSIONS = 3
# A convention, no law: a layer that can do without a tenth of its units is larger than it needs to be.
MANY_DEAD = 0.10
# Two thousand test answers at 97 % scatter by 0.4 points, so two points are more than chance.
FAR_FROM_VALIDATION = 0.02


@dataclass(frozen=True)
class Finding:
    """One thing that a person should look at, or need not worry about.

    Attributes:
        kind: "divergence", "overfitting", "confusion", "dead-units" or "test".
        severity: "good", "note" or "warning".
        title: A few words without a full stop.
        text: One or more plain sentences with the numbers.
        evidence: The numbers themselves, ready for JSON.
    """

    kind: str
    severity: Literal["good", "note", "warning"]
    title: str
    text: str
    evidence: dict[str, Any]


def diagnose(
    history: Sequence[Mapping[str, Any]],
    *,
    matrix: np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
    dead: Mapping[str, tuple[int, int]] | None = None,
    test_accuracy: float | None = None,
    samples: tuple[int, int] | None = None,
) -> tuple[Finding, ...]:
    """Say what stands out in a run: its learning curves, its confusions, its dead units, its test against validation.

    Args:
        history: One row an epoch, in order, with "epoch" (from 1) and Keras' metric names; empty for a model that was
            not trained here.
        matrix: int (true, predicted), counts; no finding on confusions without it.
        class_names: Names of the classes in the matrix's order; their numbers where left out.
        dead: For each layer, units that never fire on the data and units in all; no finding without it.
        test_accuracy: 0..1; no finding on the test without it.
        samples: Numbers of validation and test samples, by which chance is told from a difference.

    Raises:
        DataError: The matrix is no matrix of counts, or the class names are not as many as its rows.
    """
    findings = _read_curves(history) if history else []
    if matrix is not None:
        findings.append(_read_confusions(check_counts(matrix), class_names))
    if dead:
        findings.extend(_read_dead(dead))
    if test_accuracy is not None:
        findings.append(_read_test(test_accuracy, history[-1].get("val_accuracy") if history else None, samples))
    return tuple(findings)


def _read_curves(history: Sequence[Mapping[str, Any]]) -> list[Finding]:
    for row in history:
        broken = [name for name in LOSSES if name in row and not is_finite(row[name])]
        if broken:
            text = (
                f"The {LOSSES[broken[0]]} stopped being a finite number in epoch {row['epoch']}. "
                "A smaller learning rate usually keeps it finite."
            )
            evidence = {"epoch": row["epoch"], "metric": broken[0]}
            return [Finding("divergence", "warning", "Training diverged", text, evidence)]
    if not all("val_loss" in row for row in history):
        text = "Without a validation loss for every epoch nobody can tell whether the network overfits."
        return [Finding("overfitting", "note", "Overfitting cannot be judged", text, {})]
    return [_read_overfitting(history)]


def _read_overfitting(history: Sequence[Mapping[str, Any]]) -> Finding:
    seen, last = watch_overfitting(history), history[-1]
    evidence = {
        "best_epoch": seen.best_epoch,
        "best_val_loss": seen.best_val_loss,
        "last_epoch": int(last["epoch"]),
        "gap": seen.gap,
        "rise": seen.rise,
    }
    best = f"The validation loss was lowest in epoch {seen.best_epoch} ({seen.best_val_loss:.4f})"
    now = f"{last['val_loss']:.4f} in epoch {last['epoch']}"
    if seen.turned:
        text = (
            f"{best} and has risen to {now}, while the training loss stands at {last['loss']:.4f}. "
            f"Later epochs learn the training data by heart: use the snapshot of epoch {seen.best_epoch}, "
            "stop earlier, or add dropout."
        )
        return Finding("overfitting", "warning", f"Overfitting since epoch {seen.best_epoch}", text, evidence)
    if seen.best_epoch == last["epoch"]:
        text = f"{best}, the last one. More epochs may still improve it."
    else:
        text = f"{best} and is {now}, which is no clear rise yet."
    return Finding("overfitting", "good", "No overfitting", text, evidence)


def _read_confusions(matrix: np.ndarray, class_names: Sequence[str] | None) -> Finding:
    names = [str(number) for number in range(len(matrix))] if class_names is None else list(class_names)
    if len(names) != len(matrix):
        raise DataError(
            "each row of the confusion matrix has one class name",
            got=f"{len(names)} names for {len(matrix)} rows",
            hint="pass the names in the order of the class numbers",
        )
    samples, wrong = int(matrix.sum()), int(matrix.sum() - np.trace(matrix))
    confusions = top_confusions(matrix, SHOWN_CONFUSIONS)
    evidence = {
        "samples": samples,
        "wrong": wrong,
        "pairs": [
            {"true": names[each.true], "predicted": names[each.predicted], "count": each.count, "share": each.share}
            for each in confusions
        ],
    }
    if not confusions:
        text = f"All {samples:,} answers are right."
        return Finding("confusion", "good", "No class is taken for another", text, evidence)
    pairs = "; ".join(
        f"{names[each.true]} for {names[each.predicted]}, {_times(each.count)} ({_percent(each.share)} of all "
        f"{names[each.true]})"
        for each in confusions
    )
    text = f"{wrong:,} of {samples:,} answers are wrong ({_percent(wrong / samples)}). Taken most often: {pairs}."
    title = f"{names[confusions[0].true]} is most often taken for {names[confusions[0].predicted]}"
    return Finding("confusion", "note", title, text, evidence)


def _read_dead(dead: Mapping[str, tuple[int, int]]) -> list[Finding]:
    if not any(count for count, _ in dead.values()):
        text = f"Every unit of {', '.join(dead)} fires on some sample."
        layers = {layer: {"dead": 0, "units": units} for layer, (_, units) in dead.items()}
        return [Finding("dead-units", "good", "No dead units", text, {"layers": layers})]
    return [_read_dead_layer(layer, count, units) for layer, (count, units) in dead.items() if count]


def _read_dead_layer(layer: str, count: int, units: int) -> Finding:
    share = count / units
    text = f"{count:,} of the {units:,} units of {layer} ({_percent(share)}) never fire on the data"
    evidence = {"layer": layer, "dead": count, "units": units, "share": share}
    if share > MANY_DEAD:
        text += "; a smaller layer, a smaller learning rate or another activation would waste fewer."
        return Finding("dead-units", "warning", f"Many dead units in {layer}", text, evidence)
    return Finding("dead-units", "note", f"A few dead units in {layer}", f"{text}.", evidence)


def _read_test(test_accuracy: float, val_accuracy: float | None, samples: tuple[int, int] | None) -> Finding:
    if val_accuracy is None:
        text = f"The test accuracy is {_percent(test_accuracy)}; there is no validation accuracy to compare it with."
        return Finding("test", "note", "Test accuracy", text, {"test_accuracy": test_accuracy})
    difference = test_accuracy - val_accuracy
    evidence = {"test_accuracy": test_accuracy, "val_accuracy": val_accuracy, "difference": difference}
    text = f"The test accuracy is {_percent(test_accuracy)}, the validation accuracy {_percent(val_accuracy)}"
    points = f"{abs(difference) * 100:.2f} points"
    far = FAR_FROM_VALIDATION
    if samples:  # three standard deviations of the difference of two shares
        spread = test_accuracy * (1 - test_accuracy) / samples[1] + val_accuracy * (1 - val_accuracy) / samples[0]
        far = max(far, 3 * math.sqrt(spread))
    if difference < -far:
        text += f", {points} above it: the test data differ, or choices were fitted to the validation data."
        return Finding("test", "warning", "The test falls short of the validation", text, evidence)
    if difference > far:
        text += f", {points} below it: the test data are easier than the validation data."
        return Finding("test", "note", "The test exceeds the validation", text, evidence)
    return Finding("test", "good", "The test agrees with the validation", f"{text}: they agree.", evidence)


def _percent(share: float) -> str:
    return f"{share:.2%}".replace("%", " %")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
