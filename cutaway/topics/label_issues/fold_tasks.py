"""One fold of one seed as a task: a small specification and arrays in, what the held-out samples say out.

The same function trains a fold in this process, in another one, and on a cluster.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.data import LazyRows
from cutaway.findings import keep_highest
from cutaway.progress import raise_if_canceled
from cutaway.training import fold_trainer

if TYPE_CHECKING:
    from cutaway.training import FoldTrainer, TrainingConfig, TrainingData


@dataclass(frozen=True)
class FoldTask:
    """What is trained; the samples are in files next to it.

    Attributes:
        key: A digest of everything but `seed`, `fold` and the number of epochs.
        spec: Specification of the model.
        config: Every setting, with the number of epochs.
        scale: The value of an input that becomes 1.
        classes: Number of classes.
        in_memory: Whether the rows of a fold are gathered together.
        seed: Which of the cross-validations.
        fold: Which fold is held out.
    """

    key: str
    spec: Mapping[str, Any] = field(repr=False)
    config: "TrainingConfig" = field(repr=False)
    scale: float
    classes: int
    in_memory: bool
    seed: int = 0
    fold: int = 0


Arrays = Mapping[str, np.ndarray]
"""``labels``, int64 ``(sample,)``; ``folds``, int ``(seed, sample)``, the fold of each sample; ``source_index`` and
``index``, where it lies in ``x000``, ``x001`` ..., the inputs of each source."""


def held_and_rest(seed: int, fold: int, dealt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The samples of a fold that are held out, and those that are trained on, each in order.

    Args:
        seed: Which of the cross-validations.
        fold: Which fold of it.
        dealt: int ``(seed, sample)``, the fold of each sample.
    """
    is_held = dealt[seed] == fold
    return np.flatnonzero(is_held), np.flatnonzero(~is_held)


def train_fold(
    task: FoldTask, arrays: Arrays, on_samples: Callable[[int], Any] = lambda _: raise_if_canceled()
) -> dict[str, np.ndarray]:
    """Train on all folds but one, and say what the model thinks of that one.

    Returns:
        ``given``, ``others`` and ``shares`` of `keep_highest`, the number of ``epochs``, and ``margins`` of the samples
        that were trained on, if they are recorded.

    Raises:
        TrainingError: The loss became NaN or infinite.
    """
    data = _data(task, arrays)
    found = _trainer(task, arrays, data).train(data, seed=1000 * task.seed + task.fold, on_samples=on_samples)
    given, others, shares = keep_highest(found.probabilities, data.y[data.train :])
    kept = {"given": given, "others": others, "shares": shares, "epochs": np.array([task.config.epochs])}
    return kept if found.margins is None else kept | {"margins": found.margins}


def find_epochs(
    search: tuple[FoldTask, int],
    arrays: Arrays,
    on_samples: Callable[[int], Any] = lambda _: raise_if_canceled(),
) -> int:
    """The number of epochs after which the loss of a fold is lowest.

    Args:
        search: The fold, with the most epochs, and the epochs without a lower loss after which the search ends.
        arrays: See `train_fold`.
        on_samples: Told 0 after every compiled call; what it raises ends the work.
    """
    task, patience = search
    data = _data(task, arrays)
    trainer = fold_trainer(task.spec, data, config=task.config)
    return trainer.best_epochs(data, seed=0, patience=patience, on_samples=on_samples)


class _Last(threading.local):
    """The trainer of the last task of a thread: its programs and memory serve the next task like it."""

    key: tuple[str, int] | None = None
    trainer: "FoldTrainer | None" = None


_LAST = _Last()


def forget_trainer() -> None:
    """Give back the memory of the last task of this thread, where no other one follows."""
    _LAST.key = _LAST.trainer = None


def _trainer(task: FoldTask, arrays: Arrays, data: "TrainingData") -> "FoldTrainer":
    key = (task.key, task.config.epochs)
    if _LAST.trainer is None or _LAST.key != key:
        forget_trainer()
        # of the first fold in any case: shapes and schedules are the same in every order, on every worker
        first = replace(task, seed=0, fold=0)
        rows = data if task == first else _data(first, arrays)
        _LAST.trainer, _LAST.key = fold_trainer(task.spec, rows, config=task.config), key
    return _LAST.trainer


def _data(task: FoldTask, arrays: Arrays) -> "TrainingData":
    from cutaway.training import TrainingData

    held, rest = held_and_rest(task.seed, task.fold, arrays["folds"])
    order = np.concatenate([rest, held])
    sources = tuple(arrays[name] for name in sorted(arrays) if name.startswith("x"))
    rows = LazyRows(sources, arrays["source_index"][order], arrays["index"][order])
    return TrainingData(
        x=rows[:] if task.in_memory else rows,
        y=arrays["labels"][order],
        train=len(rest),
        val=len(held),
        scale=task.scale,
        classes=task.classes,
    )
