"""Whether Keras and the recorder measured the same: the check that a model was fed what the recorder thinks it was."""

import math
from collections.abc import Mapping
from typing import Any

from cutaway.errors import RunError

ACCURACIES = ("val_accuracy", "val_acc", "val_sparse_categorical_accuracy", "val_categorical_accuracy")
CROSS_ENTROPIES = ("sparse_categorical_crossentropy", "categorical_crossentropy")

ROUNDING = 0.002
"""Two evaluations of the same samples differ by less: a batch of another size is rounded differently, and a sample on
the border between two classes may change sides."""

CHANCE = 5.0
"""Standard errors by which the accuracies of two samples of one population differ at most."""


def check_agreement(
    logs: Mapping[str, Any],
    ours: Mapping[str, float],
    *,
    samples: int,
    theirs: int | None,
    loss: str | None,
    inputs: str,
) -> None:
    """Compare Keras' validation metrics with our own.

    Args:
        logs: What Keras logged at the end of an epoch.
        ours: Our "loss" and "accuracy" with the same weights.
        samples: The number of samples that ours are measured on.
        theirs: The number of samples that Keras measured, where these are others; None where they are the same.
        loss: Name of the loss function; None where the logged loss is more than its mean over the samples.
        inputs: What we fed the model: "scaled" or "raw".

    Raises:
        RunError: They differ by more than rounding or, on other samples, by more than chance allows.
    """
    name = next((name for name in ACCURACIES if isinstance(logs.get(name), int | float)), None)
    if name is not None:
        logged, measured = float(logs[name]), ours["accuracy"]
        allowed = max(ROUNDING, 2 / samples)
        if theirs is not None:
            share = min(max((logged + measured) / 2, 0.05), 0.95)
            allowed = 0.05 + CHANCE * math.sqrt(share * (1 - share) * (1 / samples + 1 / theirs))
        if math.isfinite(logged) and abs(logged - measured) > allowed:
            raise _disagreement(name, logged, measured, samples=samples, same=theirs is None, inputs=inputs)
    mean = logs.get("val_loss")
    if theirs is not None or loss not in CROSS_ENTROPIES or not isinstance(mean, int | float):
        return
    if math.isfinite(mean) and abs(mean - ours["loss"]) > ROUNDING * max(1.0, abs(mean)):
        raise _disagreement("val_loss", float(mean), ours["loss"], samples=samples, same=True, inputs=inputs)


def _disagreement(name: str, logged: float, measured: float, *, samples: int, same: bool, inputs: str) -> RunError:
    other = "raw" if inputs == "scaled" else "scaled"
    weights = f', inputs="{inputs}" if the validation samples have weights' if name == "val_loss" else ""
    whose = f"the same {samples:,} samples" if same else f"the {samples:,} validation samples of the recorder"
    return RunError(
        "a recorder measures what Keras measures, or every view of the run would be wrong",
        got=f"{name} {logged:.4g} by Keras and {measured:.4g} on {whose}, with {inputs} inputs: the model was fed "
        "samples of another scale or preparation, other labels, or another split",
        hint=f'pass inputs="{other}" to the Recorder if fit gets {other} samples{weights}, or a Dataset of the samples '
        "as fit gets them, made with scale=1",
    )
