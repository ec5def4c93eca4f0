"""Checkpoints: everything that a training needs to go on, as arrays and plain data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import jax
import numpy as np

from cutaway.errors import RunError

from .step import State


@dataclass(frozen=True)
class Position:
    """How far a training has come.

    Attributes:
        epoch: Epochs finished.
        step: Steps done in the current epoch.
        loss: Sum of loss x samples in the current epoch, a float32 number.
        correct: Correct predictions in the current epoch.
        seconds: Training time, over all sessions.
        row: The line of the history for epoch `epoch`, in case the process died before it was appended.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    correct: float = 0.0
    seconds: float = 0.0
    row: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A state and its position.

    Attributes:
        state: Arrays of the model and its optimizer.
        position: How far the training has come.
        recorded: float16 ``(training sample, class)`` predictions of the current epoch; rows of samples that have not
            been trained on yet are undefined.
        weight: float32 ``(training sample,)``, weights in the loss; None for 1.
    """

    state: State
    position: Position
    recorded: np.ndarray | None
    weight: np.ndarray | None


def pack(checkpoint: Checkpoint) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Turn a checkpoint into named arrays on the host, which are copies, and JSON-able data."""
    tensors = {
        f"{group}/{number:03d}": np.array(value)
        for group, values in checkpoint.state._asdict().items()
        for number, value in enumerate(values)
    }
    for name in ("recorded", "weight"):
        value = getattr(checkpoint, name)
        if value is not None:
            tensors[name] = np.array(value)
    return tensors, asdict(checkpoint.position)


def unpack(tensors: Mapping[str, np.ndarray], position: Mapping[str, Any], *, like: State) -> Checkpoint:
    """Read a checkpoint back.

    Args:
        tensors: As `pack` returned them.
        position: As `pack` returned it.
        like: A state of the same model and optimizer, which gives the expected shapes.

    Raises:
        RunError: It is not a checkpoint of such a model and optimizer.
    """
    groups = {}
    for group, values in like._asdict().items():
        arrays = [tensors.get(f"{group}/{number:03d}") for number in range(len(values))]
        has_more = f"{group}/{len(values):03d}" in tensors
        shapes = [None if a is None else a.shape for a in arrays]
        if has_more or shapes != [value.shape for value in values]:
            raise RunError(
                "a checkpoint must hold the arrays of the model and the optimizer of its run",
                got=f"other arrays for {group}",
                hint="train again, or restore the checkpoint.safetensors that belongs to this run.json",
            )
        groups[group] = [jax.numpy.array(a, copy=True) for a in arrays]
    return Checkpoint(State(**groups), Position(**position), tensors.get("recorded"), tensors.get("weight"))
