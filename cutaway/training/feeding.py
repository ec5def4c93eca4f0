"""How a model is fed while its fit is recorded, checked against what Keras measures."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from cutaway.data import Dataset, SampleIds
from cutaway.errors import UsageError
from cutaway.metrics import classification_metrics
from cutaway.models import LAYER_KINDS, class_probabilities

from .agreement import ROUNDING, check_agreement
from .first_layer import rescales

INPUTS = ("auto", "scaled", "raw")

BATCH = 2048
"""Samples of a batch of ``predict``."""

PART_VALUES = 2**24
"""Probabilities that are in memory at a time, 67 MB; above 8,192 classes those of one batch."""


class Feeding:
    """What fit feeds its model with.

    Args:
        data: The dataset, with its own scale.
        wanted: What fit gets: "scaled", "raw", or "auto" to follow the first layer of the model.

    Attributes:
        data: The dataset with the scale by which the model is fed: 1 for raw samples.
        inputs: "scaled" or "raw".
        shape: The shape in which the model takes one sample.

    Raises:
        UsageError: There is no such `wanted`.
    """

    def __init__(self, data: Dataset, wanted: str) -> None:
        if wanted not in INPUTS:
            raise UsageError(f"inputs is one of {', '.join(INPUTS)}", got=repr(wanted), hint='try "auto"')
        self.data = self._scaled = data
        self._wanted, self.inputs, self.shape = wanted, "scaled", data.shape

    def begin(self, model: keras.Model, shape: tuple[int, ...]) -> None:
        """Begin a fit."""
        self.shape, self.inputs = shape, self._wanted
        if self._wanted == "auto":
            self.inputs = "raw" if rescales(model, self._scaled.scale) else "scaled"
        self.data = self._scaled if self.inputs == "scaled" else dataclasses.replace(self._scaled, scale=1.0)

    def check(
        self, model: Any, logs: Mapping[str, Any], val: SampleIds, *, validated: int, config: Mapping[str, Any]
    ) -> None:
        """Compare Keras' validation metrics with our own.

        Args:
            model: The model, with the weights that Keras has validated.
            logs: What Keras logged.
            val: The validation samples of the recorder.
            validated: The number of samples that Keras validated on: where it is another one, so are the samples.
            config: The loss and the label smoothing.

        Raises:
            RunError: They are not the same; see `check_agreement`.
        """
        same = validated == len(val)
        # with other samples than ours only chance can be told from another scale, unless the user says what fit gets
        if not same and self._wanted != "auto":
            return
        ours = classification_metrics(self.predict(model, val), self.data.y(val))
        each = config["loss"] == "binary_crossentropy" and model.outputs[0].shape[-1] > 1
        if ours is None or each:  # Keras then counts every output as right or wrong
            return
        # our loss bounds probabilities from below, which that of logits does not; weights of samples, which a callback
        # is not told of, are in the loss alone
        logits = getattr(model.loss, "from_logits", False)
        plain = not config["label_smoothing"] and not logits and not _has_penalties(model) and self._wanted == "auto"
        check_agreement(
            logs,
            ours,
            samples=len(val),
            theirs=None if same else validated,
            loss=config["loss"] if plain else None,
            inputs=self.inputs,
        )

    def predict(self, model: Any, ids: SampleIds) -> Iterator[np.ndarray]:
        """Class probabilities of some samples, float32 ``(sample, class)``, one part of the samples after another."""
        size = BATCH * max(1, PART_VALUES // (BATCH * self.data.classes))
        for start in range(0, len(ids), size):
            part = ids.take(np.arange(start, min(start + size, len(ids))))
            rows = self.data.inputs(part).reshape(len(part), *self.shape)
            outputs = model.predict(rows, batch_size=BATCH, verbose=0)
            yield class_probabilities(model, outputs, are_probabilities=_are_probabilities(model, outputs))


def _are_probabilities(model: Any, outputs: np.ndarray) -> bool | None:
    """Whether outputs of a compiled model are probabilities; None where its last layer says so.

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
