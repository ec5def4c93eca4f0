"""How similar a layer is to itself at different epochs, and the layers of two models to each other: linear CKA."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from cutaway.errors import CutawayError
from cutaway.interpret.graph import Graph
from cutaway.interpret.layers import measured_layers
from cutaway.interpret.lookup import find_layer
from cutaway.interpret.measures import has_diverged
from cutaway.models import ForwardPass
from cutaway.parallel import WorkerPool, cpu_count
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .matching import UnitMatching, match_units

MAX_THREADS = 8
"""Most threads that measure layers at a time: each holds a copy or two of the activations of a layer."""

BLOCK_SAMPLES = 512
"""Samples that are compared with all others at a time: 20 MB of products with 10,000 samples."""


class CenteredActivations:
    """CenteredActivations activations and the Frobenius norm of their products, which several comparisons share.

    Attributes:
        h: float32 ``(sample, unit)``, every unit's mean subtracted, scaled to a root mean square of 1.
        norm: The norm of ``h'h``; 0 where all is constant.
    """

    def __init__(self, h: np.ndarray, norm: float) -> None:
        self.h, self.norm = h, norm

    @classmethod
    def of(cls, h: np.ndarray) -> "CenteredActivations":
        """Center activations, float32 ``(sample, unit)``."""
        centered = h - h.mean(axis=0, dtype=np.float64)
        size = float(np.sqrt(np.vdot(centered, centered) / centered.size))
        # only rounding remains of a constant
        if size <= 1e-6 * float(np.abs(h).max(initial=0)):
            return cls(np.zeros_like(h), 0.0)
        # a scale of 1 keeps products of tiny or huge activations inside float32
        scaled = np.divide(centered, size, out=np.empty_like(h), casting="same_kind")
        return cls(scaled, float(np.sqrt(_alignment(scaled, scaled))))


def center_all(outputs: Mapping[str, np.ndarray], pool: WorkerPool) -> dict[str, CenteredActivations | None]:
    """Center the outputs of layers, float32 ``(sample, ...)``; None for a layer of a model that has diverged."""

    def center(output: np.ndarray) -> CenteredActivations | None:
        return None if has_diverged(output) else CenteredActivations.of(output.reshape(len(output), -1))

    return dict(zip(outputs, pool.map(center, outputs.values()), strict=True))


def cka(first: CenteredActivations | None, second: CenteredActivations | None) -> float | None:
    """Linear centered kernel alignment of two sets of activations of the same samples.

    It does not change when units are rotated, mirrored, reordered or all scaled by one factor. With few samples per
    unit it is biased toward 1: take at least ten times as many samples as units to read small differences.

    Returns:
        From 0 to 1, where 1 means equal; None if one of them is None or constant.

    Source:
        Kornblith, Norouzi, Lee, Hinton 2019, "Similarity of neural network representations revisited": linear CKA as
        |Y'X|^2 / (|X'X| |Y'Y|).
    """
    if first is None or second is None or first.norm == 0 or second.norm == 0:
        return None
    if first is second:
        return 1.0
    return min(1.0, _alignment(first.h, second.h) / (first.norm * second.norm))


def _alignment(first: np.ndarray, second: np.ndarray) -> float:
    """The squared Frobenius norm of ``first' second``, by units or by samples, whichever takes fewer products."""
    samples, units, others = len(first), first.shape[1], second.shape[1]
    if units * others <= samples * (units + others):
        return _dot(product := second.T @ first, product)
    # the same number from sample-by-sample matrices, some rows at a time: unit-by-unit matrices would not fit in memory
    size = BLOCK_SAMPLES
    return sum(_dot(first[i : i + size] @ first.T, second[i : i + size] @ second.T) for i in range(0, samples, size))


def _dot(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.vdot(first.astype(np.float64), second.astype(np.float64)))


MAX_HELD_BYTES = 2**29
"""Bytes of activations in memory at a time; where all epochs need more, some pass through the model again."""


def compare_epochs(
    model: keras.Model,
    snapshot: Callable[[int], Mapping[str, np.ndarray]],
    layer: str,
    *,
    epochs: Sequence[int],
    x: Any,
    scale: float,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Compute linear CKA of a layer between every two epochs.

    Args:
        model: A built model; it is not changed.
        snapshot: Returns the weights after an epoch.
        layer: Name of one of its layers.
        epochs: Numbers of the epochs, each once.
        x: ``(sample, ...)`` raw rows, uint8 or float32: an array, or an object whose slices are arrays.
        scale: The value of `x` that becomes 1.
        on_progress: Told as epochs are compared.

    Returns:
        float64 ``(epoch, epoch)``, symmetric, 1 on the diagonal; NaN if a layer is constant or has diverged.

    Raises:
        UnknownNameError: The model has no layer of that name.
    """
    output: Any = find_layer(model, layer).output
    size = 4 * len(x) * int(np.prod(output.shape[1:]))
    room = max(1, MAX_HELD_BYTES // max(size, 1) - 1)  # one more is held in addition to the block
    forward = ForwardPass.of(model, [layer], scale=scale)
    found = np.full((len(epochs), len(epochs)), np.nan)
    pairs, done = len(epochs) * (len(epochs) + 1) // 2, 0
    with WorkerPool(cpu_count(at_most=MAX_THREADS), single_blas=True) as pool:

        def activations_at(position: int) -> CenteredActivations | None:
            return center_all(forward(x, weights=snapshot(epochs[position])), pool)[layer]

        for start in range(0, len(epochs), room):
            block = range(start, min(start + room, len(epochs)))
            held: dict[int, CenteredActivations | None] = {}
            for later in range(start, len(epochs)):
                on_progress(Progress("similarity", done, pairs, "pairs", f"epoch {epochs[later]}  {layer}"))
                now = activations_at(later)
                if later in block:
                    held[later] = now
                values = pool.map(cka, held.values(), [now] * len(held))
                for earlier, value in zip(held, values, strict=True):
                    found[earlier, later] = found[later, earlier] = np.nan if value is None else value
                done += len(held)
    on_progress(Progress("similarity", pairs, pairs, "pairs"))
    return found


@dataclass(frozen=True, eq=False)
class ModelSimilarity:
    """How similar the layers of two models are.

    Attributes:
        first: Names of the layers of the first model that compute something.
        second: Those of the second.
        cka: float64 ``(layer of the first, layer of the second)``, linear CKA; NaN if a layer is constant or has
            diverged.
        matchings: Pair of hidden layers -> their units, matched one to one.
        unmatched: Pair of hidden layers whose units could not be matched -> why.
        samples: Number of samples.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    cka: np.ndarray
    matchings: dict[tuple[str, str], UnitMatching]
    unmatched: dict[tuple[str, str], str]
    samples: int

    def __repr__(self) -> str:
        return f"<ModelSimilarity of {len(self.first)} and {len(self.second)} layers on {self.samples:,} samples>"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The layers that are compared with each other: see `layer_pairs`."""
        return layer_pairs(self.first, self.second)


def layer_pairs(first: Sequence[str], second: Sequence[str]) -> list[tuple[str, str]]:
    """Pair the layers of two models: by position if both have equally many, otherwise by name."""
    if len(first) == len(second):
        return list(zip(first, second, strict=True))
    return [(name, name) for name in first if name in second]


def compare_models(
    first: keras.Model,
    second: keras.Model,
    *,
    x: tuple[Any, Any],
    scale: tuple[float, float],
    on_progress: ProgressCallback = ignore_progress,
) -> ModelSimilarity:
    """Compare two models layer by layer: linear CKA of every two layers, and matched units of hidden layers.

    The activations of all layers of both models that compute something are in memory.

    Args:
        first: A built model; it is not changed.
        second: Another one.
        x: ``(sample, ...)`` raw rows for each: the same samples in the same order, perhaps prepared differently.
        scale: For each, the value of `x` that becomes 1.
        on_progress: Told as layers are compared.
    """
    names = measured_layers(first), measured_layers(second)
    outputs: list[dict[str, np.ndarray]] = []
    for model, layers, rows, one in zip((first, second), names, x, scale, strict=True):
        found = ForwardPass.of(model, layers, scale=one)(rows, on_progress=on_progress) if layers else {}
        outputs.append({name: h.reshape(len(h), -1) for name, h in found.items()})
    similarity = np.full((len(names[0]), len(names[1])), np.nan)
    hidden = [[n for n in each if n != Graph.of(m).output] for each, m in zip(names, (first, second), strict=True)]
    pairs = layer_pairs(*hidden)
    done, total = 0, similarity.size + len(pairs)
    with WorkerPool(cpu_count(at_most=MAX_THREADS), single_blas=True) as pool:
        centered = [center_all(found, pool) for found in outputs]
        for row, name in enumerate(names[0]):
            on_progress(Progress("layer similarity", done, total, "pairs", name))
            of_row = pool.map(cka, [centered[0][name]] * len(names[1]), [centered[1][other] for other in names[1]])
            similarity[row] = [np.nan if value is None else value for value in of_row]
            done += len(names[1])
    matchings: dict[tuple[str, str], UnitMatching] = {}
    unmatched: dict[tuple[str, str], str] = {}
    for one, other in pairs:
        on_progress(Progress("layer similarity", done, total, "pairs", f"units of {one}"))
        done += 1
        widths = outputs[0][one].shape[1], outputs[1][other].shape[1]
        if widths[0] != widths[1]:
            unmatched[one, other] = f"they have {widths[0]:,} and {widths[1]:,} units"
            continue
        try:
            matchings[one, other] = match_units(outputs[0][one], outputs[1][other])
        except CutawayError as error:
            unmatched[one, other] = error.fault
    on_progress(Progress("layer similarity", total, total, "pairs"))
    return ModelSimilarity(*names, similarity, matchings, unmatched, len(x[0]))
