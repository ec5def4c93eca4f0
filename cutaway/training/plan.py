"""The plan of a training: everything that is decided before its first step, made here for all that train."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.augmentation import class_change, class_mixing
from cutaway.checks import check_path, warn_user
from cutaway.data import Dataset, Split, Table, split_and_prepare
from cutaway.errors import Canceled, CutawayError, Hint, ModelError, RunError, UsageError, WorkInterrupted
from cutaway.log import survive
from cutaway.metrics import largest_share
from cutaway.progress import ProgressCallback, raise_if_canceled
from cutaway.runs import RunWriter, keeps_predictions, run_argument
from cutaway.words import quoted

from .config import DRAWN, GIVEN, TrainingConfig, check_config, check_settings, make_config, validation_share
from .recipes import Recipe, base_settings, find_recipe, recipe_for
from .weighting import class_weights, given_weights, sample_weights, weights_digest

if TYPE_CHECKING:
    from cutaway.models import Model

    from .loop import FoldTrainer, TrainingData

Divide = Callable[..., tuple[Split, Dataset]]
"""From ``validation=``, the share of validation samples, and ``seed=`` to the split and the data prepared for it."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A training before its first step.

    Attributes:
        data: The data for the model.
        split: Its samples.
        config: Every setting.
        model: A built model with its first weights.
        first_weights: Where they come from: `DRAWN` or `GIVEN`.
        sample_weight: ``(sample,)`` of the source "train", or None.
        recipe: Name of the recipe; None if the settings are from a run.
        form: The form of the model; None for a given model.
    """

    data: Dataset = field(repr=False)
    split: Split
    config: TrainingConfig
    model: "Model"
    first_weights: str
    sample_weight: np.ndarray | None = field(default=None, repr=False)
    recipe: str | None = None
    form: Mapping[str, Any] | None = None

    def samples(self) -> "TrainingData":
        """The rows of the split with what each training sample weighs, as the training loop takes them.

        Raises:
            UsageError: There is not one weight for each sample.
        """
        weight = sample_weights(
            self.sample_weight, data=self.data, split=self.split, per_class=self.config.class_weight
        )
        return rows_of(self.data, self.split, weight)

    @property
    def spec(self) -> dict[str, Any]:
        """The specification of the model."""
        from cutaway.models import spec_of

        return spec_of(self.model)

    def _manifest(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The manifest of a training that begins."""
        from .manifest import new_manifest

        manifest = new_manifest(
            origin="training",
            data=self.data,
            split=self.split,
            model=self.model,
            config=self.config.model_dump(),
            first_weights=self.first_weights,
        )
        if self.sample_weight is not None:
            manifest["sample_weight"] = weights_digest(self.sample_weight)
        return manifest | dict(record)

    def train(
        self, runs: str | Path, *, name: str | None, on_progress: ProgressCallback, record: Mapping[str, Any]
    ) -> Path:
        """Train into a new run folder.

        Args:
            runs: Folder that gets the run folder.
            name: The user's name for the run, part of the folder name; the dataset's name if None.
            on_progress: See `train_model`.
            record: Further fields of run.json.

        Raises:
            UsageError, RunError, TrainingError, Canceled: See `cutaway.train`.
        """
        from .manifest import warn_of_predictions

        samples, manifest = self.samples(), self._manifest(record)
        rows = len(samples.y)
        _check_room(check_path(runs, name="runs"), self.model, rows=rows, data=self.data, epochs=self.config.epochs)
        warn_of_predictions(rows, self.data.outputs)
        self._warn_of_changed_classes(samples)
        raise_if_canceled()  # last chance: the folder is made next
        writer = RunWriter.create(runs, name=name, otherwise=self.data.name, manifest=manifest, begin=False)
        return train_into(writer, self.model, samples, config=self.config, on_progress=on_progress)

    def train_at(self, path: Path, *, on_progress: ProgressCallback, record: Mapping[str, Any]) -> Path:
        """As `train`, into a new run folder at this path, for one of many: what all have in common is not checked."""
        samples, manifest = self.samples(), self._manifest(record)
        writer = RunWriter.create_at(path, manifest=manifest, begin=False)
        return train_into(writer, self.model, samples, config=self.config, on_progress=on_progress)

    def _warn_of_changed_classes(self, samples: "TrainingData") -> None:
        """Warn if augmentation may turn an image into one of another class."""
        if (augmentation := self.config.augmentation) is None or self.config.is_numbers:
            return
        changed = class_change(samples.x, samples.y[: samples.train], augmentation, seed=self.config.seed)
        if changed is not None:
            warn_user(f"augmentation may change the class of a sample: {changed}")


def plan(
    loaded: Dataset | Table,
    *,
    recipe: str | Recipe = "default",
    like: Mapping[str, Any] | None = None,
    model: "Model | None" = None,
    form: Mapping[str, Any] | None = None,
    spec: Mapping[str, Any] | None = None,
    weights: Mapping[str, np.ndarray] | None = None,
    divide: Divide | tuple[Split, Dataset] | None = None,
    samples: int | None = None,
    sample_weight: np.ndarray | None = None,
    **settings: Any,
) -> Plan:
    """Decide everything about a training: its samples, every setting, and the model with its first weights.

    The validation samples are a share of all training samples; batch size and epochs follow from those that are left.

    Args:
        loaded: The data; a table is not prepared yet.
        recipe: Where settings that are not given come from; a name of "default" depends on the data and the settings.
        like: The config of a run, in place of a recipe.
        model: A model of the user, which is built if it is not; it carries the trained weights afterwards.
        form: Instead of a model, settings as `cutaway.mlp` takes them; they override the recipe's.
        spec: Instead of a model, a specification; a first layer of any number of inputs adapts to the data.
        weights: First weights of the specification by name; drawn from the seed if None.
        divide: The split and the data prepared for it, or how they are made; by `split_and_prepare` if None.
        samples: Number of training samples, if not the whole split is trained on at once.
        sample_weight: ``(sample,)`` of the source "train"; the table's weights if None.
        settings: Fields of `TrainingConfig`; ``class_weight`` as in `cutaway.train`.

    Raises:
        ConfigError, ModelError, UsageError: A setting or the model is wrong.
        DataError: The data do not fit.
        BackendError: See `cutaway.models.require_jax`.
    """
    from cutaway import models

    from .device import has_accelerator
    from .first_layer import as_taken

    per_class = settings.pop("class_weight", None if like is None else like["class_weight"])
    sample_weight = given_weights(loaded, sample_weight)
    if not isinstance(recipe, Recipe):
        recipe = find_recipe(recipe_for(find_recipe(recipe).name, loaded, {**settings, **(form or {})}))
    found = None if like is not None else recipe
    weighted = per_class is not None or sample_weight is not None
    base = like if found is None else base_settings(found, weighted=weighted, task=loaded.task)
    values = check_settings(base, settings)
    models.require_jax()
    if model is not None:
        models.check_model(model)
    models.keep_compiled_programs()
    share = validation_share(len(loaded.labels["train"]), values.get("validation", "auto"))
    if not isinstance(divide, tuple):
        divide = (divide or partial(split_and_prepare, loaded))(validation=share, seed=values.get("seed", 0))
    split, data = divide
    if per_class is not None:
        data.task.need_classes("class_weight", "leave it out, or pass sample_weight")
    if like is None or per_class != like["class_weight"]:  # a run holds numbers already
        per_class = class_weights(per_class, data.y(split.train), classes=data.classes)
    values |= {"validation": share, "class_weight": per_class}
    config = make_config(values, samples=samples or len(split.train), accelerator=has_accelerator())
    whole = None
    if spec is not None:
        model, fresh = _model_from(spec, weights, shape=data.shape, seed=config.seed), weights is None
        data = as_taken(model, data)
        models.check_fit(model, shape=data.shape, classes=data.outputs, numbers=data.task.is_numbers)
    else:
        if model is None:
            assert found is not None
            whole = asdict(found.form) | dict(form or {})
            model = models.mlp(**whole)
        data = as_taken(model, data)
        unit = None
        if data.task.is_numbers:
            weight = sample_weights(sample_weight, data=data, split=split, per_class=None)
            unit = models.TargetUnit.fit(data.y(split.train), data.targets, is_log=data.is_log, weight=weight)
        fresh = models.build_model(model, shape=data.shape, classes=data.outputs, seed=config.seed, unit=unit)
    check_config(config, model, shape=data.shape, task=data.task)
    if found is not None and "augment" not in settings:
        config = _without_mixing(config, data, split, recipe=found.name)
    origin = DRAWN if fresh else GIVEN
    return Plan(data, split, config, model, origin, sample_weight, None if found is None else found.name, whole)


def _without_mixing(config: TrainingConfig, data: Dataset, split: Split, *, recipe: str) -> TrainingConfig:
    """Leave out the augmentation of a recipe if it makes images resemble other classes, and warn."""
    if config.augmentation is None or config.is_numbers:
        return config
    mixing = class_mixing(data.rows(split.train), data.y(split.train), config.augmentation, seed=config.seed)
    if mixing is None:
        return config
    why = f'images are not changed, as the recipe "{recipe}" would: {mixing}; to change them all the same, give '
    warn_user(why + Hint("{}", augment=config.augment))
    return config.model_copy(update={"augment": None})


def _model_from(
    spec: Mapping[str, Any], weights: Mapping[str, np.ndarray] | None, *, shape: tuple[int, ...], seed: int
) -> "Model":
    """Build the model of a specification with given first weights, or with some that are drawn from a seed.

    Raises:
        UsageError: The data have another number of inputs, and the model takes its own number only.
    """
    from cutaway import models

    entry = spec["input"]
    resized = weights is None and np.prod(entry["shape"]) != np.prod(shape)
    try:
        model = models.model_from_spec(
            {**spec, "input": {**entry, "shape": list(shape)}} if resized else dict(spec), initialize=False
        )
    except ModelError as error:
        if not resized:
            raise
        raise UsageError(
            f"the model cannot take fewer columns: {error.fault}",
            hint="train a new model on the table without these columns",
        ) from None
    if weights is None:
        models.initialize(model, seed)
    else:
        models.set_weights(model, dict(weights))
    models.reseed(model, seed)
    return model


def fold_trainer(spec: Mapping[str, Any], data: "TrainingData", *, config: TrainingConfig) -> "FoldTrainer":
    """A trainer of the model of a specification on parts of the same data; the first part decides its memory."""
    from cutaway import models

    from .loop import FoldTrainer

    models.require_jax()
    models.keep_compiled_programs()
    return FoldTrainer(models.model_from_spec(dict(spec), initialize=False), data, config=config)


def rows_of(data: Dataset, split: Split, weight: np.ndarray | None) -> "TrainingData":
    """The rows of a split, in the order train, val, test, as the training loop takes them.

    Args:
        data: The dataset.
        split: Its split.
        weight: float32 ``(training sample,)``, as `sample_weights` returns it.
    """
    from .loop import TrainingData

    everything = split.part("all")
    return TrainingData(
        x=data.rows(everything),
        y=data.y(everything),
        train=len(split.train),
        val=len(split.val),
        scale=data.scale,
        classes=data.outputs,
        weight=weight,
    )


def train_into(
    writer: RunWriter,
    model: "Model",
    samples: "TrainingData",
    *,
    config: TrainingConfig,
    on_progress: ProgressCallback,
    resume: bool = False,
) -> Path:
    """Train into a run folder, write how it ended, whatever happens, and return its path.

    Raises:
        WorkInterrupted: Ctrl-C ended it; the message says how to resume it.
        RunError, TrainingError, Canceled: See `cutaway.train`.
    """
    from .loop import train_model

    try:
        result = train_model(model, samples, config=config, writer=writer, on_progress=on_progress, resume=resume)
    except (Canceled, KeyboardInterrupt) as error:
        _end(writer, "stopped", "canceled by the user")
        if isinstance(error, Canceled) or not writer.begun:
            raise
        given = ", data=..." if writer.manifest.dataset.origin["kind"] == "arrays" else ""
        go_on = f"ct.resume({quoted(run_argument(writer.path))}{given})"
        raise WorkInterrupted("every epoch so far is kept", f"go on with: {go_on}") from error
    except CutawayError as error:
        _end(writer, "failed", str(error))
        raise
    except BaseException as error:
        _end(writer, "failed", f"{type(error).__name__}: {error}")
        raise
    writer.finish(
        "finished",
        test=result.test,
        baseline=largest_share(samples.y[samples.train + samples.val :]),
        best_epoch=result.best_epoch,
        kept_epoch=result.kept_epoch,
        cost={"training": round(result.seconds, 3)},
    )
    return writer.path


def _end(writer: RunWriter, status: str, why: str) -> None:
    """Write how a run ended; a disk that refuses even that must not hide the reason.

    A new run that never began leaves nothing, and one that could not be resumed stays as it was.
    """
    if writer.begun:
        with survive(__name__, f"writing how {writer.path.name} ended", OSError):
            writer.finish(status, why=why)
    writer.discard()


def _check_room(runs: Path, model: "Model", *, rows: int, data: Dataset, epochs: int) -> None:
    """Refuse a run that does not fit on the disk, before anything is written.

    Raises:
        RunError: Less is free than the run will take.
    """
    weights = 4 * model.count_params()
    predictions = (
        (4 if data.task.is_numbers else 2) * rows * data.outputs if keeps_predictions(rows, data.outputs) else 0
    )
    needed = (epochs + 1) * weights + epochs * predictions + 8 * weights
    parent = next((folder for folder in (runs, *runs.absolute().parents) if folder.is_dir()), None)
    disk = shutil.disk_usage(parent) if parent else None
    free = disk.free if disk and disk.total else needed  # a file system without a size, such as /proc, says 0 of 0
    if free < needed:
        raise RunError(
            f"the run needs about {needed / 1e6:,.0f} MB on disk, and {parent} has {free / 1e6:,.0f} MB free",
            hint=Hint("pass {} with a folder on another disk, or train fewer epochs", runs=None),
        )
