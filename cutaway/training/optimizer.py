"""From a plan to Keras' optimizer."""

from typing import Any

import keras

from .plan import Plan


def make_optimizer(plan: Plan, *, steps: int) -> keras.Optimizer:
    """Make the optimizer of a plan.

    Args:
        plan: Names the optimizer, its settings and the schedule.
        steps: Steps of the whole training, over which a schedule runs.

    Source:
        Adam: Kingma and Ba 2014, algorithm 1. AdamW: Loshchilov and Hutter 2019, algorithm 2. Cosine schedule:
        Loshchilov and Hutter 2017, "SGDR", equation 5, to zero.
    """
    rate: Any = plan.learning_rate
    if plan.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, decay_steps=steps)
    if plan.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=plan.momentum)
    if plan.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    return keras.optimizers.AdamW(rate, weight_decay=plan.weight_decay)
