"""How a model is fed while its fit is recorded: as fit feeds it, and checked against what Keras measures."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, cast

import keras
import numpy as np

from cutaway.data import Dataset, SampleIds, Split
from cutaway.errors import UsageError
from cutaway.metrics import classification_metrics
from cutaway.models import LAYER_KINDS, class_probabilities

from .agreement import ROUNDING, check_agreement
from .recorded_data import Inputs, Validation, name_of, rescales, split_as_fed, validation_of

INPUTS = ("auto", "scaled", "raw")

BATCH = 2048
"""Samples of a batch of ``predict``."""

PART_VALUES = 2**24
"""Probabilities that are in memory at a time, 67 MB; above 8,192 classes those of one batch."""


class Feeding:
    """What fit feeds its model with, as far as that is known.

    Args:
        data: The dataset, with its own scale.
        wanted: What the user says that fit gets: "scaled", "raw", or "auto" to find it out.

    Attributes:
        data: The dataset with the scale by which the model is fed: 1 for raw samples.
        inputs: "scaled" or "raw".
        shape: The shape in which the model takes one sample.
        known: Whether it was looked at what the present fit is validated on.

    Raises:
        UsageError: There is no such `wanted`.
    """

    def __init__(self, data: Dataset, wanted: str) -> None:
        if wanted not in INPUTS:
            raise UsageError(f"inputs is one of {', '.join(INPUTS)}", got=repr(wanted), hint='try "auto"')
        self.data = self._scaled = data
        self._wanted, self.inputs, self.shape = wanted, "scaled", data.shape
        self._validation = Validation(0, weighted=False)
        self.known = False

    def begin(self, model: keras.Model, shape: tuple[int, ...], *, first: bool) -> None:
        """Begin a fit; before the first one, what a model is fed is guessed from the model alone."""
        self.shape, self.known = shape, False
        if first and self._wanted == "auto":
            self._feed("raw" if rescales(model, self._scaled.scale) else "scaled")
        elif first:
            self._feed(cast(Inputs, self._wanted))

    def _feed(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.data = self._scaled if inputs == "scaled" else dataclasses.replace(self._scaled, scale=1.0)

    def look(self, model: keras.Model, split: Split, *, seen: int, validated: int) -> tuple[Split, dict[str, str]]:
        """Find out what the fit is validated on, once it has been.

        Args:
            model: The model, in the midst of its fit.
            split: The split of the recorder.
            seen: The number of samples that fit saw in the epoch.
            validated: The number of samples that it was then validated on.

        Returns:
            The split as fit has it, and what run.json says of the fit: "inputs", "validation" and "training".
        """
        self.known = True
        self._validation = validation_of(model, self._scaled) or Validation(validated, weighted=False)
        if not self._validation.weighted and self._validation.samples != validated:  # it was on some of them only
            self._validation = Validation(validated, weighted=False)
        ids, training = self._validation.ids, "unknown"
        if self._validation.inputs and self._wanted == "auto":
            self._feed(self._validation.inputs)
        if ids is not None:
            split, training = split_as_fed(split, ids, seen=seen)
        return split, {"inputs": self.inputs, "validation": name_of(split, ids), "training": training}

    def check(self, model: Any, logs: Mapping[str, Any], split: Split, *, config: Mapping[str, Any]) -> None:
        """Compare Keras' validation metrics with our own.

        Args:
            model: The model, with the weights that Keras has validated.
            logs: What Keras logged.
            split: The split of the recorder.
            config: The loss and the label smoothing.

        Raises:
            RunError: They are not the same; see `check_agreement`.
        """
        ids = self._validation.ids
        # with other samples than ours only chance can be told from another scale, unless the user says what fit gets
        if self._validation.weighted or (ids is None and self._wanted != "auto"):
            return
        used = split.val if ids is None else ids
        ours = classification_metrics(self.predict(model, used), self.data.y(used))
        each = config["loss"] == "binary_crossentropy" and model.outputs[0].shape[-1] > 1
        if ours is None or each:  # Keras then counts every output as right or wrong
            return
        # our loss bounds probabilities from below, which that of logits does not
        logits = getattr(model.loss, "from_logits", False)
        plain = not config["label_smoothing"] and not logits and not _has_penalties(model)
        check_agreement(
            logs,
            ours,
            samples=len(used),
            theirs=self._validation.samples if ids is None else None,
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
