"""Activations of a layer of a run."""

from typing import Any

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds

INPUT = "input"
"""Names the samples themselves, as the model sees them, where no layer has this name."""


def layer_activations(
    context: RunContext, layer: str, ids: SampleIds, *, epoch: int | None = None, on_progress: Any = None
) -> np.ndarray:
    """Activations of a layer in evaluation, float32 ``(sample, unit)``; of "input" the samples as the model sees them.

    Raises:
        UnknownNameError: There is no such layer or epoch.
    """
    from cutaway.progress import ignore_progress

    data = context.data
    if layer == INPUT and INPUT not in context.outline.kinds:
        context.epoch(epoch)  # refuses an unknown one
        return data.inputs(ids)
    from cutaway.interpret import activations

    return activations(
        context.model(epoch), layer, x=data.rows(ids), scale=data.scale, on_progress=on_progress or ignore_progress
    )
