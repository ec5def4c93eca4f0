"""What all trials of a sweep are trained on, and how one of them is trained: the test samples are left out."""

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.api.run import Run
from cutaway.api.start import train_into, training_data, training_manifest
from cutaway.api.train import mlp
from cutaway.augmentation import Augmentation, as_augmentation, check_images
from cutaway.data import Dataset, Split, Table, drop, load_again, split_and_prepare
from cutaway.errors import DataError, UsageError
from cutaway.execution import Choices, Space
from cutaway.models import FORM, ModelForm
from cutaway.progress import ProgressCallback
from cutaway.results.progress import ProgressOption
from cutaway.runs import RunWriter
from cutaway.topics.common.weighting import class_weights, given_weights, sample_weights

from .manifest import FixedSettings, SweepManifest

if TYPE_CHECKING:
    from cutaway.training import TrainingConfig


@dataclasses.dataclass(frozen=True)
class Material:
    """The data of a sweep, prepared once for all trials of a process.

    Attributes:
        loaded: A dataset, or a table before it was prepared.
        data: What models are trained on.
        split: Training and validation samples; the test samples belong to no part of it.
        base: The settings of the recipe.
        weights: Weights of the samples of the source "train", where a table has some.
    """

    loaded: Dataset | Table
    data: Dataset
    split: Split
    base: Mapping[str, Any] = dataclasses.field(repr=False)
    weights: np.ndarray | None = dataclasses.field(default=None, repr=False)


def prepare(loaded: Dataset | Table, fixed: FixedSettings, *, seed: int, on_progress: ProgressCallback) -> Material:
    """Split the data as `cutaway.train` does, prepare them, and leave the test samples out.

    Raises:
        ConfigError, DataError: See `cutaway.train`.
    """
    from cutaway import training
    from cutaway.topics.findings.before_training import warn_of_leaks

    base, weights = base_of(fixed, loaded), given_weights(loaded, None)
    # validation is a share of all training samples
    config = training.make_config(base, samples=len(loaded.labels["train"]), **settings_of(fixed, seed))
    split, data = split_and_prepare(loaded, validation=config.validation, seed=seed, on_progress=on_progress)
    warn_of_leaks(loaded, data, split)
    return Material(loaded, data, drop(split, split.test), base, weights)


def load(manifest: SweepManifest) -> Dataset | Table:
    """The data of a sweep, loaded from where they were.

    Raises:
        UsageError, DataError: See `cutaway.load_dataset`; or they were arrays.
    """
    origin = dict(manifest.data.get("origin") or {})
    if origin.get("kind") == "arrays":
        raise DataError(
            "the data of the sweep came from arrays",
            got=f'"{manifest.data.get("name")}"',
            hint="call cutaway.sweep again with the same arguments: its result has them",
        )
    return load_again(origin)


def base_of(fixed: FixedSettings, loaded: Dataset | Table) -> Mapping[str, Any]:
    """The settings of the recipe."""
    from cutaway import training

    recipe = training.find_recipe(training.recipe_for(fixed.recipe, loaded))
    weighted = fixed.class_weight is not None or given_weights(loaded, None) is not None
    return training.base_settings(recipe, weighted=weighted)


def settings_of(fixed: FixedSettings, seed: int) -> dict[str, Any]:
    """The settings of the training that are given."""
    return {**fixed.settings, "seed": seed}


def default_settings(material: Material, fixed: FixedSettings, *, seed: int, space: Space) -> dict[str, Any]:
    """The settings of trial 0: those that `cutaway train` would use, resolved.

    Raises:
        UsageError: A setting is both fixed and in the space, or is not one that a training takes.
    """
    from cutaway import training

    both = [name for name in space.settings if name in fixed.given() or (name in ("layers", "units") and fixed.hidden)]
    if both:
        raise UsageError(
            "a setting is fixed, or in the space", got=f"{both[0]} twice", hint="leave it out of one of the two"
        )
    base, samples, given = material.base, len(material.split.train), settings_of(fixed, seed)
    config = training.make_config(base, samples=samples, accelerator=training.has_accelerator(), **given)
    for augmentation in augmentations_of(config.augment, space):  # once, and not in every trial
        check_images(material.data.shape)
        augmentation.find_function()
    recipe = training.find_recipe(training.recipe_for(fixed.recipe, material.loaded, _given(fixed, space)))
    form = asdict(recipe.form) | fixed.form()
    hidden = form["hidden"]
    return {
        **{name: value for name, value in config.model_dump(mode="json").items() if name != "class_weight"},
        "class_weight": fixed.class_weight,
        "augment": config.augment or "none",
        **form,
        "hidden": list(hidden),
        "layers": len(hidden),
        "units": hidden[0] if hidden else 0,
    }


def _given(fixed: FixedSettings, space: Space) -> dict[str, Any]:
    """What is given of a trial, and what some trial may have that does not go with batch normalization."""
    given, batches = fixed.given(), space.settings.get("batch_size")
    if "ensemble" in space.settings:
        given["ensemble"] = 2
    if batches is not None and batches.holds(1):
        given["batch_size"] = 1
    return given


def augmentations_of(fixed: str | None, space: Space) -> list[Augmentation]:
    """The augmentations that trials may have."""
    tried = space.settings.get("augment")
    texts = tried.values if isinstance(tried, Choices) else (fixed,)
    return [found for text in texts if (found := as_augmentation(text)) is not None]


def resolved(settings: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting of the model of a trial, and those of its training that were drawn.

    Args:
        settings: What was drawn.
        default: The settings of trial 0.
    """
    hidden = tuple(settings.get("hidden", default["hidden"]))
    if {"layers", "units"} & {*settings}:
        layers, units = (int(settings.get(name, default[name])) for name in ("layers", "units"))
        hidden = (units,) * layers
    form = {name: settings.get(name, default.get(name, usual)) for name, usual in asdict(ModelForm()).items()}
    of_training = {name: value for name, value in settings.items() if name not in (*FORM, "layers", "units")}
    return {**form, "hidden": hidden, **of_training}


def train_trial(
    material: Material,
    manifest: SweepManifest,
    settings: Mapping[str, Any],
    *,
    path: Path,
    number: int,
    progress: ProgressOption,
) -> Run:
    """Train one trial into a new run folder.

    Args:
        material: What it is trained on.
        manifest: The sweep.
        settings: What was drawn for it.
        path: Where the run folder is made.
        number: Its number in the sweep, which run.json keeps.
        progress: See `cutaway.train`.

    Raises:
        UsageError, RunError, TrainingError, Canceled: See `cutaway.train`.
    """
    from cutaway import models, training

    models.require_jax()
    models.keep_compiled_programs()
    wanted, split = resolved(settings, manifest.default), material.split
    model = mlp(**{name: wanted.pop(name) for name in FORM})
    data = training.as_taken(model, material.data)
    config = _config(material, manifest, wanted)
    models.build_model(model, shape=data.shape, classes=data.classes, seed=config.seed)
    training.check_config(config, model, shape=data.shape)
    given = material.weights
    weight = sample_weights(given, data=data, split=split, per_class=config.class_weight)
    record = training_manifest(
        model, data=data, split=split, config=config, first_weights=training.DRAWN, sample_weight=given
    )
    writer = RunWriter.create_at(
        path, manifest=record | {"sweep": {"name": manifest.name, "trial": number}}, begin=False
    )
    samples = training_data(data, split, weight)
    return train_into(writer, model, samples, data=data, config=config, progress=progress, resume=False)


def _config(material: Material, manifest: SweepManifest, drawn: Mapping[str, Any]) -> "TrainingConfig":
    from cutaway import training

    fixed, split = manifest.fixed, material.split
    settings = settings_of(fixed, manifest.seed) | dict(drawn)
    # as many epochs for every trial, and the validation share of the split
    settings |= {name: manifest.default[name] for name in ("epochs", "validation")}
    per_class: Any = fixed.class_weight
    if isinstance(per_class, dict):
        per_class = {int(number): weight for number, weight in fixed.class_weight.items()}  # type: ignore[union-attr]
    settings["class_weight"] = class_weights(per_class, material.data.y(split.train), classes=material.data.classes)
    accelerator = training.has_accelerator()
    return training.make_config(material.base, samples=len(split.train), accelerator=accelerator, **settings)
