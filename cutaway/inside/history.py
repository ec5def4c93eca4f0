"""What each layer knows, epoch by epoch: every measure of every layer, in one pass through each snapshot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import jax
import keras
import numpy as np

from cutaway.nets import batch_size, prepare_inputs, set_weights
from cutaway.progress import Progress, Report, silent

from .graph import activation_name
from .layers import _FIRING
from .measures import effective_rank, separation, spread
from .probes import NEIGHBORS, knn_accuracy, probe_accuracy
from .similarity import Centred, cka

Snapshot = Mapping[str, np.ndarray]
"""Weights by name, as `cutaway.nets.get_weights` gives them."""


@dataclass(frozen=True)
class LayerMeasures:
    """One layer after one epoch. None stands where a number is not defined, or the net has diverged.

    Attributes:
        epoch: Number of the epoch.
        layer: Name of the layer.
        units: Entries of its output for one sample.
        samples: How many samples were measured.
        mean: Mean activation, over samples and units.
        std: Standard deviation of the activations, over samples and units.
        sparsity: Share of activations that are exactly 0.
        dead: Share of units with the same output for every measured sample.
        saturated: Share of saturated units, see `cutaway.inside.measures.spread`.
        weight_norm: Root mean square of its trainable weights, so that layers of different size compare.
        update_norm: Root mean square of their change since the epoch before it in the history.
        effective_rank: How many directions its activations use.
        knn_accuracy: Of the nearest neighbours in it, learned on half of the samples, measured on the other half.
        probe_accuracy: Of a linear classifier on it, learned and measured on the same halves.
        separation: Variance between classes over variance within.
        cka_previous: Linear CKA with itself at the epoch before it in the history.
        cka_last: Linear CKA with itself at the last epoch of the history.
        cka_layers: Linear CKA with the other layers at this epoch, by name.
    """

    epoch: int
    layer: str
    units: int
    samples: int
    mean: float | None = None
    std: float | None = None
    sparsity: float | None = None
    dead: float | None = None
    saturated: float | None = None
    weight_norm: float | None = None
    update_norm: float | None = None
    effective_rank: float | None = None
    knn_accuracy: float | None = None
    probe_accuracy: float | None = None
    separation: float | None = None
    cka_previous: float | None = None
    cka_last: float | None = None
    cka_layers: dict[str, float | None] = field(default_factory=dict)


def measured_layers(net: keras.Model) -> tuple[str, ...]:
    """Names of the layers that compute something: dropout, reshaping and the like pass their input on."""
    return tuple(layer.name for layer in net.layers if type(layer).__name__ in _FIRING)


def layer_history(
    net: keras.Model,
    snapshot: Callable[[int], Snapshot],
    *,
    epochs: Sequence[int],
    x: Any,
    labels: np.ndarray,
    scale: float,
    k: int = NEIGHBORS,
    report: Report = silent,
) -> tuple[LayerMeasures, ...]:
    """Measure every layer that computes something after each of some epochs.

    Rows are read batch by batch; of activations, three snapshots' are held at a time: of the epoch in hand, the one
    before and the last. So `x` should be some thousands of samples that the net has not been trained on.

    Args:
        net: A built net; its weights are replaced by those of the snapshots.
        snapshot: Gives the weights after an epoch.
        epochs: Numbers of the epochs, ascending, at least one.
        x: ``(sample, ...)`` raw rows, uint8 or float32: an array, or a stand-in that gives rows for a slice.
        labels: int64 ``(sample,)``, the class of each sample.
        scale: The value of `x` that becomes 1.
        k: Neighbours that vote, from 1.
        report: Told after every layer; an exception that it raises ends the work.

    Returns:
        A record for each epoch and layer, epoch by epoch, layers in the order of the net.
    """
    layers = measured_layers(net)
    look = _looker(net, layers, x=x, scale=scale)
    trained = {name: [f"{name}/{v.name}" for v in net.get_layer(name).trainable_weights] for name in layers}
    total, done, records = len(epochs) * len(layers), 0, []
    final = look(snapshot(epochs[-1]))
    last = _centred(final)
    before_weights: Snapshot | None = None
    before: dict[str, Centred | None] = {}
    for epoch in epochs:
        weights = snapshot(epoch)
        held = final if epoch == epochs[-1] else look(weights)
        now = last if epoch == epochs[-1] else _centred(held)
        alike = _between(now)
        for name in layers:
            report(Progress("layers", done, total, "layers", f"epoch {epoch}  {name}"))
            records.append(
                LayerMeasures(
                    epoch=epoch,
                    layer=name,
                    units=held[name].shape[1],
                    samples=len(x),
                    weight_norm=_rms([weights[key] for key in trained[name]]),
                    update_norm=None
                    if before_weights is None
                    else _rms([weights[key] - before_weights[key] for key in trained[name]]),
                    cka_previous=_cka(now[name], before.get(name)),
                    cka_last=_cka(now[name], last[name]),
                    cka_layers={other: alike[frozenset((name, other))] for other in layers if other != name},
                    **({} if now[name] is None else _of_activations(net, name, held[name], labels=labels, k=k)),
                )
            )
            done += 1
        before_weights, before = weights, now
    report(Progress("layers", total, total, "layers"))
    return tuple(records)


def _of_activations(net: keras.Model, name: str, h: np.ndarray, *, labels: np.ndarray, k: int) -> dict[str, Any]:
    layer: Any = net.get_layer(name)
    function = activation_name(layer)
    general = spread(h, activation="relu6" if getattr(layer, "max_value", None) == 6 else function)
    return {
        **vars(general),
        "effective_rank": effective_rank(h),
        "knn_accuracy": knn_accuracy(h, labels, k=k),
        "probe_accuracy": probe_accuracy(h, labels),
        "separation": separation(h, labels),
    }


def _looker(
    net: keras.Model, layers: Sequence[str], *, x: Any, scale: float
) -> Callable[[Snapshot], dict[str, np.ndarray]]:
    """Make the function that passes all rows through the net with some weights: float32 (sample, unit) by layer."""
    part: Any = keras.Model(net.inputs, {name: net.get_layer(name).output for name in layers})
    shape, size = tuple(net.inputs[0].shape[1:]), batch_size(x)

    @jax.jit
    def run(trainable: Any, fixed: Any, rows: jax.Array) -> Any:
        with jax.default_matmul_precision("highest"):
            return part.stateless_call(trainable, fixed, prepare_inputs(rows, scale, shape), training=False)[0]

    def look(weights: Snapshot) -> dict[str, np.ndarray]:
        set_weights(net, weights)
        variables = [v.value for v in part.trainable_variables], [v.value for v in part.non_trainable_variables]
        held = {name: np.empty((len(x), int(np.prod(net.get_layer(name).output.shape[1:]))), "f4") for name in layers}
        for start in range(0, len(x), size):
            first = min(start, len(x) - size)  # the last batch is moved back to full size, see cutaway.nets.forward
            outputs = run(*variables, x[first : first + size])
            for name in layers:
                held[name][first : first + size] = np.asarray(outputs[name]).reshape(size, -1)
        return held

    return look


def _centred(held: Mapping[str, np.ndarray]) -> dict[str, Centred | None]:
    return {name: Centred.of(h) if np.isfinite(h).all() else None for name, h in held.items()}


def _cka(first: Centred | None, second: Centred | None) -> float | None:
    return None if first is None or second is None else cka(first, second)


def _between(now: Mapping[str, Centred | None]) -> dict[frozenset[str], float | None]:
    """Linear CKA of every two layers."""
    return {frozenset(pair): _cka(now[pair[0]], now[pair[1]]) for pair in combinations(now, 2)}


def _rms(arrays: Sequence[np.ndarray]) -> float | None:
    """Root mean square of all entries; None where there are none, or one is no finite number."""
    if not arrays:
        return None
    size = sum(array.size for array in arrays)
    value = float(np.sqrt(sum((array.astype(np.float64) ** 2).sum() for array in arrays) / size))
    return value if np.isfinite(value) else None
