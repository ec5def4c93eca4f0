"""The study of a sweep: Optuna's storage, sampler, pruner and importances behind plain records of trials."""

import contextlib
import math
import sys
import warnings
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from cutaway.checks import check_regular
from cutaway.errors import CutawayError, Hint, RunError, UnknownNameError, UsageError, install_hint
from cutaway.runs import ProcessRecord, check_no_link

from .space import WHOLE, Choices, Range, Space, has_effect

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as AskedTrial

JOURNAL = "journal.log"

FACTOR = 3
"""Of this many trials that reach a rung of successive halving, one goes on to the next, which is N times as long."""

LEAST = 8
"""Minimum number of completed trials for the importance of settings."""

MEASURES = ("val_accuracy", "epochs", "seconds", "parameters")

SWEEP, RUN, WHY, TASK, PROCESS = "sweep", "run", "why", "task", "process"
"""Attributes: of a study, what the sweep is; of a trial, its run folder, why it failed, and who works on it."""


UNDER_WAY: set[str] = set()
"""The tasks of trials that this process works on."""


class StorageError(RunError):
    """The storage of a sweep does not answer, or is damaged."""


@dataclass(frozen=True)
class Trial:
    """One trial of a sweep.

    Attributes:
        number: From 0. Where a trial was interrupted and done again, a number is left out.
        state: "complete"; "pruned", stopped early since others were better after the same epoch; "failed"; "running".
        settings: The settings of the space that were drawn for it.
        val_loss: Validation loss of the kept epoch, or of a pruned trial's last epoch; None if there is none.
        result: ``val_accuracy``, ``epochs``, ``seconds``, ``parameters``, as far as they are known.
        run: Name of its run folder.
        why: Why it failed or was stopped; None otherwise.
        frozen: Optuna's own record.
    """

    number: int
    state: Literal["complete", "pruned", "failed", "running"]
    settings: Mapping[str, Any]
    val_loss: float | None
    result: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    run: str = ""
    why: str | None = None
    frozen: Any = field(default=None, repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """Whether nobody works on it any more."""
        return self.state != "running"


def require_optuna() -> None:
    """Check that Optuna is installed, and keep it from printing.

    Raises:
        UsageError: It is not.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import optuna
    except ImportError as error:
        raise UsageError(
            f"sweeps need Optuna: no module {error.name or 'optuna'}", hint=install_hint("sweep")
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)


class Study:
    """The study of a sweep. Whatever its storage raises becomes one `StorageError`, without its address.

    Args:
        folder: The sweep's folder, for Optuna's journal.
        storage: Address of another storage of Optuna; None for the journal.
        name: Name of the study.
        digest: Of what the sweep is, to make the study if it is not there yet; None to look at one that is.

    Raises:
        UsageError: Optuna is not installed, or the study is of another sweep.
        UnknownNameError: There is no journal.
        StorageError: The storage does not answer or is damaged.
    """

    def __init__(self, folder: Path, storage: str | None, *, name: str, digest: str | None = None) -> None:
        require_optuna()
        import optuna
        from optuna.storages import RDBStorage

        self._address, self._kept = storage, None
        with in_one_line(storage):
            kept = _journal(folder / JOURNAL, makes=digest is not None) if storage is None else RDBStorage(storage)
            self._kept = None if storage is None else kept
            if digest is None:
                self._study = optuna.load_study(storage=kept, study_name=name)
                return
            self._study = optuna.create_study(storage=kept, study_name=name, load_if_exists=True)
            if SWEEP not in self._study.user_attrs:
                self._study.set_user_attr(SWEEP, digest)
            if self._study.user_attrs[SWEEP] != digest:
                self.close()
                raise UsageError(
                    f'the storage already has a sweep "{name}" with other data, space, settings or seed',
                    hint=Hint("begin another sweep with {}", name=...),
                )

    def __enter__(self) -> "Study":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back the connections to a database."""
        if self._kept is not None:
            self._kept.remove_session()
            self._kept.engine.dispose()

    def trials(self) -> list[Trial]:
        """The trials by number, without those that were interrupted and are done again."""
        with in_one_line(self._address):
            return [
                record_of(trial)
                for trial in self._study.get_trials(deepcopy=False)
                if trial.state.name != "WAITING" and (trial.state.name != "FAIL" or WHY in trial.user_attrs)
            ]

    def ask(
        self,
        space: Space,
        *,
        place: int,
        task: str,
        default: Mapping[str, Any],
        seed: int,
        epochs: int,
        trials: int,
    ) -> "tuple[AskedTrial, dict[str, Any]]":
        """Take the next trial: one that was interrupted, or a new one; and the settings that were drawn for it.

        Args:
            space: What settings are drawn from.
            place: How many trials ended or were begun before; 0 has the settings of the recipe.
            task: What this is done for, see `give_back_lost`.
            default: The settings of the recipe. Where one of them is outside the space, none counts for the search.
            seed: Random seed of the sweep.
            epochs: Epochs of a trial that is not stopped early.
            trials: Trials of the sweep; in a small one, none is stopped early.

        Source:
            Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization"; Li et al. 2020, "A System for Massively
            Parallel Hyperparameter Tuning", MLSys.
        """
        from optuna.pruners import NopPruner, SuccessiveHalvingPruner
        from optuna.samplers import TPESampler

        study, first = self._study, max(1, round(epochs / FACTOR**2))
        halving = SuccessiveHalvingPruner(min_resource=first, reduction_factor=FACTOR)
        study.pruner = halving if trials >= FACTOR**2 else NopPruner()
        # each trial may be drawn by another process: with one seed, all of these would draw the same
        study.sampler = TPESampler(seed=int(np.random.SeedSequence([seed, place]).generate_state(1)[0]))
        names = [name for name in space if has_effect(name, default)]
        is_inside = all(name in default and space[name].holds(default[name]) for name in names)
        with in_one_line(self._address):
            waits = any(trial.state.name == "WAITING" for trial in study.get_trials(deepcopy=False))
            if place == 0 and is_inside and not waits:
                study.enqueue_trial({name: _encoded(default[name]) for name in names})
            trial, settings = study.ask(), dict[str, Any]()
            trial.set_user_attr(PROCESS, ProcessRecord.current().model_dump())
            trial.set_user_attr(TASK, task)
            for name, values in space.items() if place or is_inside else ():
                if has_effect(name, {"optimizer": default.get("optimizer")} | settings):
                    settings[name] = _decoded(_suggested(trial, name, values))
        return trial, settings

    def is_worse(self, trial: "AskedTrial", val_loss: float, *, epoch: int) -> bool:
        """Keep the validation loss of an epoch of a trial; whether others are so much better that it may stop."""
        with in_one_line(self._address):
            trial.report(val_loss, step=epoch)
            return trial.should_prune()

    def tell(
        self, trial: "AskedTrial", state: str, value: float | None = None, *, why: str | None = None, **told: Any
    ) -> Trial:
        """Say how a trial ended, and return it as a record.

        Args:
            trial: The trial.
            state: "COMPLETE", "PRUNED" or "FAIL".
            value: The validation loss of a complete trial.
            why: Why it did not complete.
            told: What `Trial.result` holds.
        """
        from optuna.trial import TrialState

        with in_one_line(self._address):
            trial.set_user_attr("result", told)
            if why:
                trial.set_user_attr(WHY, why)
            return record_of(self._study.tell(trial.number, value, state=TrialState[state], skip_if_finished=True))

    def give_back_lost(self, *, task: str | None = None) -> None:
        """Let trials be done again whose process is gone, or that an earlier worker did for the same task."""
        with in_one_line(self._address):
            for trial in self._study.get_trials(deepcopy=False):
                if trial.state.name == "RUNNING" and (_is_gone(trial) or (task and trial.user_attrs.get(TASK) == task)):
                    self.give_back(trial)

    def give_back(self, trial: "FrozenTrial | AskedTrial") -> None:
        """Let a trial that was interrupted be done again, with its settings and in its run folder."""
        from optuna.trial import TrialState

        with in_one_line(self._address):
            self._study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            self._study.enqueue_trial(dict(trial.params), user_attrs={RUN: run_of(trial)})


@contextlib.contextmanager
def in_one_line(address: str | None) -> Generator[None]:
    """Turn whatever a storage that is damaged or does not answer raises into one line, without its address."""
    try:
        yield
    except (CutawayError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - of whatever the storage is
        words = str(error.__cause__ or error).strip().partition("\n")[0]
        # where a password has an "@", drivers take what follows for the host, and name it
        password = (address or "").partition("://")[2].rpartition("@")[0].partition(":")[2]
        for secret in filter(None, (address, *password.split("@"))):
            words = words.replace(secret, "...")
        raise StorageError(
            "the storage of the sweep does not answer or is damaged",
            got=f"{type(error).__name__}: {words:.200}",
            hint="check it, then make the same call again: trials that ended are kept, and one under way is done again",
        ) from None


def _journal(path: Path, *, makes: bool) -> Any:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    check_no_link(path)
    check_regular(path)
    if not makes and not path.is_file():
        raise UnknownNameError(
            f"no {JOURNAL} in {path.parent}",
            hint="name the storage of the sweep with --storage, or begin it again: cutaway sweep DATA",
        )
    lock = JournalFileOpenLock(str(path)) if sys.platform == "win32" else None
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


def record_of(trial: "FrozenTrial") -> Trial:
    """A trial as a record; what a stranger's storage holds in place of a number is left out."""
    states: dict[str, Any] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
    told: Any = trial.user_attrs.get("result")
    told = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    why = trial.user_attrs.get(WHY)
    return Trial(
        number=trial.number,
        state=states.get(trial.state.name, "running"),
        settings={name: _decoded(value) for name, value in trial.params.items()},
        val_loss=_number(trial.values[0]) if trial.values else None,
        result={name: _number(told[name]) for name in MEASURES if name in told},
        run=run_of(trial),
        why=str(why) if why else None,
        frozen=trial,
    )


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def run_of(trial: "FrozenTrial | AskedTrial") -> str:
    """The name of a trial's run folder; a storage from a stranger can name no other place."""
    name = trial.user_attrs.get(RUN)
    if isinstance(name, str) and name not in ("", "..") and PurePath(name).name == name:
        return name
    return f"trial-{trial.number:04d}"


def _is_gone(trial: "FrozenTrial") -> bool:
    """Whether a trial without a recorded end has no worker any more."""
    try:
        process = ProcessRecord.model_validate(trial.user_attrs.get(PROCESS))
    except ValueError:  # not recorded yet, or a stranger's
        return False
    is_ours = process == ProcessRecord.current()
    return process.alive is False or (is_ours and trial.user_attrs.get(TASK) not in UNDER_WAY)


def importance_of_settings(trials: Sequence[Trial]) -> dict[str, float]:
    """How much each setting explains of the differences in validation loss, by `optuna.importance`.

    Returns:
        Setting -> its share, the largest first; empty where fewer than 8 trials completed. Settings that not all trials
        have, such as the momentum of one optimizer, are left out.

    Source:
        Hutter et al. 2014, "An Efficient Approach for Assessing Hyperparameter Importance", ICML (fANOVA).
    """
    complete = [trial.frozen for trial in trials if trial.state == "complete" and trial.settings]
    if len(complete) < LEAST:
        return {}
    require_optuna()
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    study = optuna.create_study()
    study.add_trials(complete)
    try:
        return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    except (ValueError, RuntimeError):  # every trial has the same loss, or no setting varies
        return {}


def _suggested(trial: Any, name: str, values: Range | Choices) -> Any:
    if isinstance(values, Choices):
        return trial.suggest_categorical(name, [_encoded(value) for value in values.values])
    if name in WHOLE:
        return trial.suggest_int(name, int(values.low), int(values.high), log=values.log, step=int(values.step or 1))
    return trial.suggest_float(name, values.low, values.high, log=values.log, step=values.step)


def _encoded(value: Any) -> Any:
    """A value as Optuna keeps it: the units of hidden layers as text."""
    return ",".join(map(str, cast("tuple[int, ...]", value))) if isinstance(value, tuple) else value


def _decoded(value: Any) -> Any:
    """A value as users write it."""
    if value == "":
        return ()
    parts = value.split(",") if isinstance(value, str) else []
    return tuple(map(int, parts)) if parts and all(part.isdecimal() for part in parts) else value
