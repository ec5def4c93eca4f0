"""What influences are summed over: which snapshots, what each weighs, and the loss that the run was trained by."""

import math
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.context import RunContext
from cutaway.errors import ModelError, RunError, UsageError
from cutaway.words import shown

from .epochs import epoch_numbers

if TYPE_CHECKING:
    from cutaway.interpret import Objective

WORK = 9e10
"""Products of a training sample and a weight that "auto" takes at most, over all snapshots: on 2 cores of a server CPU
about one second."""

MOST_SNAPSHOTS = 20
"""Maximum number of snapshots that "auto" takes."""


def snapshot_rates(context: RunContext, *, epoch: int, epochs: Any = "auto") -> dict[int, float]:
    """The snapshots that influences are summed over, and what each weighs.

    A snapshot stands for the epochs that it is the nearest one to, of two the later one, and weighs the sum of their
    learning rates. That of an epoch is the mean of those at its start and at its end: a schedule may end at 0.

    Args:
        context: The run.
        epoch: Number of the epoch after which the model answered: later ones have no influence.
        epochs: Their numbers, or a single one; all with a snapshot if None; "auto" for as many as `WORK` allows, spaced
            so that each stands for about the same sum of learning rates.

    Returns:
        Number of each epoch -> its weight, ascending. Of a model whose training is not known, the weight of the only
        snapshot is 1.

    Raises:
        UsageError: There is none before the answer, or they are no epochs.
        UnknownNameError: There is no snapshot of one of them.
        RunError: The history has no learning rate.
    """
    if context.manifest.origin == "model":
        return {epoch: 1.0}
    trained = [number for number in context.folder.epochs if 1 <= number <= epoch]
    if not trained:
        raise UsageError(
            f"epoch {epoch} is the model before training, which no sample has influenced", hint="choose a later epoch"
        )
    rates = _rates(context, epoch)
    if isinstance(epochs, str) and epochs == "auto":
        chosen = spread(_shared(rates, trained), _affordable(context))
    else:
        chosen = sorted({*epoch_numbers(context, trained if epochs is None else epochs)})
        if not chosen:
            raise UsageError("there are no epochs to sum influences over", hint='pass epochs="auto"')
        if outside := [number for number in chosen if not 1 <= number <= epoch]:
            raise UsageError(
                f"epoch {outside[0]} is not among the epochs before this answer, 1 to {epoch}",
                hint=f"choose from 1 to {epoch}",
            )
    return _shared(rates, chosen)


def _shared(rates: dict[int, float], chosen: list[int]) -> dict[int, float]:
    """The sum of the rates of the epochs that each snapshot stands for."""
    shared = dict.fromkeys(chosen, 0.0)
    for epoch, rate in rates.items():
        shared[min(chosen, key=lambda number: (abs(number - epoch), -number))] += rate
    return shared


def spread(rates: dict[int, float], most: int) -> list[int]:
    """At most N snapshots, each in the middle of a stretch of about the same sum of rates.

    Of 8 snapshots of a model on MNIST with a rate that falls by a cosine, two chosen so have influences that correlate
    with those by all 8 by 0.93; epochs 4 and 8 by 0.81.

    Args:
        rates: Number of each snapshot, ascending -> its rate.
        most: From 1 up.
    """
    numbers, ends = list(rates), list(accumulate(rates.values()))
    if len(numbers) <= most:
        return numbers
    middles = ((place + 0.5) / most * ends[-1] for place in range(most))
    return [*dict.fromkeys(numbers[bisect_left(ends, middle)] for middle in middles)]


def _rates(context: RunContext, epoch: int) -> dict[int, float]:
    """The learning rate of each epoch up to one: the mean of that at its start and at its end."""
    ends: dict[int, Any] = {row["epoch"]: row.get("learning_rate") for row in context.folder.history()}
    lacking = next((each for each in range(1, epoch + 1) if not isinstance(ends.get(each), int | float)), None)
    if lacking is not None:
        raise RunError(
            f"history.jsonl of {context.path.name} has no learning rate for epoch {lacking}",
            hint="restore the file from a copy of the run, or train again",
        )
    config = context.manifest.config
    first = config.get("learning_rate")
    if config.get("schedule") == "one-cycle" or not isinstance(first, int | float):
        first = ends[1]  # this schedule starts far below the rate of the config
    starts = {1: first, **{each + 1: rate for each, rate in ends.items()}}
    return {each: (float(starts[each]) + float(ends[each])) / 2 for each in range(1, epoch + 1)}


def _affordable(context: RunContext) -> int:
    """How many snapshots `WORK` allows, from 1 to `MOST_SNAPSHOTS`."""
    weights = sum(math.prod(shape) for shape in context.folder.snapshot_shapes().values())
    return int(min(max(WORK / max(len(context.split.train) * weights, 1), 1), MOST_SNAPSHOTS))


def objective_of(context: RunContext) -> "tuple[Objective, str]":
    """The loss that a run was trained by, and what influences leave out of its training, in words.

    Raises:
        ModelError: It is not one of those that cutaway trains by.
    """
    from cutaway.interpret import Objective
    from cutaway.training import LOSSES

    context.manifest.check("config")
    config = context.manifest.config
    loss, smoothing = config.get("loss"), config.get("label_smoothing") or 0.0
    loss = "categorical_crossentropy" if loss is None and context.manifest.origin == "model" else loss
    if not isinstance(loss, str) or loss not in LOSSES or not isinstance(smoothing, int | float):
        raise ModelError(
            f"{context.path.name} was trained with the loss {shown(loss)}; influence needs one of {', '.join(LOSSES)}",
            hint="train with one of these",
        )
    return Objective(loss, float(smoothing), len(context.class_names)), _left_out(config)


def _left_out(config: dict[str, Any]) -> str:
    optimizer = config.get("optimizer")
    if optimizer == "sgd" and not config.get("momentum"):
        return ""
    if optimizer == "sgd":
        return "it ignores momentum"
    if optimizer == "none":
        return "how the model was trained is not known"
    return f"it ignores how {optimizer} scales each weight"


def training_weights(context: RunContext, labels: np.ndarray) -> np.ndarray | None:
    """What each training sample weighed in the loss, float32 ``(training sample,)``; None where all weighed 1.

    Args:
        context: The run.
        labels: int64 ``(training sample,)``, their classes.

    Raises:
        RunError: Samples had weights, and the checkpoint that keeps them is gone or damaged.
    """
    given, per_class = context.manifest.sample_weight, context.manifest.config.get("class_weight")
    if given is None and per_class is None:
        return None
    if given is None and isinstance(per_class, tuple) and len(per_class) == len(context.class_names):
        return np.asarray(per_class, np.float32)[labels]
    weight = context.folder.checkpoint()[0].get("weight")
    if weight is None or weight.shape != labels.shape:
        raise RunError(
            f"the checkpoint of {context.path.name} does not have a weight for each sample",
            got="none" if weight is None else f"{weight.shape}",
            hint="restore the file from a copy of the run",
        )
    return weight.astype(np.float32)
