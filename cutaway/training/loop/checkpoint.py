"""Checkpoints: everything that a training needs to go on, as arrays and plain data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import jax
import numpy as np

from cutaway.errors import RunError
from cutaway.runs import RunFolder

from .step import State

ANOTHER = "start a new run from its last snapshot, with cutaway.train(run.model(), data), or restore the file"
"""The next step if a run cannot be resumed."""


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
        recorded: float16 ``(training sample, recorded class)`` predictions of the current epoch; rows of samples that
            have not been trained on yet are undefined.
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


def read_checkpoint(folder: RunFolder, *, like: State, samples: int, classes: int) -> Checkpoint:
    """Read the checkpoint of a run.

    Args:
        folder: The run.
        like: A state of the same model and optimizer, which gives the expected shapes.
        samples: Number of training samples.
        classes: Number of classes whose predictions are recorded.

    Raises:
        RunError: There is none, it is damaged, or it is not one of such a model and optimizer.
    """
    alike = {f"{group}/{n:03d}": value for group, values in like._asdict().items() for n, value in enumerate(values)}
    wanted = {name: tuple(value.shape) for name, value in alike.items()}
    extra = {"recorded": (samples, classes), "weight": (samples,)}

    def check(shapes: Mapping[str, tuple[int, ...]]) -> None:
        for name in sorted(wanted.keys() ^ (shapes.keys() - extra.keys())):
            what = "no array" if name in wanted else "an array too many,"
            raise _refusal(f'{what} "{name}"')
        for name, shape in shapes.items():
            if shape != (expected := (wanted | extra)[name]):
                raise _refusal(f'"{name}" of shape {shape}, not {expected}')

    try:
        tensors, position = folder.checkpoint(check=check)
    except RunError as error:
        raise RunError(error.fault, hint=ANOTHER) from error
    for name, array in tensors.items():
        if array.dtype.kind != (alike[name].dtype.kind if name in alike else "f"):
            raise _refusal(f'"{name}" of dtype {array.dtype}')
    groups = {
        group: [jax.numpy.array(tensors[f"{group}/{n:03d}"], value.dtype, copy=True) for n, value in enumerate(values)]
        for group, values in like._asdict().items()
    }
    return Checkpoint(State(**groups), _position(position), tensors.get("recorded"), tensors.get("weight"))


def _position(record: Mapping[str, Any]) -> Position:
    """The position of a checkpoint, with a type and a range for each of its numbers."""
    whole = all(type(record.get(name)) is int and 0 <= record[name] < 2**53 for name in ("epoch", "step"))
    numbers = all(isinstance(record.get(name), int | float) for name in ("loss", "correct", "seconds"))
    row = record.get("row")
    if not whole or not numbers or not isinstance(row, dict) or record.keys() != {f.name for f in fields(Position)}:
        raise _refusal(f"the position {dict(record)!r:.80}")
    return Position(**record)


def _refusal(got: str) -> RunError:
    return RunError(f"the checkpoint does not fit the run: it has {got}", hint=ANOTHER)
