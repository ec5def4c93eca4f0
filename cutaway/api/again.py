"""The verbs that go on from a run: `train_like` trains again as it was trained, and `resume` continues it."""

import dataclasses
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.context import OtherDataError, same_form
from cutaway.data import Dataset, Decision, Split, Table, decide, drop, leave_out, relabel, split_and_prepare
from cutaway.errors import DataError, ModelError, UsageError
from cutaway.progress import raise_if_canceled
from cutaway.results.progress import ProgressOption
from cutaway.runs import RUNS, RunWriter, run_argument
from cutaway.topics.common.weighting import check_same_weights, class_weights, given_weights
from cutaway.training import DRAWN, GIVEN

from .given_data import as_decisions
from .opening import open_run
from .run import Run
from .start import start_training, train_into, training_data

if TYPE_CHECKING:
    from cutaway.models import Model
    from cutaway.training import TrainingConfig


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
        runs: Folder in which names are looked up and the new run folder is made.
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
    from cutaway import models, training
    from cutaway.topics.findings.before_training import warn_of_leaks

    raise_if_canceled()
    ignore = _column_names(ignore)
    try:
        like = run if isinstance(run, Run) and data is None else open_run(_path(run), data=data, runs=runs)
        _check_trained(like, "trained again")
        data = like.data
    except OtherDataError as error:
        where = str(data) if isinstance(data, str | Path) else "DATA"
        hint = f"changed data take a training of their own: cutaway train {shlex.quote(where)}"
        raise DataError(error.rule, got=error.got, hint=hint) from None
    manifest, base = like.context.manifest, training.recorded_config(like.config).model_dump()
    sample_weight = given_weights(like.context.loaded, sample_weight)
    check_same_weights(sample_weight, manifest.sample_weight)
    per_class = settings.pop("class_weight", base["class_weight"])
    config = training.make_config(base, samples=len(data.labels["train"]), **settings)
    same = (config.seed, config.validation) == (base["seed"], base["validation"])
    split = like.split
    loaded = _without(like, ignore, from_epoch)
    if not same or labels is not None or ignore:
        split, data, loaded = _split_like(like, config, loaded=loaded, other=bool(ignore), labels=labels, same=same)
        warn_of_leaks(loaded, data, split)
    if per_class != base["class_weight"]:
        per_class = class_weights(per_class, data.y(split.train), classes=data.classes)
    models.require_jax()
    models.keep_compiled_programs()
    accelerator = training.has_accelerator()
    settings |= {"validation": config.validation, "class_weight": per_class}
    config = training.make_config(base, samples=len(split.train), accelerator=accelerator, **settings)
    drawn = manifest.first_weights == DRAWN and from_epoch is None
    epoch = None if drawn else from_epoch or 0
    model = _first_model(like, epoch=epoch, seed=config.seed, shape=data.shape if ignore else None)
    training.check_config(config, model, shape=data.shape)
    training.note_differences(manifest.versions, manifest.device)
    return start_training(
        model,
        data,
        loaded=loaded,
        split=split,
        config=config,
        first_weights=DRAWN if drawn else GIVEN,
        sample_weight=sample_weight,
        runs=runs,
        name=name,
        progress=progress,
        like={"run": like.path.name, "ignore": ignore},
    )


def _column_names(ignore: Any) -> tuple[str, ...]:
    """The names of columns that are left out, each once.

    Raises:
        UsageError: They are not a list of names.
    """
    try:
        names: list[Any] = [] if isinstance(ignore, str) else list(ignore)
    except TypeError:
        names = [None]
    if isinstance(ignore, str) or not all(isinstance(name, str) for name in names):
        hint = 'pass for example ignore=["age"]'
        raise UsageError("ignore is a list of columns of a table", got=f"{ignore!r:.200}", hint=hint)
    return tuple(dict.fromkeys(str(name) for name in names))


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
        raise UsageError("ignore is a list of columns of a table", got=got, hint="leave ignore out")
    if from_epoch is not None or like.context.manifest.first_weights != DRAWN:
        raise UsageError(
            "columns are left out of a training whose first weights are drawn",
            got="weights that were there before it, which have a place for each column",
            hint="leave out ignore" if from_epoch is None else "leave out ignore or from_epoch",
        )
    return leave_out(loaded, ignore)


def _split_like(
    like: Run,
    config: "TrainingConfig",
    *,
    loaded: Dataset | Table,
    other: bool,
    labels: str | Path | Decision | Sequence[Decision] | None,
    same: bool,
) -> tuple[Split, Dataset, Dataset | Table]:
    """The split and the data of a run that is trained again, with other columns, another seed or further decisions."""
    record, before = like.context.manifest.dataset, like.split.dropped
    decided = None if labels is None else decide(loaded, as_decisions(labels))
    relabeled = loaded if decided is None else relabel(loaded, decided.relabeled)
    if same:
        split = like.split if decided is None else drop(like.split, decided.dropped)
        if other and isinstance(relabeled, Table):
            return split, relabeled.prepare(split), relabeled
        return split, same_form(relabeled, record), relabeled
    split, data = split_and_prepare(loaded, validation=config.validation, seed=config.seed, decided=decided)
    if before is not None:
        split = drop(split, before)
    # the scale is 1 where the model rescales its inputs itself
    return split, dataclasses.replace(data, scale=record.scale), relabeled


def _path(run: str | Path | Run) -> str | Path:
    return run.path if isinstance(run, Run) else run


def _first_model(run: Run, *, epoch: int | None, seed: int, shape: tuple[int, ...] | None) -> "Model":
    """The model of a run with its first weights: those of a snapshot, or drawn from a seed (`epoch` None).

    Args:
        run: The run.
        epoch: Epoch of the snapshot.
        seed: Seed of weights that are drawn, and of dropout.
        shape: Shape of a sample, if it is not the run's.

    Raises:
        UsageError: The model takes samples of the run's shape only.
    """
    from cutaway import models

    if epoch is None:
        if run.folder.epochs:
            run.context.check_sizes(-1)
        spec = run.context.spec
        if shape is not None:
            spec = {**spec, "input": {**spec["input"], "shape": list(shape)}}
        try:
            model = models.model_from_spec(spec, initialize=False)
        except ModelError as error:
            if shape is None:
                raise
            raise UsageError(
                "a model from which columns are left out takes any number of inputs",
                got=error.got,
                hint="train a new model on the table without these columns",
            ) from None
        models.initialize(model, seed)
    else:
        model = run.context.build_model(epoch)
    models.reseed(model, seed)
    return model


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
        runs: Folder in which names are looked up.
        progress: True draws a bar, False draws nothing, a callable gets `Progress` records.

    Raises:
        UsageError: The run is finished, or there is none.
        RunError: The run is damaged, or another process is training it.
        DataError: The dataset cannot be loaded again, or has changed.
        TrainingError, BackendError, Canceled: See `train`.
    """
    from cutaway import models, training

    opened = run if isinstance(run, Run) else open_run(run, data=data, runs=runs)
    _check_resumable(opened)
    models.import_lean_keras()
    config = training.recorded_config(opened.config)
    opened.context.check_sizes(-1)
    model = models.model_from_spec(opened.context.spec, initialize=False)  # the checkpoint has all weights
    models.check_fit(model, shape=opened.data.shape, classes=opened.data.classes)
    models.reseed(model, config.seed)
    samples = training_data(opened.data, opened.split, None)
    return train_into(
        *(RunWriter.reopen(opened.path), model, samples),
        data=opened.data,
        config=config,
        progress=progress,
        resume=True,
    )


def _check_resumable(run: Run) -> None:
    if (damage := run.folder.damage) is not None:
        raise damage
    if run.folder.status == "finished":
        epochs = len(run.history)
        again, further = run.context.train_like(run_argument(run.path)), "cutaway.train(run.model(), ...)"
        longer = f"train for longer with: {again} --epochs {2 * epochs}, or its model further in Python: {further}"
        raise UsageError(
            "only a run that is not finished can be resumed",
            got=f"{run.path.name}, finished after {epochs} epoch{'s' if epochs != 1 else ''}",
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
        f"only a training by cutaway can be {what}",
        got=f"{run.path.name}, recorded from {'a fit of your own' if fit else 'a ready-made model'}",
        hint="call fit again with a Recorder" if fit else "train its model in Python: cutaway.train(run.model(), ...)",
    )
