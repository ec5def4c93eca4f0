"""Named recipes: a model and a config that are known to work well together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cutaway.checks import check_choice
from cutaway.data import LARGE_MEAN, Dataset, Table, mean_over_spread, stratified_sample
from cutaway.models import ModelForm
from cutaway.task import Task

JUDGED, JUDGED_VALUES = 2_000, 50_000_000
"""Maximum number of training samples, and of their pixels, that decide whether images are bright."""


@dataclass(frozen=True)
class Recipe:
    """A model and a config.

    Attributes:
        name: Its name.
        summary: Its purpose, in a few words.
        form: The model.
        settings: Fields of `cutaway.training.TrainingConfig`, or "auto" for `cutaway.training.make_config` to decide.
    """

    name: str
    summary: str
    form: ModelForm
    settings: Mapping[str, Any]


# Chosen on validation samples of MNIST, seeds 0 to 4 (mean validation accuracy): as here 0.9861; without smoothing
# and with a quarter held out 0.9834; label smoothing 0.1 instead of 0.05, dropout 0.1 or 0.15, learning rate 0.004,
# a second moment of 0.95, one-cycle, AdamW with decay 0.1: none is better by more than seeds differ (0.001). 6 epochs:
# 0.9850. Muon with batches of 512 and 1,024 takes four times as long and ends at 0.981.
_DEFAULT = {
    "epochs": "auto",
    "batch_size": "auto",
    "optimizer": "adam",
    "learning_rate": 0.003,
    "schedule": "cosine",
    "label_smoothing": 0.05,
    "validation": "auto",
    "precision": "auto",
}
# Chosen by the mean validation loss on six tables of 178 to 3,000 rows (wine, breast cancer, two made from a logistic
# model, two by make_classification), seeds 0 and 1: as here 0.463; 512-512 0.478, and without stopping 0.527; 256-256
# with dropout 0.4 0.468; 64-64 0.471.
_TABLE = {**_DEFAULT, "patience": 10}
# Chosen on 10,000 held-out training samples of MNIST, seed 0. Errors are 0.59% to 0.72%, of which 0.08 points are one
# standard error, so the cross-entropy chose: as here 0.0516 (0.64%); a rate of 0.005 0.0528; elastic 0.02 0.0526, with
# dropout 0.1 0.0533; batches of 128 with a rate of 0.002, in 1.6 times the time, 0.0532; 1536-1536 for 15 epochs with a
# rate of 0.004 0.0545; 1024-1024-512 for 20 epochs 0.0581; a cosine 0.0586. Label smoothing 0.1: 0.59%.
# As for tables with classes; dropout shifts the variance of a sum between training and use, so there is none.
_NUMBERS = {**_DEFAULT, "label_smoothing": 0.0, "loss": "mean_squared_error", "patience": 20}
_MINUTE = {
    **_DEFAULT,
    "epochs": 24,
    "batch_size": 256,
    "schedule": "one-cycle",
    "augment": "shift=0.05, rotation=11, scale=0.15, shear=0.15, elastic=0.03",
}
# The published recipe (Miyato et al. 2018) with larger batches, a one-cycle and 40 epochs in place of 100. On the
# held-out samples of MNIST, seed 0: as here 0.80%; with Gaussian noise of 0.2 at the input and in each layer as well
# 0.87%; without batch normalization, 1024-1024 for 24 epochs, 1.12%.
_BEST = {
    "epochs": 40,
    "batch_size": 256,
    "optimizer": "adam",
    "learning_rate": 0.003,
    "schedule": "one-cycle",
    "virtual_adversarial": 2.1,
    "validation": "auto",
    "precision": "auto",
}
# Held out, seed 0: as here 0.49%; the widths of `best` with its virtual adversarial training, 40 epochs, 0.60%.
_BEST_IMAGES = {**_MINUTE, "epochs": 60}
_LESSON = {
    "epochs": 2,
    "batch_size": 128,
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "validation": 0.25,
    "precision": "auto",
}

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("default", "a good model in the least time", ModelForm((512, 512), dropout=0.2), _DEFAULT),
        Recipe(
            "table",
            "a good model of a table: smaller, and stopped before it overfits",
            ModelForm((128, 128), dropout=0.2),
            _TABLE,
        ),
        Recipe("numbers", "numbers to predict, from a table or from arrays", ModelForm((128, 128)), _NUMBERS),
        Recipe(
            "photos",
            "photos, and images on a light background: the default with batch normalization",
            ModelForm((512, 512), dropout=0.2, batch_norm=True),
            _DEFAULT,
        ),
        Recipe(
            "minute",
            "images of characters, in about a minute: 1024-1024, with changed images",
            ModelForm((1024, 1024)),
            _MINUTE,
        ),
        Recipe(
            "best",
            "the most accurate without changed images, in ten minutes: batch normalization, virtual adversarial",
            ModelForm((1200, 600, 300, 150), batch_norm=True),
            _BEST,
        ),
        Recipe(
            "best-images",
            "the most accurate on images of characters, in ten minutes: 2000-1500-1000, with changed images",
            ModelForm((2000, 1500, 1000)),
            _BEST_IMAGES,
        ),
        Recipe("lesson", "the classic lesson: 512-512, SGD 0.01, 2 epochs, about 88%", ModelForm((512, 512)), _LESSON),
        Recipe(
            "lesson-dropout",
            "the classic lesson with dropout, 4 epochs",
            ModelForm((512, 512), dropout=0.2),
            {**_LESSON, "epochs": 4},
        ),
    )
}


def recipe_for(name: str, data: Dataset | Table, given: Mapping[str, Any] | None = None) -> str:
    """The name of the recipe for some data.

    "default" means "numbers" where these are predicted, "table" for a table, and "photos" for bright images.

    Args:
        name: The requested name.
        data: The training data.
        given: Settings of the model and of the training that the user gives, see `may_normalize`.
    """
    if name != "default":
        return name
    if data.task.is_numbers:
        return "numbers"
    if isinstance(data, Table) or data.preparation is not None:
        return "table"
    return "photos" if data.image is not None and may_normalize(given or {}) and _is_bright(data) else name


def may_normalize(given: Mapping[str, Any]) -> bool:
    """Whether the settings that a user gives go with batch normalization, which a default must not refuse."""
    return given.get("ensemble") in (None, 1) and given.get("batch_size") != 1


def _is_bright(data: Dataset) -> bool:
    source = data.sources["train"]
    most = max(2, min(JUDGED, JUDGED_VALUES // data.features))
    return mean_over_spread(source.x[stratified_sample(source.y, most, seed=0)]) > LARGE_MEAN


def base_settings(recipe: Recipe, *, weighted: bool, task: Task) -> Mapping[str, Any]:
    """The settings of a recipe; those that are for classes are left out where numbers are predicted.

    Args:
        recipe: The recipe.
        task: What the answers are.
        weighted: Whether classes or samples have weights. The validation loss has none, so stopping at its minimum
            would undo them.
    """
    settings = {name: value for name, value in recipe.settings.items() if not (weighted and name == "patience")}
    if not task.is_numbers:
        return settings
    of_classes = ("label_smoothing", "virtual_adversarial")
    return {"loss": "mean_squared_error"} | {name: v for name, v in settings.items() if name not in of_classes}


def find_recipe(name: str) -> Recipe:
    """Look up a recipe.

    Raises:
        UnknownNameError: There is none of that name.
    """
    return RECIPES[check_choice(name, name="recipe", choices=RECIPES)]
