"""From the outputs of a model to class probabilities."""

from typing import Any

import numpy as np

PROBABILITIES = ("softmax", "sigmoid", "hard_sigmoid")
"""Activations at the end of a model whose values are probabilities."""


def activation_name(layer: Any) -> str:
    """Name of the activation function that a layer carries or is; "linear" if it has none."""
    if type(layer).__name__ == "Softmax":
        return "softmax"
    return getattr(getattr(layer, "activation", None), "__name__", "linear")


def class_probabilities(model: Any, outputs: np.ndarray, *, are_probabilities: bool | None = None) -> np.ndarray:
    """Turn the outputs of a classifier into probabilities.

    Args:
        model: The keras.Model. Where it ends in softmax or a sigmoid, its outputs are probabilities; otherwise they are
            taken as logits, as for a model trained with a loss ``from_logits=True``.
        outputs: float32 ``(sample, class)``, or ``(sample, 1)`` for class 1 of 2.
        are_probabilities: Whether the outputs are probabilities, if the caller knows; None to ask the last
            layer.

    Returns:
        float32 ``(sample, class)`` in [0, 1]; NaN if a model has diverged.
    """
    single = outputs.shape[1] == 1
    if are_probabilities is None:
        are_probabilities = activation_name(model.outputs[0]._keras_history.operation) in PROBABILITIES
    if not are_probabilities:
        # sigmoid(x) is class 1 of softmax([0, x])
        outputs = _softmax(np.concatenate([np.zeros_like(outputs), outputs], axis=1) if single else outputs)
    elif single:
        outputs = np.concatenate([1 - outputs, outputs], axis=1)
    return outputs


def _softmax(logits: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # a model that has diverged gives infinite logits
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
