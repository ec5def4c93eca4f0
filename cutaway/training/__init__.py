"""Training: from a net, arrays and a plan to a run folder.

In come a built Keras net (`cutaway.nets`), `TrainingData` and a `Plan`; every epoch's metrics, weights and predictions
go into a `RunWriter` (`cutaway.runs`). The loop is our own: a chunk of steps is one compiled call through Keras'
stateless API. May call runs, nets, data, errors and progress. Plans and recipes come without Keras; it is loaded when
the first name that needs it is asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .plan import LOSSES, OPTIMIZERS, SCHEDULES, Plan, make_plan
from .recipes import RECIPES, Recipe, find_recipe

if TYPE_CHECKING:
    from .device import describe_device, describe_versions
    from .trainer import Outcome, TrainingData, train_net

_LATE = {
    "Outcome": "trainer",
    "TrainingData": "trainer",
    "describe_device": "device",
    "describe_versions": "device",
    "train_net": "trainer",
}

__all__ = [
    "LOSSES",
    "OPTIMIZERS",
    "RECIPES",
    "SCHEDULES",
    "Outcome",
    "Plan",
    "Recipe",
    "TrainingData",
    "describe_device",
    "describe_versions",
    "find_recipe",
    "make_plan",
    "train_net",
]


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_LATE[name]}", __name__), name)
