"""Training: from a model, arrays and a config to a run folder.

In come a built Keras model (`cutaway.models`), `TrainingData` and a `TrainingConfig`; out go the metrics, weights and
predictions of every epoch, written through a `RunWriter` (`cutaway.runs`), and a `TrainingResult`. `Recorder` does the
same for the user's own ``fit``. `plan` decides everything before the first step of any training. May call runs, models,
data, augmentation, metrics, parallel, progress and errors. Configs, recipes and making plans of settings alone do not
need Keras; it is loaded with the first name that does.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .config import (
    AUTO,
    DRAWN,
    FINITE,
    GIVEN,
    LOSSES,
    SCHEDULES,
    TrainingConfig,
    check_setting,
    check_settings,
    lowest_loss,
    make_config,
    merge_settings,
    recorded_config,
    validation_share,
    wrong_settings,
)
from .plan import Plan, fold_trainer, plan, rows_of, train_into
from .recipes import RECIPES, Recipe, base_settings, find_recipe, may_normalize, recipe_for
from .weighting import check_class_weight, check_same_weights, given_weights, sample_weights

if TYPE_CHECKING:
    from .device import (
        describe_device,
        describe_versions,
        note_differences,
    )
    from .feeding import INPUTS
    from .first_layer import as_taken, own_scale
    from .loop import FoldResult, FoldTrainer, TrainingData, TrainingResult, train_model
    from .manifest import known_config, new_manifest, split_record, warn_of_predictions
    from .recorder import Recorder
    from .short_fits import WithoutRegularization, compiled, short_trainer

_MODULES = {
    "FoldResult": "cutaway.training.loop",
    "FoldTrainer": "cutaway.training.loop",
    "INPUTS": "cutaway.training.feeding",
    "Recorder": "cutaway.training.recorder",
    "TrainingData": "cutaway.training.loop",
    "TrainingResult": "cutaway.training.loop",
    "WithoutRegularization": "cutaway.training.short_fits",
    "as_taken": "cutaway.training.first_layer",
    "compiled": "cutaway.training.short_fits",
    "describe_device": "cutaway.training.device",
    "describe_versions": "cutaway.training.device",
    "known_config": "cutaway.training.manifest",
    "new_manifest": "cutaway.training.manifest",
    "note_differences": "cutaway.training.device",
    "own_scale": "cutaway.training.first_layer",
    "short_trainer": "cutaway.training.short_fits",
    "split_record": "cutaway.training.manifest",
    "train_model": "cutaway.training.loop",
    "warn_of_predictions": "cutaway.training.manifest",
}

__all__ = [
    "AUTO",
    "DRAWN",
    "FINITE",
    "GIVEN",
    "INPUTS",
    "LOSSES",
    "RECIPES",
    "SCHEDULES",
    "FoldResult",
    "FoldTrainer",
    "Plan",
    "Recipe",
    "Recorder",
    "TrainingConfig",
    "TrainingData",
    "TrainingResult",
    "WithoutRegularization",
    "as_taken",
    "base_settings",
    "check_class_weight",
    "check_same_weights",
    "check_setting",
    "check_settings",
    "compiled",
    "describe_device",
    "describe_versions",
    "find_recipe",
    "fold_trainer",
    "given_weights",
    "known_config",
    "lowest_loss",
    "make_config",
    "may_normalize",
    "merge_settings",
    "new_manifest",
    "note_differences",
    "own_scale",
    "plan",
    "recipe_for",
    "recorded_config",
    "rows_of",
    "sample_weights",
    "short_trainer",
    "split_record",
    "train_into",
    "train_model",
    "validation_share",
    "warn_of_predictions",
    "wrong_settings",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
