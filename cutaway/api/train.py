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

from .progress import ProgressOption, reporting
from .run import Run, open_run
from .weighting import class_weights, sample_weights

if TYPE_CHECKING:
    import keras

DRAWN = "drawn from the seed"


def mlp(
    hidden: Sequence[int] = (512, 512), *, dropout: float = 0.0, activation: str = "relu", name: str = "mlp"
) -> "keras.Sequential":
    """Make a fully connected net; its input and output are added when it first meets data.

    Args:
        hidden: Units of each hidden layer, from input to output, each at least 1.
        dropout: Share of a hidden layer's units set to zero in training, in [0, 1).
        activation: Of the hidden layers: "relu", "softplus", "sigmoid", "tanh", "gelu", ...; the output is a softmax.
        name: Name of the model.

    Raises:
        NetError: A value is outside its range.
    """
    from cutaway.nets import mlp as make

    return make(hidden, dropout=dropout, activation=activation, name=name)


def train(
    net: "keras.Model",
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
    """Train a net and keep everything about it in a new run folder.

    As after Keras' ``fit``, the net carries the trained weights afterwards, and training it again goes on from them.
    Ctrl-C ends it after the call in hand; `resume` goes on from there.

    Args:
        net: Made by `mlp`, or any Sequential or functional Keras model of allow-listed layers.
        data: A `Dataset`, or what `load_dataset` takes.
        recipe: Where settings that are not given come from: "default", "lesson" or "lesson-dropout".
        seed: Decides first weights, split, order and dropout; whole number from 0.
        runs: Folder in which the run folder is made.
        name: Middle part of the run folder's name; the dataset's name if None.
        class_weight: Class number -> what its samples weigh in the training loss, others weigh 1; "balanced" gives each
            class the same weight in all: samples / (classes x samples of the class).
        sample_weight: ``(sample,)`` of the source "train", at least 0, what each weighs in the training loss.
        progress: True draws a bar, False is silent, a callable gets `Progress` records.
        settings: Fields of `cutaway.training.Plan`: epochs, batch_size, optimizer, learning_rate, momentum,
            weight_decay, schedule, loss, label_smoothing, precision, patience, validation.

    Raises:
        UsageError: A setting, the net or a name is wrong; no folder has been made.
        RunError: The run folder cannot be written.
        TrainingError: The loss became NaN or infinite; the run folder keeps the epochs before.
        BackendError: Keras was already loaded on another backend than JAX.
        Interrupted: The user stopped it, a KeyboardInterrupt.
    """
    from cutaway import nets, training

    base, settings = training.find_recipe(recipe).settings, {"seed": seed, **settings}
    plan = training.make_plan(base, **settings)  # a wrong setting is said before anything slow is done
    nets.require_jax()
    nets.check_net(net)
    training.keep_compiled_programs()
    data = data if isinstance(data, Dataset) else load_dataset(data)
    if data.classes < 2:
        raise UsageError(
            "a classifier needs at least 2 classes", came=f"{data.classes} in {data.name}", fix="add samples of another"
        )
    plan = training.make_plan(base, samples=len(data.sources["train"].y), **settings)
    settings["validation"] = plan.validation  # a share of all, which the split makes fewer
    split = split_dataset(data, validation=plan.validation, seed=plan.seed)
    settings["class_weight"] = class_weights(class_weight, data.y(split.train), classes=data.classes)
    accelerator = training.has_accelerator()
    plan = training.make_plan(base, samples=len(split.train), accelerator=accelerator, **settings)
    weight = sample_weights(sample_weight, data=data, split=split, per_class=plan.class_weight)
    fresh = nets.build_net(net, shape=data.shape, classes=data.classes, seed=plan.seed)
    training.check_loss(plan, outputs=net.outputs[0].shape[-1])
    manifest = {
        "dataset": data.to_record(),
        "split": split.to_record(),
        "net": nets.spec_of(net),
        "first_weights": DRAWN if fresh else "as the net had them",
        "plan": plan.model_dump(),
        "seed": plan.seed,
        "versions": training.describe_versions(),
        "device": training.describe_device(),
    }
    _check_room(Path(runs), net, rows=len(split.part("all")), data=data, epochs=plan.epochs)
    writer = RunWriter.create(runs, name=name or data.name, manifest=manifest)
    return _run(writer, net, data, split=split, plan=plan, weight=weight, progress=progress, resume=False)


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
    from cutaway import nets, training

    opened = run if isinstance(run, Run) else open_run(run, data=data, runs=runs)
    if opened.folder.status == "finished":
        raise UsageError(
            "only a run that is not finished can go on",
            came=f"{opened.path.name}, finished after {len(opened.history)} epochs",
            fix="train the net of this run further with cutaway.train(run.model(), ...)",
        )
    if opened.folder.manifest.get("origin") == "keras fit":
        raise UsageError(
            "only a training by cutaway can be resumed",
            came=f"{opened.path.name}, recorded from a fit of your own",
            fix="call fit again with the same Recorder",
        )
    nets.require_jax()
    training.keep_compiled_programs()
    loaded, split = opened.data, opened.split
    plan = training.Plan.model_validate(opened.plan)
    net = _first_net(opened, seed=plan.seed)
    writer = RunWriter.reopen(opened.path)
    return _run(writer, net, loaded, split=split, plan=plan, weight=None, progress=progress, resume=True)


def _first_net(run: Run, *, seed: int) -> "keras.Model":
    """The net of a run as it was before its first step."""
    from cutaway import nets

    if run.folder.epochs:
        net = run.model(epoch=0)
    elif run.folder.manifest.get("first_weights") == DRAWN:  # it died before its first snapshot was written
        net = nets.net_from_spec(dict(run.folder.manifest["net"]))
        nets.initialize(net, seed)
    else:
        raise RunError(
            "a run needs a snapshot of the first weights to go on",
            came=f"none in {run.path}, and they came with the net",
            fix="train that net anew",
        )
    nets.reseed(net, seed)
    return net


def _run(
    writer: RunWriter,
    net: "keras.Model",
    data: Dataset,
    *,
    split: Split,
    plan: Any,
    weight: np.ndarray | None,
    progress: ProgressOption,
    resume: bool,
) -> Run:
    """Train into a run folder and write how it ended, whatever happens."""
    from cutaway.training import train_net

    try:
        samples = _training_data(data, split, weight)
        with reporting(progress) as report:
            outcome = train_net(net, samples, plan=plan, writer=writer, report=report, resume=resume)
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


def _check_room(runs: Path, net: "keras.Model", *, rows: int, data: Dataset, epochs: int) -> None:
    """Refuse a run for which the disk has no room, before anything is written.

    Raises:
        RunError: Less is free than the run will take.
    """
    weights = 4 * net.count_params()
    needed = (epochs + 1) * weights + epochs * 2 * rows * data.classes + 8 * weights
    parent = next((folder for folder in (runs, *runs.absolute().parents) if folder.is_dir()), None)
    disk = shutil.disk_usage(parent) if parent else None
    free = disk.free if disk and disk.total else needed  # a file system that knows no size, such as /proc, says 0 of 0
    if free < needed:
        raise RunError(
            f"a run of {epochs} epochs of this net takes about {needed / 1e6:,.0f} MB on disk",
            came=f"{free / 1e6:,.0f} MB free in {parent}",
            fix="name a folder on another disk with --runs, or train fewer epochs",
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
