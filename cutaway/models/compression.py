"""Smaller models: weights pruned by magnitude, and quantized to few bits, computed from a snapshot by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from cutaway.errors import UsageError

FLOAT_BITS = 32
"""Bits of a weight that is not quantized."""

Weights = Mapping[str, np.ndarray]


def is_kernel(name: str) -> bool:
    """Whether a weight is a kernel, such as "dense_1/kernel"; biases and normalizations stay as they are."""
    return name.endswith("/kernel")


def prune(weights: Weights, share: float) -> dict[str, np.ndarray]:
    """Set the entries of all kernels with the smallest magnitude to 0, by one threshold for all layers.

    Args:
        weights: A snapshot, as `get_weights` returns it; it is not changed.
        share: The share of all entries that becomes 0, in [0, 1]; of equal magnitudes, the first ones.

    Raises:
        UsageError: `share` is outside its range.

    Source:
        Han, Pool, Tran, Dally 2015, "Learning both weights and connections for efficient neural networks" (pruning by
        magnitude, here without training again); Blalock, Gonzalez Ortiz, Frankle, Guttag 2020, "What is the state of
        neural network pruning?", section 7 (one threshold for all layers).
    """
    if not 0 <= share <= 1:
        raise UsageError("a share of the weights is from 0 to 1", got=repr(share), hint="pass for example 0.9")
    kernels = [name for name in weights if is_kernel(name)]
    found = dict(weights)
    magnitudes = np.concatenate([np.abs(weights[name]).ravel() for name in kernels] or [np.empty(0, np.float32)])
    count = round(share * len(magnitudes))
    if not count:
        return found
    threshold = np.partition(magnitudes, count - 1)[count - 1]
    pruned = magnitudes < threshold
    equal = np.flatnonzero(magnitudes == threshold)
    pruned[equal[: count - int(pruned.sum())]] = True
    start = 0
    for name in kernels:
        size = weights[name].size
        keep = ~pruned[start : start + size].reshape(weights[name].shape)
        found[name] = np.where(keep, weights[name], np.zeros(1, weights[name].dtype))
        start += size
    return found


def quantize(weights: Weights, bits: float) -> dict[str, np.ndarray]:
    """Round the entries of all kernels to few values, symmetric about 0, with a scale for each output unit.

    Args:
        weights: A snapshot, as `get_weights` returns it; it is not changed.
        bits: Bits of an entry, a whole number from 2 (three values: -s, 0 and s) to 16; or `FLOAT_BITS`, which changes
            nothing.

    Returns:
        The weights as they are after rounding, float32 as before.

    Raises:
        UsageError: `bits` is outside its range.

    Source:
        Krishnamoorthi 2018, "Quantizing deep convolutional networks for efficient inference", section 2.2 (symmetric
        quantizer) and 3.1 (one scale for each output), for weights only.
    """
    if bits == FLOAT_BITS:
        return dict(weights)
    if bits not in range(2, 17):
        raise UsageError("bits of a weight are a whole number from 2 to 16", got=repr(bits), hint="pass for example 8")
    steps = 2 ** (int(bits) - 1) - 1
    found = dict(weights)
    for name, kernel in weights.items():
        if is_kernel(name):
            # (input, unit), or (member, input, unit) of an ensemble
            scale = np.abs(kernel).max(axis=-2, keepdims=True, initial=0) / np.float32(steps)
            found[name] = np.rint(kernel / np.where(scale > 0, scale, 1)) * scale
    return found


@dataclass(frozen=True)
class Compression:
    """A way to make a model smaller by degrees.

    Attributes:
        name: Its name.
        function: Takes a snapshot and the severity, and returns another snapshot.
        parameter: What the severity is, with its unit.
        severities: Those that are measured; at the first, nothing is changed.
    """

    name: str
    function: Callable[[Weights, float], dict[str, np.ndarray]]
    parameter: str
    severities: tuple[float, ...]

    @staticmethod
    def refusal(weights: Weights) -> str:
        """Why it does not apply to a model; "" if it does."""
        return "" if any(map(is_kernel, weights)) else "the model has no layer with a kernel"


COMPRESSIONS = (
    Compression("pruning", prune, "share of the weights", (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95)),
    Compression("quantization", quantize, "bits of a weight", (FLOAT_BITS, 8, 7, 6, 5, 4, 3, 2)),
)
"""All of them, in the order in which they are measured. A new one is a function and a line here."""
