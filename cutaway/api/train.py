"""The verbs that make a run by training: `mlp`, `train` and `resume`."""

import contextlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.data import Dataset, Split, load_dataset, split_dataset
from cutaway.errors import Canceled, CutawayError, RunError, UsageError
from cutaway.progress import raise_if_canceled
from cutaway.runs import RUNS, RunFolder, RunWriter, keeps_predictions
from cutaway.training import DRAWN, GIVEN

from .context import RunContext
from .opening import open_run
from .progress import ProgressOption, show_progress
from .run import Run
from .weighting import class_weights, sample_weights

if TYPE_CHECKING:
    from cutaway.models import Model
    from cutaway.training import TrainingConfig, TrainingData


@public
def mlp(
    hidden: Sequence[int] = (512, 512), *, dropout: float = 0.0, activation: str = "relu", name: str = "mlp"
) -> "Model":
    """Make a fully connected model; its input and output are added when it first meets data.

    Args:
        hidden: Units of each hidden layer, from input to output, each at least 1.
        dropout: Share of a hidden layer's units set to zero in training, in [0, 1).
        activation: Activation of the hidden layers: "relu", "softplus", "sigmoid", "tanh", "gelu", ...; the output is a
            softmax.
        name: Name of the model.

    Raises:
        ModelError: A value is outside its range.
    """
    from cutaway import models, training

    training.keep_compiled_programs()  # a dropout layer compiles its seed: 0.02 s
    return models.mlp(hidden, dropout=dropout, activation=activation, name=name)


@public
def train(
    model: "Model",
    data: Dataset | str | Path | Any,
    y: Any = None,
    *,
    recipe: str = "default",
    seed: int = 0,
    runs: str | Path = RUNS,
    name: str | None = None,
    class_weight: Mapping[int, float] | str | None = None,
    sample_weight: np.ndarray | None = None,
    progress: ProgressOption = True,
    **settings: Any,
) -> Run:
    """Train a model and keep everything about it in a new run folder.

    As after Keras' ``fit``, the model carries the trained weights afterwards, and training it again continues from
    them. A training that is canceled (see `cutaway.CancelToken`) or dies can be continued with `resume`.

    Args:
        model: Made by `mlp`, or any Sequential or functional Keras model of allow-listed layers.
        data: A `Dataset`, what `load_dataset` takes, or the inputs ``(sample, ...)`` as an array or DataFrame with `y`.
        y: Labels ``(sample,)``, where `data` are inputs; see `Dataset.from_arrays`, which also takes test samples.
        recipe: Where settings that are not given come from: "default", "lesson" or "lesson-dropout".
        seed: Random seed of first weights, split, order and dropout; whole number from 0.
        runs: Folder in which the run folder is made.
        name: Middle part of the run folder's name; the dataset's name if None.
        class_weight: Class number -> weight of its samples in the training loss, 1 for the others; "balanced" gives
            each class the same total weight: samples / (classes x samples of the class).
        sample_weight: ``(sample,)`` of the source "train", at least 0, the weight of each in the training loss.
        progress: True draws a bar, False draws nothing, a callable gets `Progress` records.
        settings: Fields of `cutaway.training.TrainingConfig`: epochs, batch_size, optimizer, learning_rate, momentum,
            weight_decay, schedule, loss, label_smoothing, precision, patience, validation.

    Raises:
        UsageError: A setting, the model or a name is wrong; no folder has been made.
        DataError: The data cannot be loaded.
        RunError: The run folder cannot be written.
        TrainingError: The loss became NaN or infinite; the run folder keeps the epochs before.
        BackendError: Keras was already loaded on another backend than JAX.
        Canceled: It was canceled; the run folder keeps everything so far, and `resume` continues from there. If the
            token was canceled before the first step, no folder has been made.
    """
    from cutaway import models, training

    raise_if_canceled()
    base, settings = training.find_recipe(recipe).settings, {"seed": seed, **settings}
    data = _dataset(data, y)
    # validation is a share of all training samples, batch size and epochs follow from those left after the split
    config = training.make_config(base, samples=len(data.sources["train"].y), **settings)
    models.require_jax()
    models.check_model(model)
    training.keep_compiled_programs()
    split = split_dataset(data, validation=config.validation, seed=config.seed)
    settings["validation"] = config.validation
    settings["class_weight"] = class_weights(class_weight, data.y(split.train), classes=data.classes)
    accelerator = training.has_accelerator()
    config = training.make_config(base, samples=len(split.train), accelerator=accelerator, **settings)
    weight = sample_weights(sample_weight, data=data, split=split, per_class=config.class_weight)
    fresh = models.build_model(model, shape=data.shape, classes=data.classes, seed=config.seed)
    training.check_loss(config, outputs=models.output_size(model))
    manifest = training.new_manifest(
        origin="training",
        data=data,
        split=split,
        model=model,
        config=config.model_dump(),
        first_weights=DRAWN if fresh else GIVEN,
    )
    _check_room(Path(runs), model, rows=len(split.part("all")), data=data, epochs=config.epochs)
    training.warn_of_predictions(len(split.part("all")), data.classes)
    raise_if_canceled()  # last chance: the folder is made next
    writer = RunWriter.create(runs, name=name or data.name, manifest=manifest, begin=False)
    samples = _training_data(data, split, weight)
    return _train(writer, model, samples, data=data, config=config, progress=progress, resume=False)


@public
def resume(
    run: str | Path | Run, *, data: Dataset | None = None, runs: str | Path = RUNS, progress: ProgressOption = True
) -> Run:
    """Continue a training that was canceled, failed or died; it ends as one that was never interrupted.

    On the same machine, versions and thread count the last snapshot has the same bytes.

    Args:
        run: A `Run`, a path, a run's name in `runs`, or "latest".
        data: The dataset, where it came from arrays.
        runs: Folder in which names are looked up.
        progress: True draws a bar, False draws nothing, a callable gets `Progress` records.

    Raises:
        UsageError: The run is finished, or there is none.
        RunError: The run is damaged, or another process is training it.
        DataError: The dataset cannot be loaded again, or has changed.
        TrainingError, BackendError, Canceled: As `train`.
    """
    from cutaway import models, training

    opened = run if isinstance(run, Run) else open_run(run, data=data, runs=runs)
    _check_resumable(opened)
    models.require_jax()
    training.keep_compiled_programs()
    config = training.recorded_config(opened.config)
    opened.context.check_sizes(-1)
    model = models.model_from_spec(opened.context.spec, initialize=False)  # the checkpoint has all weights
    models.reseed(model, config.seed)
    samples = _training_data(opened.data, opened.split, None)
    writer = RunWriter.reopen(opened.path)
    return _train(writer, model, samples, data=opened.data, config=config, progress=progress, resume=True)


def _dataset(data: Any, y: Any) -> Dataset:
    """The data of a training: as they are, loaded by name or path, or made from inputs and labels."""
    named = _is_name(data)
    if y is not None:
        if named or isinstance(data, Dataset):
            kind = "a Dataset" if isinstance(data, Dataset) else f'the name or path "{os.fspath(data)}"'
            raise UsageError(
                "labels y go with inputs as an array or a table; a dataset has its own labels",
                got=f"{kind} and y",
                hint="leave y out, or pass the inputs as an array",
            )
        data = Dataset.from_arrays(data, y)
    elif not isinstance(data, Dataset):
        if not named:
            raise UsageError(
                "data is a Dataset, the name or path of one, or inputs with their labels y",
                got=f"{_article(type(data).__name__)} without y",
                hint="pass the labels as well: train(model, x, y)",
            )
        data = load_dataset(data)
    if data.classes < 2:
        raise UsageError(
            "a classifier needs at least 2 classes",
            got=f"{data.classes} in {data.name}",
            hint="add samples of another class",
        )
    return data


def _is_name(data: object) -> bool:
    return isinstance(data, str | os.PathLike)


def _article(noun: str) -> str:
    return f"an {noun}" if noun[:1].lower() in "aeiou" or noun == "ndarray" else f"a {noun}"


def _check_resumable(run: Run) -> None:
    if run.folder.status == "finished":
        raise UsageError(
            "only a run that is not finished can be resumed",
            got=f"{run.path.name}, finished after {len(run.history)} epochs",
            hint="train its model further with cutaway.train(run.model(), ...)",
        )
    if run.folder.manifest.origin != "training":
        raise UsageError(
            "only a training by cutaway can be resumed",
            got=f"{run.path.name}, recorded from a fit of your own",
            hint="call fit again with the same Recorder",
        )


def _train(
    writer: RunWriter,
    model: "Model",
    samples: "TrainingData",
    *,
    data: Dataset,
    config: "TrainingConfig",
    progress: ProgressOption,
    resume: bool,
) -> Run:
    """Train into a run folder and write how it ended, whatever happens."""
    from cutaway.training import train_model

    try:
        with show_progress(progress) as on_progress:
            result = train_model(model, samples, config=config, writer=writer, on_progress=on_progress, resume=resume)
    except (Canceled, KeyboardInterrupt):
        _end(writer, "stopped", "canceled by the user")
        raise
    except CutawayError as error:
        _end(writer, "failed", str(error))
        raise
    except BaseException as error:
        _end(writer, "failed", f"{type(error).__name__}: {error}")
        raise
    writer.finish(
        "finished",
        test=result.test,
        best_epoch=result.best_epoch,
        kept_epoch=result.kept_epoch,
        cost={"training": round(result.seconds, 3)},
    )
    return Run(RunContext(RunFolder.open(writer.path), data=data))


def _end(writer: RunWriter, status: str, why: str) -> None:
    """Write how a run ended; a disk that refuses even that must not hide the reason.

    A new run that never began leaves nothing, and one that could not be resumed stays as it was.
    """
    if writer.begun:
        with contextlib.suppress(OSError):
            writer.finish(status, why=why)
    writer.discard()


def _check_room(runs: Path, model: "Model", *, rows: int, data: Dataset, epochs: int) -> None:
    """Refuse a run for which the disk has no room, before anything is written.

    Raises:
        RunError: Less is free than the run will take.
    """
    weights = 4 * model.count_params()
    predictions = 2 * rows * data.classes if keeps_predictions(rows, data.classes) else 0
    needed = (epochs + 1) * weights + epochs * predictions + 8 * weights
    parent = next((folder for folder in (runs, *runs.absolute().parents) if folder.is_dir()), None)
    disk = shutil.disk_usage(parent) if parent else None
    free = disk.free if disk and disk.total else needed  # a file system without a size, such as /proc, says 0 of 0
    if free < needed:
        raise RunError(
            f"a run of {epochs} epochs of this model takes about {needed / 1e6:,.0f} MB on disk",
            got=f"{free / 1e6:,.0f} MB free in {parent}",
            hint="pass runs= with a folder on another disk, or train fewer epochs",
        )


def _training_data(data: Dataset, split: Split, weight: np.ndarray | None) -> "TrainingData":
    from cutaway.training import TrainingData

    everything = split.part("all")
    return TrainingData(
        x=data.rows(everything),
        y=data.y(everything),
        train=len(split.train),
        val=len(split.val),
        scale=data.scale,
        classes=data.classes,
        weight=weight,
    )
