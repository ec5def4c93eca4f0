"""A batch of samples that are placed in a layout, as a task: in another process of this machine, or on a cluster."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.checks import check_matrix
from cutaway.data import LazyRows
from cutaway.embedding import ManyPlacement, place_many
from cutaway.execution import run_tasks
from cutaway.progress import Progress, ProgressCallback, raise_if_canceled

from .activations import LazyActivations

if TYPE_CHECKING:
    from cutaway.models import Model

INPUTS, WEIGHTS, LAYOUT = "x", "weights.", "layout."
"""What the names of shared arrays begin with: raw samples, weights of the model, and the layout."""


@dataclass(frozen=True)
class PlacingTask:
    """Which samples are placed; they are in arrays beside it, as are the weights and the layout.

    Attributes:
        spec: Specification of the model, as JSON.
        layer: Name of the layer.
        scale: The value of an input that becomes 1.
        start: The first of them.
        stop: The one after the last.
    """

    spec: str = field(repr=False)
    layer: str
    scale: float
    start: int
    stop: int


def place_batch(task: PlacingTask, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Place a batch, float32 ``(sample, 2)``.

    Args:
        task: Which one.
        arrays: ``source_index`` and ``index``, where each sample lies in ``x000``, ``x001`` ..., the inputs of each
            source; ``rows``, the numbers by which errors name them; the weights of the model; and what
            `ManyPlacement.to_arrays` gives.
    """
    from cutaway.interpret import activations

    batch = slice(task.start, task.stop)
    sources = tuple(arrays[name] for name in sorted(arrays) if name.startswith(INPUTS))
    rows = LazyRows(sources, arrays["source_index"][batch], arrays["index"][batch])
    h = activations(
        _model(task.spec),
        task.layer,
        x=rows,
        scale=task.scale,
        weights=_named(arrays, WEIGHTS),
        on_progress=lambda _: raise_if_canceled(),
    )
    h = check_matrix(h, name="activations", rows=arrays["rows"][batch])
    return place_many(h, ManyPlacement.from_arrays(_named(arrays, LAYOUT)))


@lru_cache(maxsize=1)
def _model(spec: str) -> "Model":
    """The model of the last task, whose compiled program serves the next one."""
    from cutaway import models

    models.require_jax()
    return models.model_from_spec(json.loads(spec), initialize=False)


def _named(arrays: Mapping[str, np.ndarray], start: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


def place_elsewhere(
    h: LazyActivations,
    into: ManyPlacement,
    batches: Sequence[np.ndarray],
    keep: Callable[[int, np.ndarray], object],
    *,
    engine: str | None,
    on_progress: ProgressCallback,
) -> None:
    """Place batches of samples on an engine.

    Args:
        h: The activations of all samples.
        into: The layout.
        batches: int64 (sample,) each, rows of `h`.
        keep: Told the place of each batch and its coordinates as soon as they are there.
        engine: As `cutaway.execution.ENGINES` says.
        on_progress: Told several times a second; cancels the work.

    Raises:
        ExecutionError: The engine cannot be reached or lost its workers.
    """
    context, epoch = h.context, h.epoch
    numbers = np.concatenate(batches)
    rows = context.data.rows(h.ids.take(numbers))
    arrays: dict[str, Any] = {"rows": numbers, "source_index": rows.source_index, "index": rows.index}
    arrays |= {f"{INPUTS}{number:03}": source for number, source in enumerate(rows.sources)}
    arrays |= {WEIGHTS + name: array for name, array in context.snapshot(epoch).items()}
    arrays |= {LAYOUT + name: array for name, array in into.to_arrays().items()}
    common = json.dumps(context.spec), h.layer, context.data.scale
    tasks = [PlacingTask(*common, *cut) for cut in pairwise(accumulate(map(len, batches), initial=0))]
    before, placed = len(h) - len(rows), 0

    def on_result(place: int, coordinates: np.ndarray) -> None:
        nonlocal placed
        placed += len(coordinates)
        keep(place, coordinates)

    def tell(now: Progress) -> None:
        if not now.ended:  # that is said with the last batch
            on_progress(Progress("placing", before + placed, len(h), "samples", now.note))

    said: dict[str, Any] = {"name": "placing", "unit": "batches", "on_result": on_result, "on_progress": tell}
    run_tasks(place_batch, tasks, arrays=arrays, engine=engine, **said)
