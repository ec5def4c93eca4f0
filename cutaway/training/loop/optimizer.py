"""From a config to Keras' optimizer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import jax
import keras
import numpy as np

from cutaway.training.config import TrainingConfig


def make_optimizer(config: TrainingConfig, *, steps: int) -> keras.Optimizer:
    """Make the optimizer that a config names.

    Args:
        config: The optimizer, its settings and the schedule.
        steps: Steps of the whole training, over which a schedule runs.

    Source:
        Adam: Kingma and Ba 2014, algorithm 1. AdamW: Loshchilov and Hutter 2019, algorithm 2.
    """
    rate = _schedule(config, steps=steps)
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=config.momentum)
    if config.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    return keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)


def _schedule(config: TrainingConfig, *, steps: int) -> Any:
    """The learning rate: a number, or a schedule from the first to the last step.

    Source:
        Cosine: Loshchilov and Hutter 2017, "SGDR", equation 5, to zero. One-cycle: Smith and Topin 2018,
        "Super-Convergence"; up from a 25th during the first 30% of the steps, then down to zero by a cosine. Step: a
        tenth after half of the steps, a hundredth after three quarters.
    """
    rate, schedules = config.learning_rate, keras.optimizers.schedules
    if config.schedule == "cosine":
        return schedules.CosineDecay(rate, decay_steps=steps)
    if config.schedule == "one-cycle":
        rise = max(1, round(0.3 * steps))
        return schedules.CosineDecay(rate / 25, decay_steps=max(1, steps - rise), warmup_target=rate, warmup_steps=rise)
    if config.schedule == "step":
        return schedules.PiecewiseConstantDecay([steps // 2, steps * 3 // 4], [rate, rate / 10, rate / 100])
    return rate


def schedule_numbers(optimizer: keras.Optimizer) -> dict[str, Any]:
    """The numbers of an optimizer's schedule by the names of Keras, such as "decay_steps"; {} without a schedule.

    They are arguments of the compiled step. If they were constants in it, every other learning rate, number of epochs
    or number of samples would need a program of its own, which takes a second to compile.
    """
    schedule: Any = optimizer._learning_rate
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        return {}
    found = {name: value for name, value in schedule.get_config().items() if isinstance(value, (int, float, list))}
    types = {int: np.int32, float: np.float32}
    return jax.tree.map(lambda number: jax.device_put(types[type(number)](number)), found)


@contextmanager
def schedule_of(optimizer: keras.Optimizer, numbers: Mapping[str, Any]) -> Iterator[None]:
    """Let an optimizer's schedule compute with other numbers, while a step is traced."""
    schedule: Any = optimizer._learning_rate
    kept = {name: getattr(schedule, name) for name in numbers}
    try:
        for name, value in numbers.items():
            setattr(schedule, name, value)
        yield
    finally:
        for name, value in kept.items():
            setattr(schedule, name, value)
