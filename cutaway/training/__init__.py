"""Training: from a model, arrays and a config to a run folder.

In come a built Keras model (`cutaway.models`), `TrainingData` and a `TrainingConfig`; out go the metrics, weights and
predictions of every epoch, written through a `RunWriter` (`cutaway.runs`), and a `TrainingResult`. `Recorder` does the
same for the user's own ``fit``. May call runs, models, data, metrics, parallel, progress and errors. Configs and
recipes do not need Keras; it is loaded with the first name that does.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .config import (
    FINITE,
    LOSSES,
    OPTIMIZERS,
    SCHEDULES,
    TrainingConfig,
    check_config,
    check_setting,
    lowest_loss,
    make_config,
    recorded_config,
)
from .first_weights import DRAWN, GIVEN
from .recipes import RECIPES, Recipe, base_settings, find_recipe, may_normalize, recipe_for

if TYPE_CHECKING:
    from .device import (
        describe_device,
        describe_versions,
        has_accelerator,
        note_differences,
    )
    from .feeding import INPUTS
    from .first_layer import as_taken, own_scale
    from .loop import FoldResult, FoldTrainer, TrainingData, TrainingResult, train_model
    from .manifest import known_config, new_manifest, warn_of_predictions
    from .recorder import Recorder

_MODULES = {
    "FoldResult": "cutaway.training.loop",
    "FoldTrainer": "cutaway.training.loop",
    "INPUTS": "cutaway.training.feeding",
    "Recorder": "cutaway.training.recorder",
    "TrainingData": "cutaway.training.loop",
    "TrainingResult": "cutaway.training.loop",
    "as_taken": "cutaway.training.first_layer",
    "describe_device": "cutaway.training.device",
    "describe_versions": "cutaway.training.device",
    "has_accelerator": "cutaway.training.device",
    "known_config": "cutaway.training.manifest",
    "new_manifest": "cutaway.training.manifest",
    "note_differences": "cutaway.training.device",
    "own_scale": "cutaway.training.first_layer",
    "train_model": "cutaway.training.loop",
    "warn_of_predictions": "cutaway.training.manifest",
}

__all__ = [
    "DRAWN",
    "FINITE",
    "GIVEN",
    "INPUTS",
    "LOSSES",
    "OPTIMIZERS",
    "RECIPES",
    "SCHEDULES",
    "FoldResult",
    "FoldTrainer",
    "Recipe",
    "Recorder",
    "TrainingConfig",
    "TrainingData",
    "TrainingResult",
    "as_taken",
    "base_settings",
    "check_config",
    "check_setting",
    "describe_device",
    "describe_versions",
    "find_recipe",
    "has_accelerator",
    "known_config",
    "lowest_loss",
    "make_config",
    "may_normalize",
    "new_manifest",
    "note_differences",
    "own_scale",
    "recipe_for",
    "recorded_config",
    "train_model",
    "warn_of_predictions",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
