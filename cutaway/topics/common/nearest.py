"""The samples that are nearest to others: training samples in the last hidden layer, and others in a layer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from cutaway.cache import cached
from cutaway.checks import check_matrix, check_whole, warn_user
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import CutawayError
from cutaway.log import survive
from cutaway.progress import ProgressCallback, ignore_progress

SHOWN = 8
"""Nearest samples that the card of a sample shows."""

VALUES = 2**28
"""Activations of training samples that are held at most: 1 GB."""


@dataclass(frozen=True, eq=False)
class NearestSamples:
    """The training samples nearest to some samples, by their activations in the last hidden layer.

    Attributes:
        names: What each training sample is called, text ``(sample, k)``, the nearest first.
        labels: int64 ``(sample, k)``, their classes.
        distances: float32 ``(sample, k)``, Euclidean distances in the layer, ascending.
    """

    names: np.ndarray
    labels: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True, eq=False)
class HiddenSamples:
    """Training samples in the last hidden layer.

    Attributes:
        layer: Name of the layer.
        points: float32 ``(sample, unit)``, activations less their means: products of large means would lose digits.
        means: float32 ``(unit,)``.
        ids: Identity of each.
        labels: int64 ``(sample,)``.
    """

    layer: str
    points: np.ndarray
    means: np.ndarray
    ids: SampleIds
    labels: np.ndarray


_KEPT: WeakKeyDictionary[RunContext, tuple[int, HiddenSamples]] = WeakKeyDictionary()
"""The activations of the epoch requested last, for as long as somebody holds the run."""


def nearest_of(context: RunContext, k: int, *, epoch: int | None) -> Callable[[np.ndarray], NearestSamples]:
    """Find the k nearest training samples, exactly, for any samples.

    Args:
        context: The run.
        k: From 1 to the number of training samples.
        epoch: After which epoch; the kept one if None.

    Returns:
        A function of raw samples ``(sample, *shape)``.

    Raises:
        UsageError: k is outside its range.
        DataError: The training samples cannot be loaded, or an activation is not a finite number.
    """
    from cutaway.neighbors import nearest_among

    check_whole(k, name="nearest", least=1, most=len(context.part("train")))
    hidden = _hidden(context, epoch)

    def find(x: np.ndarray) -> NearestSamples:
        queries = _activations(context, hidden.layer, x, epoch) - hidden.means
        found = nearest_among(hidden.points, queries, min(k, len(hidden.points)))
        names = np.array(hidden.ids.take(found.index.ravel()).names(), object).reshape(found.index.shape)
        return NearestSamples(names, hidden.labels[found.index], np.sqrt(found.squared))

    return find


def nearest_in_layer(
    context: RunContext,
    ids: SampleIds,
    *,
    layer: str,
    epoch: int,
    activations: Callable[[], np.ndarray],
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray | None:
    """The nearest samples to each, by activation, int32 (sample, k); None if the activations cannot be compared.

    Args:
        context: The run.
        ids: The samples.
        layer: Name of the layer.
        epoch: Number of the epoch.
        activations: Computes float32 (sample, unit), where neighbors are not kept.
        on_progress: Called with the number of samples done.
    """
    k = min(SHOWN, len(ids) - 1)

    def compute() -> np.ndarray:
        from cutaway.neighbors import nearest_neighbors

        return nearest_neighbors(activations(), k, on_progress=on_progress).index

    # of a model that has diverged; other sections say so
    with survive(__name__, f"finding the nearest samples in {layer}", CutawayError):
        identity = context.folder.identity(epoch)
        return cached("neighbors", identity, layer, k, ids.source_index, ids.index, method=1).get(compute)
    return None


def nearest_others(
    points: np.ndarray, queries: np.ndarray, own: np.ndarray, k: int, *, on_progress: ProgressCallback
) -> np.ndarray:
    """The nearest points to each query but for itself, int64 ``(query, k)``, fewer than k if there are no more.

    Args:
        points: float32 ``(sample, value)``.
        queries: float32 ``(query, value)``.
        own: int64 ``(query,)``, the row of each query among the points; -1 if it is not among them.
        k: How many.
        on_progress: Told in samples.
    """
    from cutaway.neighbors import nearest_among

    k = min(k, len(points) - 1)
    found = nearest_among(points, queries, k + 1, on_progress=on_progress).index.astype(np.int64)
    others = found != own[:, None]
    # it is not among the points, or equal ones before it have pushed it out of its own list
    others[others.all(axis=1), -1] = False
    return found[others].reshape(len(queries), k)


def _hidden(context: RunContext, epoch: int | None) -> HiddenSamples:
    from cutaway.interpret import default_layer
    from cutaway.models import output_size

    number = context.epoch(epoch)
    if (kept := _KEPT.get(context)) is not None and kept[0] == number:
        return kept[1]
    model = context.model(number)
    layer = default_layer(model)
    everything = context.part("train")
    most = max(1, VALUES // output_size(model, layer))
    ids = context.named(context.ids("train", samples=most) if len(everything) > most else everything)
    if len(ids) < len(everything):
        warn_user(f"the nearest are sought among {len(ids):,} of {len(everything):,} training samples, drawn by class")
    points = _activations(context, layer, context.data.rows(ids), number)
    means = points.mean(axis=0, dtype=np.float64).astype(np.float32)
    hidden = HiddenSamples(layer, points - means, means, ids, context.data.y(ids))
    _KEPT[context] = number, hidden
    return hidden


def _activations(context: RunContext, layer: str, x: Any, epoch: int | None) -> np.ndarray:
    from cutaway.interpret import activations

    found = activations(context.model(epoch), layer, x=x, scale=context.manifest.dataset.scale)
    return check_matrix(found, name=f"activations of {layer}") if len(found) else found
