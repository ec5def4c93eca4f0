"""The verbs of sweeps: `sweep` begins or continues one, `join_sweep` adds a worker, `open_sweep` only looks."""

import contextlib
import os
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from cutaway._lazy import public
from cutaway.api.given_data import as_dataset
from cutaway.augmentation import Augmentation
from cutaway.checks import check_whole
from cutaway.data import Dataset, Table
from cutaway.errors import REQUEST, Canceled, UnknownNameError, UsageError, WorkInterrupted
from cutaway.execution import Space, SweepStudy, close_storage, hide_password, open_storage, read_space, require_optuna
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.runs import RUNS

from .command import command_of
from .launch import watch_workers
from .manifest import FILE, FixedSettings, SweepManifest, as_manifest, plain_settings, read_manifest, write_manifest
from .material import Material, augmentations_of, default_settings, load, prepare
from .result import Sweep
from .worker import OnTrial, SweepReporter, work

TRIALS = 50
MOST_TRIALS = 100_000
MOST_WORKERS = 256


@public
def sweep(
    data: Dataset | Table | str | Path | Any,
    y: Any = None,
    *,
    space: str | Path | Mapping[str, Any] = "default",
    trials: int = TRIALS,
    name: str | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
    workers: int = 1,
    recipe: str = "default",
    hidden: Sequence[int] | None = None,
    dropout: float | None = None,
    batch_norm: bool | None = None,
    activation: str | None = None,
    ensemble: int | None = None,
    class_weight: Mapping[int, float] | str | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    progress: ProgressOption = True,
    on_trial: OnTrial | None = None,
    **settings: Any,
) -> Sweep:
    """Train many models with different settings and choose the best on the validation samples.

    Trial 0 has the settings of the recipe. Further ones are drawn by TPE, and are stopped early by successive halving
    on the validation loss. Every trial is a run folder in ``runs/sweep-NAME``. No trial uses the test samples: train
    the chosen settings again, with `Sweep.train_best`, to test once. Called again, an interrupted sweep continues, and
    a finished one gets further trials if `trials` is larger. Needs ``pip install 'cutaway[sweep]'``.

    Args:
        data: See `cutaway.train`.
        y: See `cutaway.train`.
        space: Settings that are tried: "small", "default", "optimizer", a TOML or JSON file, or a mapping such as
            ``{"dropout": {"low": 0.0, "high": 0.5}, "batch_size": [32, 64]}``.
        trials: Number of trials, from 1, including the first.
        name: Name of the sweep; the dataset's name if None.
        runs: Folder in which the sweep's folder is made.
        storage: URL of a database such as "postgresql://user@host/name", which workers on many machines share; a
            journal file in the sweep's folder if None.
        workers: Number of processes on this machine. More than one need data by name or path.
        recipe: See `cutaway.train`.
        hidden: Units of each hidden layer in every trial; those of the recipe or the space if None.
        dropout: Share of units set to zero in training in every trial; likewise.
        batch_norm: Whether hidden layers are normalized over the batch in every trial; likewise.
        activation: Activation of the hidden layers in every trial; likewise.
        ensemble: Number of models side by side in every trial; likewise.
        class_weight: See `cutaway.train`.
        seed: Random seed of the split, the first weights, and of what is drawn. With one worker, the same seed gives
            the same trials.
        options: Options for data by name or path, as `cutaway.load_dataset` takes them.
        progress: True draws a bar, False draws nothing, a callable gets `Progress` records.
        on_trial: Called with a record of every trial that ends.
        settings: Fields of `cutaway.training.TrainingConfig` that are the same in every trial.

    Raises:
        UsageError: An argument is wrong, or there is another sweep of this name; nothing has been made.
        DataError: The data cannot be loaded.
        RunError: The folder cannot be written, or the storage does not answer or is damaged.
        Canceled: It was canceled; the same call continues it.

    Source:
        Akiba et al. 2019, "Optuna: A Next-generation Hyperparameter Optimization Framework", KDD.
    """
    found_space = read_space(space)
    trials = check_whole(trials, name="trials", least=1, most=MOST_TRIALS)
    workers = check_whole(workers, name="workers", least=1, most=MOST_WORKERS)
    _check_name(name)
    form = {
        "hidden": hidden,
        "dropout": dropout,
        "batch_norm": batch_norm,
        "activation": activation,
        "ensemble": ensemble,
    }
    fixed = _fixed(recipe, form, class_weight, settings, seed=seed)
    if workers > 1:
        _check_functions(augmentations_of(fixed.settings.get("augment"), found_space))
    require_optuna()
    local = _Local(storage, workers, progress, on_trial)
    with contextlib.ExitStack() as stack:
        opened = None
        if storage is not None:  # before the data are read, which may take long
            opened = open_storage(None, storage)
            stack.callback(close_storage, opened)
        with show_progress(progress) as on_progress:
            loaded = as_dataset(data, y, verb="sweep", on_progress=on_progress, **(options or {}))
            material = prepare(loaded, fixed, seed=seed, on_progress=on_progress)
        manifest = _manifest(material, fixed, found_space, name=name, seed=seed, trials=trials, local=local)
        folder = Path(runs).absolute() / f"sweep-{manifest.name}"
        manifest = _continued(folder, manifest)
        if opened is None:
            write_manifest(folder, manifest)
            opened = open_storage(folder, None)
        study = SweepStudy(opened, name=manifest.name, manifest=manifest.model_dump(mode="json"), trials=trials)
        shown = manifest.storage or str(folder)
        manifest.check_same(as_manifest(study.manifest, where=shown), where=shown)
        write_manifest(folder, manifest)
        return _run(study, folder, material, manifest, local)


@public
def join_sweep(
    where: str | Path,
    *,
    storage: str | None = None,
    name: str | None = None,
    data: Dataset | Table | str | Path | None = None,
    runs: str | Path = RUNS,
    trials: int | None = None,
    workers: int = 1,
    progress: ProgressOption = True,
    on_trial: OnTrial | None = None,
) -> Sweep:
    """Work on a sweep that was begun, here or on another machine, until its trials are done.

    Args:
        where: The folder of the sweep, its name in `runs`, or the URL of its database.
        storage: URL of the database of a sweep in a folder; the URL in its sweep.json is never used.
        name: Name of the sweep, if the database holds several.
        data: The data, if they have moved or came from arrays.
        runs: Folder in which names are looked up, and in which the sweep's folder is made if it is joined by its
            database.
        trials: A new number of trials; as many as before if None.
        workers: Number of processes on this machine.
        progress: See `sweep`.
        on_trial: See `sweep`.

    Raises:
        UnknownNameError: There is no such sweep.
        UsageError, DataError, RunError, Canceled: See `sweep`.
    """
    require_optuna()
    if trials is not None:
        trials = check_whole(trials, name="trials", least=1, most=MOST_TRIALS)
    workers = check_whole(workers, name="workers", least=1, most=MOST_WORKERS)
    url = str(where) if is_url(where) else storage
    folder = None if is_url(where) else find_sweep(where, runs=runs)
    if folder is not None:
        kept = read_manifest(folder)
        url, name = url or _own_journal(kept, folder, "sweep --attach"), name or kept.name
    with _opened(folder, url) as storage_of:
        study = SweepStudy(storage_of, name=name, trials=trials)
        shown = str(folder) if url is None else hide_password(url)
        manifest = as_manifest(study.manifest, where=shown)
        if folder is not None:
            read_manifest(folder).check_same(manifest, where=shown)
        loaded = load(manifest, data)
        with show_progress(progress) as on_progress:
            material = prepare(loaded, manifest.fixed, seed=manifest.seed, on_progress=on_progress)
        if material.data.sha256 != manifest.data.get("sha256"):
            raise UsageError(
                "workers of a sweep train on the same data",
                got=f"other data, whose SHA-256 is {material.data.sha256[:12]}",
                hint="say where the sweep's own data are: data=PATH",
            )
        folder = folder or Path(runs).absolute() / f"sweep-{study.name}"
        now = {"trials": study.total, "storage": None if url is None else hide_password(url)}
        manifest = manifest.model_copy(update=now)
        write_manifest(folder, manifest)
        return _run(study, folder, material, manifest, _Local(url, workers, progress, on_trial))


@public
def open_sweep(where: str | Path, *, storage: str | None = None, runs: str | Path = RUNS) -> Sweep:
    """Open a sweep to look at it, whether it is done or not.

    Args:
        where: The folder of the sweep, or its name in `runs`.
        storage: URL of its database, which is only read; the URL in its sweep.json is never used.
        runs: Folder in which names are looked up.

    Raises:
        UnknownNameError: There is no such sweep.
        RunError: It is damaged, or its database does not answer.
        UsageError: It is in a database and no URL is given, or Optuna is not installed.
    """
    require_optuna()
    folder = find_sweep(where, runs=runs)
    manifest = read_manifest(folder)
    url = storage or _own_journal(manifest, folder, "report")
    if url is None and not os.path.lexists(folder / "journal.log"):
        raise UnknownNameError(
            "a sweep keeps its trials in journal.log",
            got=f"none in {folder}",
            hint="begin it again: cutaway sweep DATA",
        )
    with _opened(folder, url, writes=False) as opened:
        return Sweep.read(SweepStudy(opened, name=manifest.name), folder, manifest)


def find_sweep(where: str | Path, *, runs: str | Path = RUNS) -> Path:
    """The folder of a sweep: a path, or a name in `runs` with or without "sweep-"; where there is none, the path."""
    places = [Path(where).expanduser(), Path(runs) / str(where), Path(runs) / f"sweep-{where}"]
    return next((place for place in places if (place / FILE).is_file()), places[0]).absolute()


def is_url(where: str | Path) -> bool:
    """Whether a place is the URL of a database."""
    return isinstance(where, str) and re.match(r"[a-z0-9+]+://", where) is not None


class _Local(NamedTuple):
    """How a sweep is worked on here."""

    storage: str | None
    workers: int
    progress: ProgressOption
    on_trial: OnTrial | None


@contextlib.contextmanager
def _opened(folder: Path | None, url: str | None, *, writes: bool = True) -> Generator[Any]:
    """A storage, which is closed at the end."""
    opened = open_storage(folder, url, writes=writes)
    try:
        yield opened
    finally:
        close_storage(opened)


def _manifest(
    material: Material,
    fixed: FixedSettings,
    space: Space,
    *,
    name: str | None,
    seed: int,
    trials: int,
    local: _Local,
) -> SweepManifest:
    """What a new sweep is.

    Raises:
        UsageError: Several workers are asked for, and the data cannot be loaded by them; or as `default_settings`.
    """
    record: Mapping[str, Any] = material.data.to_record()
    if local.workers > 1 and record["origin"]["kind"] == "arrays":
        raise UsageError(
            "several workers load the data by their name or path",
            got=f"arrays and workers={local.workers}",
            hint="save them to a file first, or pass workers=1",
        )
    return SweepManifest(
        name=name or re.sub(r"[^\w.-]", "-", str(record["name"]))[:60].strip(".-") or "data",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        data={key: record[key] for key in ("name", "sha256", "origin")},
        space=space.to_record(),
        fixed=fixed,
        default=default_settings(material, fixed, seed=seed, space=space),
        seed=seed,
        trials=trials,
        storage=None if local.storage is None else hide_password(local.storage),
        versions={"cutaway": version("cutaway"), "optuna": version("optuna")},
    )


def _run(study: SweepStudy, folder: Path, material: Material, manifest: SweepManifest, local: _Local) -> Sweep:
    """Work until all trials are done, in this process or in others."""
    before = study.trials()
    if len(before) >= study.total and all(trial.state in ("complete", "pruned") for trial in before):
        return Sweep.read(study, folder, manifest, loaded=material.loaded)
    default: dict[str, Any] = manifest.default | {"hidden": tuple(manifest.default["hidden"])}
    study.draw(read_space(manifest.space), seed=manifest.seed, default=default, epochs=int(default["epochs"]))
    try:
        with show_progress(local.progress) as on_progress:
            reporter = SweepReporter(study, on_progress, local.on_trial)
            if local.workers > 1:
                watch_workers(folder, storage=local.storage, study=study.name, workers=local.workers, reporter=reporter)
            else:
                work(study, folder, material, manifest, reporter)
    except Canceled as error:
        raise Canceled(
            "a sweep runs until its trials are done",
            got=f"{REQUEST}, with every trial and every step so far kept",
            hint=f"go on with: {command_of('sweep --attach', folder, storage=manifest.storage)}",
        ) from error
    except KeyboardInterrupt as error:
        raise WorkInterrupted("every trial that has ended is kept", "make the same call again to go on") from error
    return Sweep.read(study, folder, manifest, loaded=material.loaded)


def _fixed(
    recipe: str,
    form: Mapping[str, Any],
    class_weight: Mapping[int, float] | str | None,
    settings: Mapping[str, Any],
    *,
    seed: int,
) -> FixedSettings:
    """What is the same in every trial, checked before any data are read."""
    from cutaway.models import ModelForm
    from cutaway.training import find_recipe, make_config

    base = find_recipe(recipe)
    given = {name: value for name, value in form.items() if value is not None}
    checked = asdict(ModelForm(**{**asdict(base.form), **given}))
    augment = make_config(base.settings, **settings, seed=seed).augment or "none"
    weights = {str(k): float(v) for k, v in class_weight.items()} if isinstance(class_weight, Mapping) else class_weight
    return FixedSettings(
        recipe=recipe,
        **{name: checked[name] for name in given},
        class_weight=weights,
        # as text, which its folder can keep
        settings=plain_settings({**settings, **({"augment": augment} if "augment" in settings else {})}),
    )


def _check_functions(augmentations: Sequence[Augmentation]) -> None:
    """Workers are processes of their own, which cannot be given a function of the user by its name."""
    for augmentation in augmentations:
        if augmentation.function is not None:
            raise UsageError(
                "several workers of a sweep do not have a function of yours that changes images",
                got=str(augmentation),
                hint="pass workers=1",
            )


def _check_name(name: str | None) -> None:
    if name is not None and not re.fullmatch(r"[\w][\w.-]{0,59}", name):
        raise UsageError(
            'the name of a sweep has up to 60 letters, digits, "-", "_" and "."', got=f'"{name}"', hint="try name=first"
        )


def _continued(folder: Path, manifest: SweepManifest) -> SweepManifest:
    """The manifest of a sweep that is there already, with the new number of trials.

    Raises:
        UsageError: It is another sweep.
    """
    if not (folder / FILE).exists():
        return manifest
    before = read_manifest(folder)
    manifest.check_same(before, where=str(folder))
    kept = None if before.storage is None else hide_password(before.storage)
    if kept != manifest.storage:
        raise UsageError(
            "a sweep is continued with its own storage",
            got=f"{manifest.storage or 'a journal'} where {folder} has {kept or 'a journal'}",
            hint="begin another sweep with name=...",
        )
    return before.model_copy(update={"trials": manifest.trials})


def _own_journal(manifest: SweepManifest, folder: Path, verb: str) -> None:
    """Check that a sweep is kept in its own folder.

    A folder may come from a stranger, and a URL in it would connect to any machine, with passwords of the user, or
    write into any file.

    Raises:
        UsageError: It is in a database, which only a URL of the user opens.
    """
    if manifest.storage is not None:
        url = hide_password(manifest.storage)
        raise UsageError(
            "the database of a sweep is opened when you name it, never because a file does",
            got=f"{url} in {folder / FILE}",
            hint=f"if you know it: {command_of(verb, folder, storage=url)}",
        )
