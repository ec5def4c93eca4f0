"""Activations of layers of a run: of one layer, or of several from one forward pass an epoch."""

from collections.abc import Sequence

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.topics.common.predictions import answers_of, keep_probabilities

INPUT = "input"
"""Names the samples themselves, as the model sees them, where no layer has this name."""

BYTES = 2**30
"""Bytes of the outputs of all layers that are held at a time at most; where they take more, each layer has its pass."""


def layer_activations(
    context: RunContext,
    layer: str,
    ids: SampleIds,
    *,
    epoch: int | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Activations of a layer in evaluation, float32 ``(sample, unit)``; of "input" the samples as the model sees them.

    Raises:
        UnknownNameError: There is no such layer or epoch.
    """
    data = context.data
    if layer == INPUT and INPUT not in context.outline.kinds:
        context.epoch(epoch)  # refuses an unknown one
        return data.inputs(ids)
    from cutaway.interpret import activations

    return activations(context.model(epoch), layer, x=data.rows(ids), scale=data.scale, on_progress=on_progress)


class SharedPasses:
    """Computes the outputs of some layers after an epoch in one pass, and holds one epoch at a time.

    The probabilities that come out at the end of the pass are kept among the results of the run.

    Args:
        context: The run.
        ids: The samples.
        layers: Names of the layers; "input" among them are the samples themselves.
    """

    def __init__(self, context: RunContext, ids: SampleIds, layers: Sequence[str]) -> None:
        self.context, self.ids = context, ids
        outline = context.outline
        self._layers = [name for name in outline.kinds if name in layers or name == outline.output]
        self._fits = 4 * len(ids) * sum(outline.units[name] for name in self._layers) <= BYTES
        self._epoch: int | None = None
        self._outputs: dict[str, np.ndarray] = {}

    def activations(self, layer: str, epoch: int, *, on_progress: ProgressCallback = ignore_progress) -> np.ndarray:
        """Activations of a layer in evaluation, float32 ``(sample, unit)``.

        Raises:
            UnknownNameError: There is no such layer or epoch.
        """
        if layer not in self._layers or not self._fits:
            return layer_activations(self.context, layer, self.ids, epoch=epoch, on_progress=on_progress)
        if epoch != self._epoch:
            self._outputs = {}  # the memory of the epoch before
            self._outputs, self._epoch = self._pass(epoch, on_progress), epoch
        return self._outputs[layer]

    def _pass(self, epoch: int, on_progress: ProgressCallback) -> dict[str, np.ndarray]:
        from cutaway.models import ForwardPass

        context = self.context
        # one model for all epochs: one compiled program serves them all
        model, data = context.model(), context.data
        forward = ForwardPass.of(model, self._layers, scale=data.scale)
        found = forward(data.rows(self.ids), weights=context.snapshot(epoch), on_progress=on_progress)
        outputs = {name: h.reshape(len(h), -1) for name, h in found.items()}
        keep_probabilities(context, self.ids, answers_of(context, model, outputs[context.outline.output]), epoch=epoch)
        return outputs
