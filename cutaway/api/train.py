"""The verbs that train: `train`, `train_like` as a run was trained, and `resume`; and `mlp`, a model for them."""

import dataclasses
import shlex
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cutaway._lazy import public
from cutaway.context import OtherDataError, RunContext, same_form
from cutaway.data import Dataset, Decided, Decision, Split, Table, decide, drop, leave_out, relabel, split_and_prepare
from cutaway.errors import DataError, Hint, UsageError
from cutaway.progress import raise_if_canceled
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.runs import RUNS, RunFolder, RunWriter, run_argument
from cutaway.topics.findings.evidence import warn_of_leaks
from cutaway.training import (
    DRAWN,
    Plan,
    check_same_weights,
    check_settings,
    find_recipe,
    given_weights,
    plan,
    recorded_config,
    rows_of,
    train_into,
)
from cutaway.words import shown

from .given_data import as_dataset, as_decisions
from .opening import open_run
from .run import Run

if TYPE_CHECKING:
    from cutaway.models import Model
    from cutaway.topics.embedding.embedding import Embedding


@public
def mlp(
    hidden: Sequence[int] = (512, 512),
    *,
    dropout: float = 0.0,
    batch_norm: bool = False,
    activation: str = "relu",
    ensemble: int = 1,
    name: str = "mlp",
) -> "Model":
    """Make a fully connected model; its input and output are added when it first meets data.

    Args:
        hidden: Units of each hidden layer, from input to output, each at least 1.
        dropout: Share of a hidden layer's units set to zero in training, in [0, 1).
        batch_norm: Whether each hidden layer is normalized over the batch, before its activation.
        activation: Activation of the hidden layers: "relu", "softplus", "sigmoid", "tanh", "gelu", ...; the output is a
            softmax.
        ensemble: Number of members: models of this form side by side, each with weights and a loss of its own, whose
            logits are averaged. From 1, a plain model, to 256.
        name: Name of the model.

    Raises:
        UsageError: A value is outside its range.
        ModelError: Members are combined with batch normalization.
    """
    from cutaway import models

    models.keep_compiled_programs()  # a dropout layer compiles its seed: 0.02 s
    return models.mlp(
        hidden, dropout=dropout, batch_norm=batch_norm, activation=activation, ensemble=ensemble, name=name
    )


@public
def train(
    model: "Model",
    data: Dataset | Table | str | Path | Any,
    y: Any = None,
    *,
    recipe: str = "default",
    seed: int = 0,
    runs: str | Path = RUNS,
    name: str | None = None,
    class_weight: Mapping[int, float] | str | None = None,
    sample_weight: np.ndarray | None = None,
    labels: str | Path | Decision | Sequence[Decision] | None = None,
    progress: ProgressOption = True,
    **settings: Any,
) -> Run:
    """Train a model and keep everything about it in a new run folder.

    As after Keras' ``fit``, the model carries the trained weights afterwards, and training it again continues from
    them; with `patience` these are the weights of the epoch with the lowest validation loss, otherwise the last
    ones.

    All devices that JAX has share every batch; the result is as on one device, up to rounding. A model that begins
    with a Rescaling by the scale of the data is fed raw samples. A training that is canceled (see
    `cutaway.CancelToken`) or dies can be continued with `resume`.

    Args:
        model: Made by `mlp`, or any Sequential or functional Keras model of supported layers.
        data: A `Dataset` or `Table`, what `load_dataset` takes, or the inputs ``(sample, ...)`` as an array or
            DataFrame with `y`.
        y: Labels ``(sample,)``, if `data` are inputs; see `Dataset.from_arrays`, which also takes test samples.
        recipe: Where settings that are not given come from: "default" (for a table, "table"), "table", "photos" (those
            of "default"), "minute" and "best-images" (for images of characters), "best", "lesson" or "lesson-dropout".
        seed: Random seed of first weights, split, order and dropout; whole number from 0.
        runs: Folder for the run folder.
        name: Your name for the run, part of the folder name; the dataset's name if None.
        class_weight: Class number -> weight of its samples in the training loss, 1 for the others; "balanced" gives
            each class the same total weight: samples / (classes x samples of the class).
        sample_weight: ``(sample,)`` of the source "train", at least 0, the weight of each in the training loss.
        labels: Decisions on labels, or the file that holds them: samples that are kept, relabeled or dropped. The split
            is made with the labels as given; dropped samples are in none of its parts.
        progress: True draws a bar, False draws nothing, a callable gets `Progress` records.
        settings: Fields of `cutaway.training.TrainingConfig`: epochs, batch_size, optimizer, learning_rate, momentum,
            weight_decay, schedule, loss, label_smoothing, virtual_adversarial, precision, patience, validation; and
            augment, how images are changed at random in training, differently in every epoch: "characters", "photos",
            settings such as "rotation=10, shift=0.05", an `Augmentation`, or None for not at all.

    Raises:
        UsageError: A setting, the model or a name is wrong; no folder has been made.
        DataError: The data cannot be loaded.
        RunError: The run folder cannot be written.
        TrainingError: The loss became NaN or infinite; the run folder keeps the epochs before.
        BackendError: Keras was already loaded on another backend than JAX.
        Canceled: It was canceled; the run folder keeps everything so far, and `resume` continues from there. If the
            token was canceled before the first step, no folder has been made.
    """
    raise_if_canceled()
    given = as_dataset(data, y, verb="train")
    wanted: dict[str, Any] = {"model": model, "recipe": recipe, "class_weight": class_weight, "seed": seed}
    how: dict[str, Any] = {"runs": runs, "name": name, "labels": labels, "progress": progress}
    return _train(given, **how, **wanted, sample_weight=sample_weight, **settings)


def _relabeled(
    data: Dataset | Table, labels: str | Path | Decision | Sequence[Decision] | None
) -> tuple[Decided | None, Dataset | Table]:
    """What decisions on labels name, and the data with them."""
    decided = None if labels is None else decide(data, as_decisions(labels))
    return decided, data if decided is None else relabel(data, decided.relabeled)


def _train(
    given: Dataset | Table,
    *,
    runs: str | Path,
    name: str | None,
    labels: str | Path | Decision | Sequence[Decision] | None,
    progress: ProgressOption,
    **wanted: Any,
) -> Run:
    decided, loaded = _relabeled(given, labels)
    with show_progress(progress) as on_progress:
        divide = partial(split_and_prepare, given, decided=decided, on_progress=on_progress)
        planned = plan(loaded, divide=divide, **wanted)
    warn_of_leaks(loaded, planned.data, planned.split)
    return start(planned, loaded=loaded, runs=runs, name=name, progress=progress)


def start(
    planned: Plan,
    *,
    loaded: Dataset | Table,
    runs: str | Path,
    name: str | None,
    progress: ProgressOption,
    **record: Any,
) -> Run:
    """Train as planned into a new run folder.

    Args:
        planned: The plan.
        loaded: What its data were made of: a table before it was prepared, or the dataset itself.
        runs: Folder for the run folder.
        name: Your name for the run, part of the folder name; the dataset's name if None.
        progress: See `train`.
        record: What else run.json says.

    Raises:
        UsageError, RunError, TrainingError, Canceled: See `train`.
    """
    with show_progress(progress) as on_progress:
        path = planned.train(runs, name=name, on_progress=on_progress, record=record)
    return Run(RunContext(RunFolder.open(path), data=planned.data, loaded=loaded))


class Demo(NamedTuple):
    """What `demo` made.

    Attributes:
        run: The training.
        embedding: Its last hidden layer.
        report: The report.
    """

    run: Run
    embedding: "Embedding"
    report: Path


def train_recipe(
    data: str,
    *,
    options: Mapping[str, Any] | None = None,
    recipe: str = "default",
    form: Mapping[str, Any] | None = None,
    seed: int = 0,
    runs: str | Path = RUNS,
    name: str | None = None,
    labels: str | None = None,
    progress: ProgressOption = True,
    **settings: Any,
) -> Run:
    """Train the model of a recipe on a dataset, in a process that is ours alone.

    Args:
        data: What `load_dataset` takes.
        options: Options for the data, as `load_dataset` takes them.
        recipe: Where the model and the settings come from that are not given.
        form: Settings of the model, as `cutaway.mlp` takes them; missing ones come from the recipe.
        seed: Random seed.
        runs: Folder for the run folder.
        name: Your name for the run, part of the folder name; the dataset's name if None.
        labels: File of decisions on labels.
        progress: See `cutaway.train`.
        settings: See `cutaway.train`.

    Raises:
        UsageError, DataError, RunError, TrainingError, BackendError, Canceled: See `cutaway.train`.
    """
    from cutaway.models import import_lean_keras

    # a wrong setting is refused before Keras is loaded, which takes a second
    weights = {"class_weight": settings.pop("class_weight", None), "sample_weight": settings.pop("sample_weight", None)}
    check_settings(find_recipe(recipe).settings, {**settings, "seed": seed})
    with show_progress(progress) as on_progress:
        dataset = as_dataset(data, None, verb="train", on_progress=on_progress, **(options or {}))
    import_lean_keras()
    how: dict[str, Any] = {"runs": runs, "name": name, "labels": labels, "progress": progress}
    return _train(dataset, **how, recipe=recipe, form=form, seed=seed, **weights, **settings)


def demo(*, seed: int = 0, runs: str | Path = RUNS) -> Demo:
    """Show everything on the bundled MNIST: train, embed the last hidden layer, write a report."""
    from cutaway.embedding import warm_up
    from cutaway.models import import_lean_keras

    import_lean_keras()
    # if they are not in the cache yet, the kernels of t-SNE compile while the model trains
    warming = threading.Thread(target=warm_up, daemon=True)
    warming.start()
    run = train_recipe("mnist", seed=seed, runs=runs)
    run.layers(progress=True)
    warming.join()
    return Demo(run, run.embed(), run.report())


@public
def train_like(
    run: str | Path | Run,
    *,
    data: Dataset | str | Path | None = None,
    from_epoch: int | None = None,
    ignore: Sequence[str] = (),
    runs: str | Path = RUNS,
    name: str | None = None,
    sample_weight: np.ndarray | None = None,
    labels: str | Path | Decision | Sequence[Decision] | None = None,
    progress: ProgressOption = True,
    **settings: Any,
) -> Run:
    """Train again as a run was trained, by its run.json, into a new run folder.

    Dataset, split, model, first weights, seed and every setting are those of the run; with nothing else given, on the
    same machine, versions and thread count snapshots and predictions have the same bytes, and the history the same
    numbers except times. First weights that were drawn from the seed are drawn again, and others are read from the
    run's snapshot of epoch 0.

    Args:
        run: A `Run`, a path, a run's name in `runs`, or "latest"; made by `train`, whether it is finished or not.
        data: The dataset, if it came from arrays or has moved: a `Dataset`, or what `load_dataset` takes.
        from_epoch: Begin with the weights that the run had after this epoch (-1: the last) instead of its first ones.
            The optimizer and the schedule begin from the start.
        ignore: Further columns of the table to leave out, to see how much they help. The model has fewer inputs, so its
            first weights are drawn.
        runs: Folder to look names up in, and for the new run folder.
        name: Your name for the run, part of the folder name; the dataset's name if None.
        labels: See `train`; decisions that the run was trained with are kept.
        sample_weight: See `train`; needed if the run had sample weights, which a run folder does not keep.
        progress: True draws a bar, False draws nothing, a callable gets `Progress` records.
        settings: Settings to change: ``seed``, ``class_weight`` or another setting, as in `train`. Class weights that
            were "balanced" keep their numbers.

    Raises:
        UsageError: There is no such run or epoch, it was not made by `train`, or a setting is wrong.
        RunError: The run is damaged.
        DataError: The dataset cannot be loaded again, or is another one.
        TrainingError, BackendError, Canceled: See `train`.
    """
    from cutaway.training import note_differences

    raise_if_canceled()
    ignore = _column_names(ignore)
    try:
        like = run if isinstance(run, Run) and data is None else open_run(_path(run), data=data, runs=runs)
        _check_trained(like, "trained again")
        _ = like.data
    except OtherDataError as error:
        where = str(data) if isinstance(data, str | Path) else "DATA"
        hint = f"changed data take a training of their own: cutaway train {shlex.quote(where)}"
        raise DataError(error.rule, got=error.got, hint=hint) from None
    manifest, base = like.context.manifest, recorded_config(like.config).model_dump()
    check_same_weights(given_weights(like.context.loaded, sample_weight), manifest.sample_weight)
    loaded = _without(like, ignore, from_epoch)
    decided, relabeled = _relabeled(loaded, labels)
    drawn = manifest.first_weights == DRAWN and from_epoch is None
    if like.folder.epochs:
        like.context.check_sizes(-1)
    planned = plan(
        relabeled,
        like=base,
        spec=like.context.spec,
        weights=None if drawn else like.context.snapshot(like.context.epoch(from_epoch or 0)),
        divide=partial(_divide_like, like, loaded, relabeled, decided, bool(ignore)),
        sample_weight=sample_weight,
        **settings,
    )
    if planned.data is not like.data:
        warn_of_leaks(relabeled, planned.data, planned.split)
    note_differences(manifest.versions, manifest.device)
    record = {"run": like.path.name, "ignore": ignore}
    return start(planned, loaded=relabeled, runs=runs, name=name, progress=progress, like=record)


def _column_names(ignore: Any) -> tuple[str, ...]:
    """The names of columns that are left out, each once.

    Raises:
        UsageError: They are not a list of names.
    """
    names: Any = tuple(ignore) if hasattr(ignore, "__iter__") and not isinstance(ignore, str) else None
    if names is None or not all(isinstance(name, str) for name in names):
        hint = Hint("pass for example {}", ignore=["age"])
        raise UsageError(f"ignore must be a list of columns of a table, not {shown(ignore)}", hint=hint)
    return tuple(dict.fromkeys(names))


def _without(like: Run, ignore: tuple[str, ...], from_epoch: int | None) -> Dataset | Table:
    """The data of a run that is trained again, as they were loaded, without some columns.

    A table that the user passes may have columns that were left out of the run: they stay out.

    Raises:
        UsageError: They are not a table, or the model has weights for each of its columns.
        UnknownNameError, DataError: See `cutaway.data.leave_out`.
    """
    loaded, learned = like.context.loaded, like.context.preparation
    if isinstance(loaded, Table) and learned is not None:
        more = [each.name for each in loaded.columns if each.use == "feature" and each.name not in learned.columns]
        loaded = leave_out(loaded, more) if more else loaded
    if not ignore:
        return loaded
    if not isinstance(loaded, Table):
        got = f"{loaded.name}, which is no table"
        raise UsageError("ignore must be a list of columns of a table", got=got, hint="leave ignore out")
    if from_epoch is not None or like.context.manifest.first_weights != DRAWN:
        raise UsageError(
            "ignore needs a training that starts from random weights; these have a place for each column",
            hint="leave out ignore" if from_epoch is None else "leave out ignore or from_epoch",
        )
    return leave_out(loaded, ignore)


def _divide_like(
    like: Run,
    loaded: Dataset | Table,
    relabeled: Dataset | Table,
    decided: Decided | None,
    fewer_columns: bool,
    *,
    validation: float,
    seed: int,
) -> tuple[Split, Dataset]:
    """The split and the data of a run that is trained again, with other columns, another seed or further decisions."""
    record, before = like.context.manifest.dataset, like.split.dropped
    if (validation, seed) == (like.config["validation"], like.config["seed"]):
        split = like.split if decided is None else drop(like.split, decided.dropped)
        if fewer_columns and isinstance(relabeled, Table):
            return split, relabeled.prepare(split)
        return split, like.data if decided is None else same_form(relabeled, record)
    split, data = split_and_prepare(loaded, validation=validation, seed=seed, decided=decided)
    # the scale is 1 where the model rescales its inputs itself
    return split if before is None else drop(split, before), dataclasses.replace(data, scale=record.scale)


def _path(run: str | Path | Run) -> str | Path:
    return run.path if isinstance(run, Run) else run


@public
def resume(
    run: str | Path | Run,
    *,
    data: Dataset | Table | str | Path | None = None,
    runs: str | Path = RUNS,
    progress: ProgressOption = True,
) -> Run:
    """Continue a training that was canceled, failed or died; it ends like one that was never interrupted.

    On the same machine, versions and thread count its snapshots and predictions have the same bytes, and its history
    the same numbers except times. It may continue with another number of devices; the last digits may then differ.

    Args:
        run: A `Run`, a path, a run's name in `runs`, or "latest".
        data: The dataset, if it came from arrays or has moved, as in `open_run`.
        runs: Folder to look names up in.
        progress: True draws a bar, False draws nothing, a callable gets `Progress` records.

    Raises:
        UsageError: The run is finished, or there is none.
        RunError: The run is damaged, or another process is training it.
        DataError: The dataset cannot be loaded again, or has changed.
        TrainingError, BackendError, Canceled: See `train`.
    """
    from cutaway import models

    opened = run if isinstance(run, Run) else open_run(run, data=data, runs=runs)
    _check_resumable(opened)
    models.import_lean_keras()
    config = recorded_config(opened.config)
    opened.context.check_sizes(-1)
    model = models.model_from_spec(opened.context.spec, initialize=False)  # the checkpoint has all weights
    models.check_fit(model, shape=opened.data.shape, classes=opened.data.outputs)
    models.reseed(model, config.seed)
    samples = rows_of(opened.data, opened.split, None)
    with show_progress(progress) as on_progress:
        writer = RunWriter.reopen(opened.path)
        train_into(writer, model, samples, config=config, on_progress=on_progress, resume=True)
    return Run(RunContext(RunFolder.open(opened.path), data=opened.data))


def _check_resumable(run: Run) -> None:
    if (damage := run.folder.damage) is not None:
        raise damage
    if run.folder.status == "finished":
        epochs = len(run.history)
        again, further = run.context.train_like(run_argument(run.path)), "cutaway.train(run.model(), ...)"
        longer = f"train for longer with: {again} --epochs {2 * epochs}, or its model further in Python: {further}"
        raise UsageError(
            f"{run.path.name} is finished, after {epochs} epoch{'s' if epochs != 1 else ''}, and cannot be resumed",
            hint=longer if again and again.startswith("cutaway ") else f"in Python, train its model further: {further}",
        )
    _check_trained(run, "resumed")


def _check_trained(run: Run, what: str) -> None:
    """Check that a run was trained by cutaway, which knows everything about it.

    Raises:
        UsageError: It was recorded.
    """
    origin = run.context.manifest.origin
    if origin == "training":
        return
    fit = origin == "keras fit"
    raise UsageError(
        f"{run.path.name} cannot be {what}: it records {'a fit of your own' if fit else 'a ready-made model'}",
        hint="call fit again with a Recorder" if fit else "train its model in Python: cutaway.train(run.model(), ...)",
    )
