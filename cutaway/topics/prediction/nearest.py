"""The training samples that are nearest to new ones in the last hidden layer, and the inputs that contributed most."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from cutaway.checks import check_matrix, check_whole, warn_user
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import ModelError

from .result import Contributions, NearestSamples

VALUES = 2**28
"""Activations of training samples that are held at most: 1 GB."""


@dataclass(frozen=True, eq=False)
class HiddenSamples:
    """Training samples in the last hidden layer.

    Attributes:
        layer: Name of the layer.
        points: float32 ``(sample, unit)``, activations less their means, so that products of large means round nothing.
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
"""The activations of the epoch that was asked for last, for as long as somebody holds the run."""


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


def contributions_of(context: RunContext, n: int, *, epoch: int | None) -> Callable[[np.ndarray], Contributions]:
    """Find the n inputs that contributed most to the answer, for any samples.

    Args:
        context: The run.
        n: From 1 to the number of inputs.
        epoch: After which epoch; the kept one if None.

    Returns:
        A function of raw samples ``(sample, *shape)``.

    Raises:
        UsageError: n is outside its range.
        ModelError: The model is not piecewise linear.
    """
    from cutaway.interpret import input_attribution

    record = context.manifest.dataset
    names = np.array(_input_names(record.feature_names, record.shape), object)
    check_whole(n, name="explain", least=1, most=len(names))
    try:
        attribute = input_attribution(context.model(epoch), scale=record.scale)
    except ModelError as error:
        raise ModelError(error.rule, got=error.got, hint="pass explain=0, or train a model with ReLUs") from None

    def find(x: np.ndarray) -> Contributions:
        values, pairs = attribute(x)
        order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :n]
        return Contributions(pairs[:, 1].astype(np.int64), names[order], np.take_along_axis(values, order, axis=1))

    return find


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


def _input_names(names: tuple[str, ...] | None, shape: tuple[int, ...]) -> list[str]:
    """Names of the values of a sample: as they are known, or their places in it, such as "[3, 5]"."""
    if names is not None:
        return list(names)
    return [f"[{', '.join(map(str, place))}]" for place in np.ndindex(*shape)]
