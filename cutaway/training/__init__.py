"""Training: from a model, arrays and a config to a run folder.

In come a built Keras model (`cutaway.models`), `TrainingData` and a `TrainingConfig`; every epoch's metrics, weights
and predictions go into a `RunWriter` (`cutaway.runs`). The loop is our own: a chunk of steps is one compiled call
through Keras' stateless API. May call runs, models, data, metrics, parallel, errors and progress. Configs and recipes
come without Keras; it is loaded when the first name that needs it is asked for.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .config import LOSSES, OPTIMIZERS, SCHEDULES, TrainingConfig, check_loss, lowest_loss, make_config
from .recipes import RECIPES, Recipe, find_recipe

if TYPE_CHECKING:
    from .device import describe_device, describe_versions, has_accelerator, keep_compiled_programs
    from .evaluation import TrainingData
    from .recorder import Recorder
    from .trainer import Outcome, train_model

_MODULES = {
    "Outcome": "cutaway.training.trainer",
    "Recorder": "cutaway.training.recorder",
    "TrainingData": "cutaway.training.evaluation",
    "describe_device": "cutaway.training.device",
    "describe_versions": "cutaway.training.device",
    "has_accelerator": "cutaway.training.device",
    "keep_compiled_programs": "cutaway.training.device",
    "train_model": "cutaway.training.trainer",
}

__all__ = [
    "LOSSES",
    "OPTIMIZERS",
    "RECIPES",
    "SCHEDULES",
    "Outcome",
    "Recipe",
    "Recorder",
    "TrainingConfig",
    "TrainingData",
    "check_loss",
    "describe_device",
    "describe_versions",
    "find_recipe",
    "has_accelerator",
    "keep_compiled_programs",
    "lowest_loss",
    "make_config",
    "train_model",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
