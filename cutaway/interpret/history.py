"""Layer history: every measure of every layer, epoch by epoch, from one forward pass per snapshot."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from itertools import combinations
from typing import Any, Literal

import keras
import numpy as np

from cutaway.models import ForwardPass, activation_name
from cutaway.parallel import WorkerPool, cpu_count
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .geometry import class_angles, class_variability, intrinsic_dimension
from .layers import measured_layers
from .measures import effective_rank, separation, spread
from .probes import NEIGHBORS, knn_accuracy, probe_accuracy
from .records import LayerMeasures
from .similarity import MAX_THREADS, CenteredActivations, center_all, cka

WIDE = 12_000_000
"""Activations of a layer above which its measures run one after the other: of 10,000 samples more than 1,200 units."""

Snapshot = Mapping[str, np.ndarray]
"""Weights by name, as `cutaway.models.get_weights` gives them."""


def layer_history(
    model: keras.Model,
    snapshot: Callable[[int], Snapshot],
    *,
    epochs: Sequence[int],
    x: Any,
    labels: np.ndarray,
    scale: float,
    k: int = NEIGHBORS,
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[LayerMeasures, ...]:
    """Measure every layer that computes something after each of some epochs.

    Rows are read batch by batch. Activations of three snapshots are in memory at a time: of the current epoch,
    the one before and the last. So `x` should be a few thousand samples that the model has not been trained on.

    Args:
        model: A built model; it is not changed.
        snapshot: Returns the weights after an epoch.
        epochs: Numbers of the epochs, ascending, at least one.
        x: ``(sample, ...)`` raw rows, uint8 or float32: an array, or an object whose slices are arrays.
        labels: int64 ``(sample,)``, the class of each sample.
        scale: The value of `x` that becomes 1.
        k: Neighbors that vote, from 1.
        on_progress: Told after every layer.

    Returns:
        A record for each epoch and layer, epoch by epoch, layers in the order of the model.
    """
    layers = measured_layers(model)
    forward = ForwardPass.of(model, layers, scale=scale)

    def outputs_with(weights: Snapshot) -> dict[str, np.ndarray]:
        return {name: h.reshape(len(h), -1) for name, h in forward(x, weights=weights).items()}

    total, done, records = len(epochs) * len(layers), 0, []
    on_progress(Progress("layer history", 0, total, "measurements"))
    final = outputs_with(snapshot(epochs[-1]))
    # of wide layers one measure after the other: each takes several times the activations
    threads = 1 if max((h.size for h in final.values()), default=0) > WIDE else MAX_THREADS
    with WorkerPool(cpu_count(at_most=threads), single_blas=True) as pool:
        last = center_all(final, pool)
        before_weights: Snapshot | None = None
        before: dict[str, CenteredActivations | None] = {}
        for epoch in epochs:
            weights = snapshot(epoch)
            held = final if epoch == epochs[-1] else outputs_with(weights)
            now = last if epoch == epochs[-1] else center_all(held, pool)
            found = {n: _measure(pool, model, n, h=held[n], labels=labels, k=k) for n in layers if now[n] is not None}
            alike = {frozenset((a, b)): pool.submit(cka, now[a], now[b]) for a, b in combinations(layers, 2)}
            to_before = {name: pool.submit(cka, now[name], before.get(name)) for name in layers}
            to_last = {name: pool.submit(cka, now[name], last[name]) for name in layers}
            for name in layers:
                on_progress(Progress("layer history", done, total, "measurements", f"epoch {epoch}  {name}"))
                records.append(
                    LayerMeasures(
                        epoch=epoch,
                        layer=name,
                        units=held[name].shape[1],
                        samples=len(x),
                        **_norms(model, name, weights=weights, before=before_weights),
                        cka_previous=to_before[name].result(),
                        cka_last=to_last[name].result(),
                        cka_layers={o: alike[frozenset((name, o))].result() for o in layers if o != name},
                        **{key: value for part in found.get(name, ()) for key, value in part.result().items()},
                    )
                )
                done += 1
            before_weights, before = weights, now
    on_progress(Progress("layer history", total, total, "measurements"))
    return tuple(records)


def _measure(
    pool: WorkerPool, model: keras.Model, name: str, *, h: np.ndarray, labels: np.ndarray, k: int
) -> list[Future[dict[str, Any]]]:
    """Start measuring the activations of a layer; the results are fields of `LayerMeasures`."""
    layer: Any = model.get_layer(name)
    function = "relu6" if getattr(layer, "max_value", None) == 6 else activation_name(layer)
    measures: list[Callable[[], dict[str, Any]]] = [  # the slowest first
        lambda: {"knn_accuracy": knn_accuracy(h, labels, k=k)},
        lambda: {"effective_rank": effective_rank(h)},
        lambda: {"probe_accuracy": probe_accuracy(h, labels)},
        lambda: {"intrinsic_dimension": intrinsic_dimension(h)},
        lambda: {
            "separation": separation(h, labels),
            "class_variability": class_variability(h, labels),
            "class_angles": class_angles(h, labels),
        },
        lambda: vars(spread(h, activation=function)),
    ]
    return [pool.submit(measure) for measure in measures]


@np.errstate(invalid="ignore")  # infinity less infinity, if a model has diverged
def _norms(
    model: keras.Model, name: str, *, weights: Snapshot, before: Snapshot | None
) -> dict[Literal["weight_norm", "update_norm"], float | None]:
    keys = [f"{name}/{variable.name}" for variable in model.get_layer(name).trainable_weights]
    # in float64, where the difference of 3e38 and -3e38 is a number
    changes = None if before is None else [np.subtract(weights[key], before[key], dtype=np.float64) for key in keys]
    return {
        "weight_norm": _rms([weights[key] for key in keys]),
        "update_norm": None if changes is None else _rms(changes),
    }


def _rms(arrays: Sequence[np.ndarray]) -> float | None:
    """Root mean square of all entries; None if there are none, or one of them is not finite."""
    if not arrays:
        return None
    size = sum(array.size for array in arrays)
    value = float(np.sqrt(sum((array.astype(np.float64) ** 2).sum() for array in arrays) / size))
    return value if np.isfinite(value) else None
