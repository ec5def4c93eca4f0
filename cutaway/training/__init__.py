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
        note_differences,
    )
    from .feeding import INPUTS, measure_test
    from .first_layer import as_taken, own_scale
    from .loop import FoldTrainer, TrainingData, train_model
    from .manifest import known_config, new_manifest, split_record
    from .recorder import Recorder
    from .short_fits import WithoutRegularization, compiled, short_trainer

_MODULES = {
    "FoldTrainer": "cutaway.training.loop",
    "INPUTS": "cutaway.training.feeding",
    "Recorder": "cutaway.training.recorder",
    "TrainingData": "cutaway.training.loop",
    "WithoutRegularization": "cutaway.training.short_fits",
    "as_taken": "cutaway.training.first_layer",
    "compiled": "cutaway.training.short_fits",
    "known_config": "cutaway.training.manifest",
    "measure_test": "cutaway.training.feeding",
    "new_manifest": "cutaway.training.manifest",
    "note_differences": "cutaway.training.device",
    "own_scale": "cutaway.training.first_layer",
    "short_trainer": "cutaway.training.short_fits",
    "split_record": "cutaway.training.manifest",
    "train_model": "cutaway.training.loop",
}

__getattr__ = lazy_getattr(__name__, _MODULES)
