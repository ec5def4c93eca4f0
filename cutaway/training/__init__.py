"""Training: from a net, arrays and a plan to a run folder.

In come a built Keras net (`cutaway.nets`), `TrainingData` and a `Plan`; every epoch's metrics, weights and predictions
go into a `RunWriter` (`cutaway.runs`). The loop is our own: a chunk of steps is one compiled call through Keras'
stateless API. May call runs, nets, data, errors and progress. Plans and recipes come without Keras; it is loaded when
the first name that needs it is asked for.
"""

from typing import TYPE_CHECKING

from cutaway.doors import late

from .overfitting import Overfitting, is_finite, watch_overfitting
from .plan import LOSSES, OPTIMIZERS, SCHEDULES, Plan, check_loss, lowest_loss, make_plan
from .recipes import RECIPES, Recipe, find_recipe

if TYPE_CHECKING:
    from .device import describe_device, describe_versions, has_accelerator, keep_compiled_programs
    from .evaluation import TrainingData
    from .recorder import Recorder
    from .trainer import Outcome, train_net

_HOMES = {
    "Outcome": "cutaway.training.trainer",
    "Recorder": "cutaway.training.recorder",
    "TrainingData": "cutaway.training.evaluation",
    "describe_device": "cutaway.training.device",
    "describe_versions": "cutaway.training.device",
    "has_accelerator": "cutaway.training.device",
    "keep_compiled_programs": "cutaway.training.device",
    "train_net": "cutaway.training.trainer",
}

__all__ = [
    "LOSSES",
    "OPTIMIZERS",
    "RECIPES",
    "SCHEDULES",
    "Outcome",
    "Overfitting",
    "Plan",
    "Recipe",
    "Recorder",
    "TrainingData",
    "check_loss",
    "describe_device",
    "describe_versions",
    "find_recipe",
    "has_accelerator",
    "is_finite",
    "keep_compiled_programs",
    "lowest_loss",
    "make_plan",
    "train_net",
    "watch_overfitting",
]

__getattr__ = late(__name__, _HOMES)
