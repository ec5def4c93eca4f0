"""The verbs that make a run: `mlp`, `train` and `resume`."""

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.data import Dataset, Split, load_dataset, split_dataset
from cutaway.errors import CutawayError, RunError, UsageError
from cutaway.runs import RUNS, RunFolder, RunWriter

from .progress import ProgressOption, show_progress
from .run import Run, open_run
from .weighting import class_weights, sample_weights

if TYPE_CHECKING:
    import keras

DRAWN = "drawn from the seed"


def mlp(
    hidden: Sequence[int] = (512, 512), *, dropout: float = 0.0, activation: str = "relu", name: str = "mlp"
) -> "keras.Sequential":
    """Make a fully connected model; its input and output are added when it first meets data.

    Args:
        hidden: Units of each hidden layer, from input to output, each at least 1.
        dropout: Share of a hidden layer's units set to zero in training, in [0, 1).
        activation: Of the hidden layers: "relu", "softplus", "sigmoid", "tanh", "gelu", ...; the output is a softmax.
        name: Name of the model.

    Raises:
        ModelError: A value is outside its range.
    """
    from cutaway import models, training

    training.keep_compiled_programs()  # a dropout layer compiles its seed: 0.02 s
    return models.mlp(hidden, dropout=dropout, activation=activation, name=name)


def train(
    model: "keras.Model",
    data: Dataset | str | Path,
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

    As after Keras' ``fit``, the model carries the trained weights afterwards, and training it again goes on from them.
    Ctrl-C ends it after the call in hand; `resume` goes on from there.

    Args:
        model: Made by `mlp`, or any Sequential or functional Keras model of allow-listed layers.
        data: A `Dataset`, or what `load_dataset` takes.
        recipe: Where settings that are not given come from: "default", "lesson" or "lesson-dropout".
        seed: Decides first weights, split, order and dropout; whole number from 0.
        runs: Folder in which the run folder is made.
        name: Middle part of the run folder's name; the dataset's name if None.
        class_weight: Class number -> what its samples weigh in the training loss, others weigh 1; "balanced" gives each
            class the same weight in all: samples / (classes x samples of the class).
        sample_weight: ``(sample,)`` of the source "train", at least 0, what each weighs in the training loss.
        progress: True draws a bar, False is silent, a callable gets `Progress` records.
        settings: Fields of `cutaway.training.TrainingConfig`: epochs, batch_size, optimizer, learning_rate, momentum,
            weight_decay, schedule, loss, label_smoothing, precision, patience, validation.

    Raises:
        UsageError: A setting, the model or a name is wrong; no folder has been made.
        RunError: The run folder cannot be written.
        TrainingError: The loss became NaN or infinite; the run folder keeps the epochs before.
        BackendError: Keras was already loaded on another backend than JAX.
        Interrupted: The user stopped it, a KeyboardInterrupt.
    """
    from cutaway import models, training

    base, settings = training.find_recipe(recipe).settings, {"seed": seed, **settings}
    config = training.make_config(base, **settings)  # a wrong setting is said before anything slow is done
    models.require_jax()
    models.check_model(model)
    training.keep_compiled_programs()
    data = data if isinstance(data, Dataset) else load_dataset(data)
    if data.classes < 2:
        raise UsageError(
            "a classifier needs at least 2 classes", got=f"{data.classes} in {data.name}", hint="add samples of another"
        )
    config = training.make_config(base, samples=len(data.sources["train"].y), **settings)
    settings["validation"] = config.validation  # a share of all, which the split makes fewer
    split = split_dataset(data, validation=config.validation, seed=config.seed)
    settings["class_weight"] = class_weights(class_weight, data.y(split.train), classes=data.classes)
    accelerator = training.has_accelerator()
    config = training.make_config(base, samples=len(split.train), accelerator=accelerator, **settings)
    weight = sample_weights(sample_weight, data=data, split=split, per_class=config.class_weight)
    fresh = models.build_model(model, shape=data.shape, classes=data.classes, seed=config.seed)
    training.check_loss(config, outputs=model.outputs[0].shape[-1])
    manifest = {
        "dataset": data.to_record(),
        "split": split.to_record(),
        "model": models.spec_of(model),
        "first_weights": DRAWN if fresh else "as the model had them",
        "config": config.model_dump(),
        "seed": config.seed,
        "versions": training.describe_versions(),
        "device": training.describe_device(),
    }
    _check_room(Path(runs), model, rows=len(split.part("all")), data=data, epochs=config.epochs)
    writer = RunWriter.create(runs, name=name or data.name, manifest=manifest)
    return _run(writer, model, data, split=split, config=config, weight=weight, progress=progress, resume=False)


def resume(
    run: str | Path | Run, *, data: Dataset | None = None, runs: str | Path = RUNS, progress: ProgressOption = True
) -> Run:
    """Go on with a training that was stopped, failed or died; it ends as one that was never interrupted.

    On the same machine, versions and thread count the last snapshot has the same bytes.

    Args:
        run: A `Run`, a path, a run's name in `runs`, or "latest".
        data: The dataset, where it came from arrays.
        runs: Folder in which names are looked up.
        progress: True draws a bar, False is silent, a callable gets `Progress` records.

    Raises:
        UsageError: The run is finished, or there is none.
        RunError: The run is damaged, or another process is training it.
        DataError: The dataset cannot be loaded again, or has changed.
        TrainingError, BackendError, Interrupted: As `train`.
    """
    from cutaway import models, training

    opened = run if isinstance(run, Run) else open_run(run, data=data, runs=runs)
    if opened.folder.status == "finished":
        raise UsageError(
            "only a run that is not finished can go on",
            got=f"{opened.path.name}, finished after {len(opened.history)} epochs",
            hint="train the model of this run further with cutaway.train(run.model(), ...)",
        )
    if opened.folder.manifest.get("origin") == "keras fit":
        raise UsageError(
            "only a training by cutaway can be resumed",
            got=f"{opened.path.name}, recorded from a fit of your own",
            hint="call fit again with the same Recorder",
        )
    models.require_jax()
    training.keep_compiled_programs()
    loaded, split = opened.data, opened.split
    config = training.TrainingConfig.model_validate(opened.config)
    model = _first_net(opened, seed=config.seed)
    writer = RunWriter.reopen(opened.path)
    return _run(writer, model, loaded, split=split, config=config, weight=None, progress=progress, resume=True)


def _first_net(run: Run, *, seed: int) -> "keras.Model":
    """The model of a run as it was before its first step."""
    from cutaway import models

    if run.folder.epochs:
        model = run.model(epoch=0)
    elif run.folder.manifest.get("first_weights") == DRAWN:  # it died before its first snapshot was written
        model = models.model_from_spec(dict(run.folder.manifest["model"]))
        models.initialize(model, seed)
    else:
        raise RunError(
            "a run needs a snapshot of the first weights to go on",
            got=f"none in {run.path}, and they came with the model",
            hint="train that model anew",
        )
    models.reseed(model, seed)
    return model


def _run(
    writer: RunWriter,
    model: "keras.Model",
    data: Dataset,
    *,
    split: Split,
    config: Any,
    weight: np.ndarray | None,
    progress: ProgressOption,
    resume: bool,
) -> Run:
    """Train into a run folder and write how it ended, whatever happens."""
    from cutaway.training import train_model

    try:
        samples = _training_data(data, split, weight)
        with show_progress(progress) as on_progress:
            outcome = train_model(model, samples, config=config, writer=writer, on_progress=on_progress, resume=resume)
    except KeyboardInterrupt:
        _end(writer, "stopped", "interrupted by the user")
        raise
    except CutawayError as error:
        _end(writer, "failed", str(error))
        raise
    except BaseException as error:
        _end(writer, "failed", f"{type(error).__name__}: {error}")
        raise
    writer.finish(
        "finished",
        test=outcome.test,
        best_epoch=outcome.best_epoch,
        kept_epoch=outcome.kept_epoch,
        training_seconds=round(outcome.seconds, 3),
    )
    return Run(RunFolder.open(writer.path), data=data)


def _end(writer: RunWriter, status: str, why: str) -> None:
    """Write how a run ended; a disk that refuses even that must not hide the reason."""
    with contextlib.suppress(OSError):
        writer.finish(status, why=why)
    writer.close()


def _check_room(runs: Path, model: "keras.Model", *, rows: int, data: Dataset, epochs: int) -> None:
    """Refuse a run for which the disk has no room, before anything is written.

    Raises:
        RunError: Less is free than the run will take.
    """
    weights = 4 * model.count_params()
    needed = (epochs + 1) * weights + epochs * 2 * rows * data.classes + 8 * weights
    parent = next((folder for folder in (runs, *runs.absolute().parents) if folder.is_dir()), None)
    disk = shutil.disk_usage(parent) if parent else None
    free = disk.free if disk and disk.total else needed  # a file system that knows no size, such as /proc, says 0 of 0
    if free < needed:
        raise RunError(
            f"a run of {epochs} epochs of this model takes about {needed / 1e6:,.0f} MB on disk",
            got=f"{free / 1e6:,.0f} MB free in {parent}",
            hint="name a folder on another disk with --runs, or train fewer epochs",
        )


def _training_data(data: Dataset, split: Split, weight: np.ndarray | None) -> Any:
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
