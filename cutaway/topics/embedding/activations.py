"""Activations of a layer of a run: of some samples together, or of all of them a few at a time."""

from dataclasses import dataclass
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


@dataclass(frozen=True, eq=False)
class LazyActivations:
    """A stand-in for the activations of many samples, float32 ``(sample, unit)``, computed for the rows that are asked.

    Attributes:
        context: The run.
        layer: Name of the layer.
        ids: The samples.
        epoch: Number of the epoch.
    """

    context: RunContext
    layer: str
    ids: SampleIds
    epoch: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of the array that this stands for."""
        return len(self), self[:1].shape[1]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """The activations of a slice or of an array of rows."""
        return layer_activations(self.context, self.layer, self.ids.take(rows), epoch=self.epoch)
