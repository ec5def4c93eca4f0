"""The inputs of a model while its fit is recorded, checked against Keras' metrics."""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from cutaway.checks import check_choice
from cutaway.data import Dataset, SampleIds
from cutaway.errors import RunError
from cutaway.metrics import classification_metrics, number_metrics
from cutaway.models import LAYER_KINDS, class_probabilities, compiled_setup

from .first_layer import rescales

INPUTS = ("auto", "scaled", "raw")

BATCH = 2048
"""Samples of a batch of ``predict``."""

PART_VALUES = 2**24
"""Maximum number of probabilities in memory, 67 MB; above 8,192 classes one batch."""


ACCURACIES = ("val_accuracy", "val_acc", "val_sparse_categorical_accuracy", "val_categorical_accuracy")
CROSS_ENTROPIES = ("sparse_categorical_crossentropy", "categorical_crossentropy")

NUMBERS = {"val_mae": "mae", "val_mean_absolute_error": "mae", "val_root_mean_squared_error": "rmse"}
"""Metrics of Keras for a number, and what they are called in run.json."""

ROUNDING = 0.002
"""Two evaluations of the same samples differ by less: a batch of another size is rounded differently, and a sample on
the border between two classes may change sides."""

CHANCE = 5.0
"""Maximum difference of the accuracies of two samples of one population, in standard errors."""


class Feeding:
    """The inputs that fit gives its model.

    Args:
        data: The dataset, with its own scale.
        wanted: The inputs that fit gets: "scaled", "raw", or "auto" to follow the first layer of the model.

    Attributes:
        data: The dataset with the scale of the model's inputs: 1 for raw samples.
        inputs: "scaled" or "raw".
        shape: The shape of one sample as the model takes it.

    Raises:
        UsageError: There is no such `wanted`.
    """

    def __init__(self, data: Dataset, wanted: str) -> None:
        check_choice(wanted, name="inputs", choices=INPUTS)
        self.data = self._scaled = data
        self._wanted, self.inputs, self.shape = wanted, "scaled", data.shape

    def begin(self, model: keras.Model, shape: tuple[int, ...]) -> None:
        """Begin a fit."""
        self.shape, self.inputs = shape, self._wanted
        if self._wanted == "auto":
            self.inputs = "raw" if rescales(model, self._scaled.scale) else "scaled"
        self.data = self._scaled if self.inputs == "scaled" else dataclasses.replace(self._scaled, scale=1.0)

    def check(
        self,
        model: Any,
        logs: Mapping[str, Any],
        val: SampleIds,
        *,
        validated: int,
        same: bool,
        config: Mapping[str, Any],
    ) -> None:
        """Compare Keras' validation metrics with our own.

        Args:
            model: The model, with the weights that Keras has validated.
            logs: The logs of Keras.
            val: The validation samples of the recorder.
            validated: Number of samples that Keras validated on.
            same: Whether they are these samples, as far as the numbers of samples tell.
            config: The loss and the label smoothing.

        Raises:
            RunError: They differ by more than rounding or, on other samples, by more than chance allows.
        """
        setup, numbers = compiled_setup(model), self.data.task.is_numbers
        if not (numbers or setup.is_read_alike):  # they must differ, and the findings of the run say why
            return
        # with other samples than ours only chance can be told from another scale, unless the user says what fit gets
        if not same and (numbers or self._wanted != "auto"):
            return
        y = self.data.y(val)
        ours = measure_test(model, self.predict(model, val), y)
        each = config["loss"] == "binary_crossentropy" and model.outputs[0].shape[-1] > 1
        if ours is None or each:  # Keras then counts every output as right or wrong
            return
        # our loss bounds probabilities from below, which that of logits does not; weights of samples, which a callback
        # is not told of, are in the loss alone
        is_plain = (
            same
            and not config["label_smoothing"]
            and not setup.from_logits
            and not _has_penalties(model)
            and self._wanted == "auto"
            and (setup.family == "numbers" if numbers else config["loss"] in CROSS_ENTROPIES)
        )
        accuracy = next((name for name in ACCURACIES if isinstance(logs.get(name), int | float)), "")
        least = min(1.0, float((y**2).mean())) if numbers else 1.0  # errors of numbers near 0 are small
        for name, kind in {accuracy: "accuracy", **NUMBERS, "val_loss": "loss" if is_plain else ""}.items():
            logged, measured = logs.get(name), ours.get(kind)
            if measured is None or not isinstance(logged, int | float) or not math.isfinite(logged):
                continue
            allowed = ROUNDING * max(least, abs(logged))
            if kind == "accuracy":
                allowed = max(ROUNDING, 2 / len(val)) if same else _chance((logged + measured) / 2, len(val), validated)
            if abs(logged - measured) > allowed:
                raise _disagreement(name, logged, measured, samples=len(val), same=same, inputs=self.inputs)

    def predict(self, model: Any, ids: SampleIds) -> Iterator[np.ndarray]:
        """Class probabilities of some samples, float32 ``(sample, class)``, one part of the samples after another.

        Of numbers, the predictions ``(sample, target)``.
        """
        size = BATCH * max(1, PART_VALUES // (BATCH * self.data.outputs))
        for start in range(0, len(ids), size):
            part = ids.take(np.arange(start, min(start + size, len(ids))))
            rows = self.data.inputs(part).reshape(len(part), *self.shape)
            outputs = model.predict(rows, batch_size=BATCH, verbose=0)
            if self.data.task.is_numbers:
                yield outputs
            else:
                yield class_probabilities(model, outputs, are_probabilities=_are_probabilities(model, outputs))


def measure_test(model: Any, parts: Iterable[np.ndarray], y: np.ndarray) -> dict[str, float] | None:
    """What run.json says of test samples.

    Args:
        model: The model. The loss of numbers is the one that it is compiled with, or the squared error.
        parts: Class probabilities or predicted numbers of one part of the samples after another.
        y: int ``(sample,)`` classes, or float64 ``(sample, target)``.

    Returns:
        See `classification_metrics` and `number_metrics`; None if the model has diverged.
    """
    if y.ndim == 1:
        return classification_metrics(parts, y)
    predicted, given = np.concatenate([*parts]), getattr(model, "loss", None)
    if not np.isfinite(predicted).all():
        return None
    loss: Any = keras.losses.get(given if isinstance(given, str) or callable(given) else "mean_squared_error")
    each: Any = keras.ops.convert_to_numpy(getattr(loss, "call", loss)(y.astype(np.float32), predicted))
    return {"loss": float(each.mean(dtype=np.float64))} | number_metrics(y, predicted)


def _are_probabilities(model: Any, outputs: np.ndarray) -> bool | None:
    """Whether outputs of a compiled model are probabilities; None if its last layer says so.

    A layer that cutaway does not know, such as a whole model inside the model, does not say in what it ends; its loss
    says whether it takes logits.
    """
    last = model.outputs[0]._keras_history.operation
    if type(last).__name__ in LAYER_KINDS or hasattr(last, "activation"):
        return None
    return not getattr(model.loss, "from_logits", False) and bool(((outputs >= 0) & (outputs <= 1 + ROUNDING)).all())


def _has_penalties(model: Any) -> bool:
    """Whether the loss that Keras logs has more in it than the mean over the samples."""
    return bool(model.losses) or any(getattr(v, "regularizer", None) is not None for v in model.trainable_variables)


def _chance(share: float, ours: int, theirs: int) -> float:
    """How much the accuracies of two numbers of samples of one population may differ."""
    share = min(max(share, 0.05), 0.95)
    return 0.05 + CHANCE * math.sqrt(share * (1 - share) * (1 / ours + 1 / theirs))


def _disagreement(name: str, logged: float, measured: float, *, samples: int, same: bool, inputs: str) -> RunError:
    other = "raw" if inputs == "scaled" else "scaled"
    weights = f', inputs="{inputs}" if the validation samples have weights' if name == "val_loss" else ""
    whose = f"the same {samples:,} samples" if same else f"the {samples:,} validation samples of the recorder"
    return RunError(
        "Keras and the recorder measure different values, so the views of this run would be wrong",
        got=f"{name} {logged:.4g} by Keras and {measured:.4g} on {whose}, with {inputs} inputs: the model was fed "
        "samples of another scale or preparation, other labels, or another split",
        hint=f'pass inputs="{other}" to the Recorder if fit gets {other} samples{weights}, or a Dataset of the samples '
        "as fit gets them, made with scale=1",
    )
