"""The verbs of sweeps: `sweep` begins or continues one, `open_sweep` only looks."""

import dataclasses
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cutaway._lazy import public
from cutaway.api.given_data import as_dataset
from cutaway.augmentation import Augmentation, as_augmentation, check_images
from cutaway.checks import check_path
from cutaway.data import Dataset, Table, drop, split_and_prepare
from cutaway.errors import REQUEST, Canceled, Hint, UsageError, WorkInterrupted
from cutaway.execution import check_engine, run_tasks
from cutaway.progress import Progress, ProgressCallback
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.runs import RUNS
from cutaway.topics.common.sent_data import without_arrays
from cutaway.topics.findings.evidence import warn_of_leaks
from cutaway.training import Plan, check_class_weight, check_settings, find_recipe, plan, recipe_for
from cutaway.words import shown

from .manifest import FILE, FixedSettings, SweepManifest, plain_settings, read_manifest, write_manifest
from .options import TRIALS, SweepOptions
from .result import Sweep, best_of
from .space import Choices, Space, read_space
from .study import Study, Trial, require_optuna
from .trials import TrialTask, do_trial, settings_of

OnTrial = Callable[[Trial], None]


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
    engine: str | None = None,
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
    """Train many models with different settings and choose the best on the validation samples, by Optuna.

    Trial 0 has the settings of the recipe. Further ones are drawn by TPE, and are stopped early by successive halving
    on the validation loss. Every trial is a run folder in ``runs/sweep-NAME``. No trial uses the test samples: train
    the chosen settings again, with `Sweep.train_best`, to test once. Called again, an interrupted sweep continues, and
    a finished one gets further trials if `trials` is larger. Needs Optuna, the extra ``sweep``.

    Args:
        data: See `cutaway.train`.
        y: See `cutaway.train`.
        space: Settings that are tried: "small", "default", "optimizer", a TOML or JSON file, or a mapping such as
            ``{"dropout": {"low": 0.0, "high": 0.5}, "batch_size": [32, 64]}``.
        trials: Number of trials, from 1, including the first.
        name: Name of the sweep; the dataset's name if None.
        runs: Folder to make the sweep's folder in.
        storage: Address of a storage of Optuna, such as "sqlite:///sweeps.db" or "postgresql://user@host/name"; a
            journal file in the sweep's folder if None. Calls with the same storage, name and arguments, on any machine,
            work on one sweep; it is written into no file.
        engine: Where trials are trained, as in `cutaway.label_issues`; workers write into the sweep's folder.
        recipe: See `cutaway.train`.
        hidden: Units of each hidden layer in every trial; from the recipe or the space if None.
        dropout: Share of units set to zero in training in every trial; likewise.
        batch_norm: Whether hidden layers are normalized over the batch in every trial; likewise.
        activation: Activation of the hidden layers in every trial; likewise.
        ensemble: Number of models side by side in every trial; likewise.
        class_weight: See `cutaway.train`.
        seed: Random seed of the split, the first weights, and the draws. Without an engine, the same seed gives
            the same trials.
        options: Options for data by name or path, as `cutaway.load_dataset` takes them.
        progress: True draws a bar, False draws nothing, a callable gets `Progress` records.
        on_trial: Called with a record of every trial that ends here.
        settings: Fields of `cutaway.training.TrainingConfig` that are the same in every trial.

    Raises:
        UsageError: An argument is wrong, or there is another sweep of this name; nothing has been made.
        DataError: The data cannot be loaded.
        RunError: The folder cannot be written, or the storage does not answer or is damaged.
        ExecutionError: The engine cannot be reached, has other versions, or lost its workers.
        Canceled: It was canceled; the same call continues it.

    Source:
        Akiba et al. 2019, "Optuna: A Next-generation Hyperparameter Optimization Framework", KDD.
    """
    found_space = read_space(space)
    trials = SweepOptions(trials=trials).trials
    _check_name(name)
    runs = check_path(runs, name="runs")
    check_engine(engine)
    form = {
        "hidden": hidden,
        "dropout": dropout,
        "batch_norm": batch_norm,
        "activation": activation,
        "ensemble": ensemble,
    }
    fixed = _fixed(recipe, form, class_weight, settings, seed=seed)
    if engine is not None:
        _check_functions(_augmentations_of(fixed.settings.get("augment"), found_space))
    require_optuna()
    with show_progress(progress) as on_progress:
        loaded = as_dataset(data, y, verb="sweep", on_progress=on_progress, **(options or {}))
        loaded.task.need_classes("a sweep")
        first = _first_plan(loaded, fixed, found_space, seed=seed, on_progress=on_progress)
        manifest = _manifest(first, fixed, found_space, name=name, seed=seed, trials=trials)
        folder = runs.absolute() / f"sweep-{manifest.name}"
        if (folder / FILE).exists():
            before = read_manifest(folder)
            manifest.check_same(before, where=str(folder))
            manifest = before.model_copy(update={"trials": trials})
        if storage is not None:
            Study(folder, storage, name=manifest.name, digest=manifest.digest).close()  # before any file is written
        write_manifest(folder, manifest)
        with Study(folder, storage, name=manifest.name, digest=manifest.digest) as study:
            study.give_back_lost()
            found = study.trials()
        try:
            _work(folder, storage, first, manifest, found, engine, on_trial, on_progress)
        except Canceled as error:
            got = f"{REQUEST}, with every trial and every step so far kept"
            raise Canceled("the sweep was canceled", got=got, hint="make the same call again") from error
        except KeyboardInterrupt as error:
            raise WorkInterrupted("every trial that has ended is kept", "make the same call again to go on") from error
    return _read(folder, storage, manifest, loaded)


@public
def open_sweep(where: str | Path, *, storage: str | None = None, runs: str | Path = RUNS) -> Sweep:
    """Open a sweep to look at it, whether it is done or not.

    Args:
        where: The folder of the sweep, or its name in `runs`.
        storage: Address of its storage; None for the journal in the folder.
        runs: Folder to look up names in.

    Raises:
        UnknownNameError: There is no such sweep.
        RunError: It is damaged, or its storage does not answer.
        UsageError: Optuna is not installed.
    """
    given, runs = check_path(where, name="where"), check_path(runs, name="runs")
    places = [given.expanduser(), runs / given, runs / f"sweep-{given}"]
    folder = next((place for place in places if (place / FILE).is_file()), places[0]).absolute()
    return _read(folder, storage, read_manifest(folder), None)


def _read(folder: Path, storage: str | None, manifest: SweepManifest, loaded: Dataset | Table | None) -> Sweep:
    with Study(folder, storage, name=manifest.name) as study:
        return Sweep.checked(folder, manifest, study.trials(), loaded)


def _work(
    folder: Path,
    storage: str | None,
    first: Plan,
    manifest: SweepManifest,
    found: list[Trial],
    engine: str | None,
    on_trial: OnTrial | None,
    on_progress: ProgressCallback,
) -> None:
    """Do the trials that are left, here or on an engine."""
    ended, call = sum(trial.ended for trial in found), uuid.uuid4().hex
    (header, arrays), total = without_arrays(first.data), manifest.trials
    if first.sample_weight is not None:
        arrays["weights"] = first.sample_weight
    tasks = [
        TrialTask(place, f"{call}-{place}", str(folder), storage, manifest, header, first.split, first.recipe or "")
        for place in range(ended, total)
    ]

    def on_result(_: int, trial: Trial | None) -> None:
        if trial is not None:
            found.append(trial)
            if on_trial is not None:
                on_trial(trial)

    def report(done: int, note: str) -> None:
        best = best_of(found)
        said = [] if best is None else [f"best {best.val_loss:.4f} (trial {best.number})"]
        on_progress(Progress("sweep", ended + done, total, "trials", "  ".join([*said, note])))

    if engine is not None and tasks:
        run_tasks(
            do_trial,
            tasks,
            arrays=arrays,
            engine=engine,
            on_result=on_result,
            on_progress=lambda now: report(now.done, now.note),
        )
        return
    for done, task in enumerate(tasks):
        report(done, "")

        def within(now: Progress, done: int = done) -> None:
            report(done, now.note.partition("  ")[0] or now.task)

        on_result(done, do_trial(task, arrays, within))
    if tasks:
        report(len(tasks), "")


def _first_plan(
    loaded: Dataset | Table, fixed: FixedSettings, space: Space, *, seed: int, on_progress: ProgressCallback
) -> Plan:
    """What `cutaway.train` would train with the settings that are not tried: trial 0, but for its test samples.

    Raises:
        UsageError: A setting is both fixed and in the space, or is not one that a training takes.
        DataError: See `cutaway.train`.
    """
    both = [name for name in space if name in fixed.given() or (name in ("layers", "units") and fixed.hidden)]
    if both:
        raise UsageError(f"{both[0]} is given twice, as a fixed value and in the space", hint="leave one of them out")
    divide = partial(split_and_prepare, loaded, on_progress=on_progress)
    recipe = find_recipe(recipe_for(fixed.recipe, loaded, _given(fixed, space)))
    found = plan(loaded, recipe=recipe, form=fixed.form(), divide=divide, **settings_of(fixed, seed))
    warn_of_leaks(loaded, found.data, found.split)
    for augmentation in _augmentations_of(found.config.augment, space):  # once, and not in every trial
        check_images(found.data.shape)
        augmentation.find_function()
    return dataclasses.replace(found, split=drop(found.split, found.split.test))


def _default_settings(first: Plan, fixed: FixedSettings) -> dict[str, Any]:
    """The settings of trial 0, resolved."""
    assert first.form is not None
    hidden = first.form["hidden"]
    return {
        **first.config.model_dump(mode="json"),
        "class_weight": fixed.class_weight,
        "augment": first.config.augment or "none",
        **first.form,
        "hidden": list(hidden),
        "layers": len(hidden),
        "units": hidden[0] if hidden else 0,
    }


def _given(fixed: FixedSettings, space: Space) -> dict[str, Any]:
    """What is given of a trial, and what some trial may have that does not go with batch normalization."""
    given, batches = fixed.given(), space.get("batch_size")
    if "ensemble" in space:
        given["ensemble"] = 2
    if batches is not None and batches.holds(1):
        given["batch_size"] = 1
    return given


def _augmentations_of(fixed: str | None, space: Space) -> list[Augmentation]:
    """The augmentations that trials may have."""
    tried = space.get("augment")
    texts = tried.values if isinstance(tried, Choices) else (fixed,)
    return [found for text in texts if (found := as_augmentation(text)) is not None]


def _manifest(
    first: Plan, fixed: FixedSettings, space: Space, *, name: str | None, seed: int, trials: int
) -> SweepManifest:
    """What a new sweep is.

    Raises:
        UsageError: See `_default_settings`.
    """
    record: Mapping[str, Any] = first.data.to_record()
    return SweepManifest(
        name=name or re.sub(r"[^\w.-]", "-", str(record["name"]))[:60].strip(".-") or "data",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        data={key: record[key] for key in ("name", "sha256", "origin")},
        space={name: values.to_record() for name, values in space.items()},
        fixed=fixed,
        default=_default_settings(first, fixed),
        seed=seed,
        trials=trials,
        versions={"cutaway": version("cutaway"), "optuna": version("optuna")},
    )


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

    base = find_recipe(recipe)
    given = {name: value for name, value in form.items() if value is not None}
    checked = asdict(ModelForm(**{**asdict(base.form), **given}))
    augment = str(as_augmentation(check_settings(base.settings, {**settings, "seed": seed}).get("augment")) or "none")
    weights = check_class_weight(class_weight)
    return FixedSettings(
        recipe=recipe,
        **{name: checked[name] for name in given},
        class_weight={str(k): v for k, v in weights.items()} if isinstance(weights, dict) else weights,
        # as text, to store it in the folder
        settings=plain_settings({**settings, **({"augment": augment} if "augment" in settings else {})}),
    )


def _check_functions(augmentations: Sequence[Augmentation]) -> None:
    """Refuse functions of the user, which workers in other processes cannot find by their names."""
    for augmentation in augmentations:
        if augmentation.function is not None:
            raise UsageError(
                f"workers of an engine cannot run your own function {augmentation}",
                hint=Hint("leave out {}", engine=None),
            )


def _check_name(name: Any) -> None:
    if name is not None and not (isinstance(name, str) and re.fullmatch(r"[\w][\w.-]{0,59}", name)):
        raise UsageError(
            'a sweep name can have up to 60 letters, digits, "-", "_" and "."',
            got=shown(name),
            hint=Hint("try {}", name="first"),
        )
