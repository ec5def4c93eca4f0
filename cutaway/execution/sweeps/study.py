"""A study that any number of workers share: what to try next, what came of it, and whose process is gone."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cutaway.errors import RunError
from cutaway.runs import ProcessRecord

from .records import (
    AGAIN,
    BEAT,
    FAILURE,
    PROCESS,
    RESULT,
    SURPLUS,
    Trial,
    as_record,
    attempts,
    attribute,
    chains,
    is_retried,
    plain_name,
    run_of,
)
from .space import Choices, Range, Space
from .storage import find_study, quiet, storage_errors

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

BEAT_SECONDS = 15.0
"""Seconds between two heartbeats of a worker."""

STALE_SECONDS = 75.0
"""Seconds without a heartbeat after which a process of another machine counts as gone."""

MANIFEST_SECONDS = 5.0
"""Seconds that a worker waits for the one that made the study at the same moment."""

MANIFEST, TRIALS = "cutaway", "trials"


@dataclass(frozen=True)
class Asked:
    """A trial that a worker has taken.

    Attributes:
        number: Its number among those that count, from 0.
        settings: What was drawn for it.
        run: Name of the run folder of an earlier attempt, from which it goes on where that is possible; or None.
        handle: Optuna's own trial.
    """

    number: int
    settings: Mapping[str, Any]
    run: str | None
    handle: Any


class SweepStudy:
    """The trials of one sweep in a storage.

    Everything is derived from the list of Optuna's trials, so that workers need no lock between them; see `chains`.

    Args:
        storage: Where they are; see `open_storage`.
        name: Name of the study; the only one in the storage if None.
        manifest: What the sweep is, as plain data, to make the study; None to join one that is there.
        trials: How many trials; None for as many as before.

    Attributes:
        name: Name of the study.
        manifest: What the sweep is, as it was kept when the study was made.

    Raises:
        UnknownNameError: There is no such study.
        RunError: It is the study of somebody else, or the storage does not answer.
    """

    def __init__(
        self,
        storage: "BaseStorage",
        *,
        name: str | None = None,
        manifest: Mapping[str, Any] | None = None,
        trials: int | None = None,
    ) -> None:
        import optuna

        self._storage, self._seen = storage, dict[int, tuple[Any, float]]()
        self._taken = set[int]()
        with quiet(), storage_errors():
            try:
                if manifest is None:
                    raise optuna.exceptions.DuplicatedStudyError
                self._study = optuna.create_study(storage=storage, study_name=name, direction="minimize")
                self._study.set_user_attr(TRIALS, trials)
                self._study.set_user_attr(MANIFEST, dict(manifest))
            except optuna.exceptions.DuplicatedStudyError:
                self._study = optuna.load_study(storage=storage, study_name=find_study(storage, name))
                if trials is not None and trials != self._study.user_attrs.get(TRIALS):
                    self._study.set_user_attr(TRIALS, trials)
        self.name = self._study.study_name
        self.manifest = self._wait_for_manifest()

    def draw(self, space: Space, *, seed: int, default: Mapping[str, Any], epochs: int) -> None:
        """Say how settings are drawn from now on.

        Args:
            space: What they are drawn from.
            seed: Random seed.
            default: Settings of trial 0; where one of them is outside the space, none of them counts for the search.
            epochs: Epochs of a trial that is not stopped early.
        """
        from .sampling import RepeatableHalving, RepeatableTPE

        inside = all(
            name in default and values.holds(default[name])
            for name, values in space.settings.items()
            if space.has_effect(name, default)
        )
        self._space, self._optimizer = space, default.get("optimizer")
        self._default = {name: encoded(default[name]) for name in space.settings if name in default} if inside else None
        with quiet():
            self._study.sampler = RepeatableTPE(seed, number_of=self._number_of, default=self._default or {})
            self._study.pruner = RepeatableHalving(epochs)

    @property
    def total(self) -> int:
        """How many trials there will be."""
        with storage_errors():
            total = self._study.user_attrs.get(TRIALS)
        return total if isinstance(total, int) else 0

    def trials(self) -> list[Trial]:
        """The trials that count, by number."""
        found = chains(self._all())
        return [
            as_record(number, chain, {name: decoded(value) for name, value in chain[-1].params.items()})
            for number, chain in enumerate(found)
        ]

    def ask(self) -> Asked | None:
        """Take the next trial: one that is to be done again, or a new one; None where all are taken or done."""
        from optuna.trial import TrialState

        self._revive()
        waiting = any(trial.state == TrialState.WAITING for trial in self._all())
        if not waiting and len(chains(self._all())) >= self.total:
            return None
        with quiet(), storage_errors():
            trial = self._study.ask()
            trial.set_user_attr(PROCESS, ProcessRecord.current().model_dump())
        place = self._place(trial.number)
        if place is None or place >= self.total:
            self._discard(trial)
            return self.ask() if waiting else None
        self._taken.add(trial.number)
        with quiet(), storage_errors():
            settings = self._suggest(trial, place)
        run = plain_name(attribute(trial, AGAIN).get("run"))
        return Asked(place, settings, run, trial)

    def begin(self, asked: Asked, run: str) -> None:
        """Say which run folder a trial is in."""
        with storage_errors():
            asked.handle.set_user_attr("run", run)

    def report(self, asked: Asked, epoch: int, val_loss: float) -> bool:
        """Report the validation loss of an epoch, and return whether the trial is to be stopped early."""
        from .sampling import FEWEST

        with quiet(), storage_errors():
            asked.handle.report(val_loss, step=epoch)
            stops = asked.handle.should_prune()  # also notes the loss, for the case that trials are added
        return stops and self.total >= FEWEST

    def beat(self, asked: Asked) -> None:
        """Say that the worker is still there."""
        with storage_errors():
            asked.handle.set_user_attr(BEAT, round(time.time(), 1))

    def complete(self, asked: Asked, val_loss: float, result: Mapping[str, Any]) -> bool:
        """Tell the result of a trial; False where another worker has taken it for dead."""
        return self._tell(asked, "COMPLETE", {RESULT: dict(result)}, val_loss)

    def prune(self, asked: Asked, why: str, result: Mapping[str, Any]) -> bool:
        """Tell that a trial was stopped early; False as `complete`."""
        return self._tell(asked, "PRUNED", {RESULT: dict(result), FAILURE: {"kind": "pruned", "why": why}})

    def fail(self, asked: Asked, why: str, *, kind: str = "failed") -> bool:
        """Tell that a trial failed, or was stopped by the user (`kind` "stopped"); False as `complete`."""
        told = self._tell(asked, "FAIL", {FAILURE: {"kind": kind, "why": why}})
        self._revive()
        return told

    def _tell(self, asked: Asked, state: str, attributes: Mapping[str, Any], value: float | None = None) -> bool:
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        self._taken.discard(asked.handle.number)
        try:
            with quiet(), storage_errors():
                for name, attribute in attributes.items():
                    asked.handle.set_user_attr(name, attribute)
                self._study.tell(asked.handle.number, value, state=TrialState[state])
        except UpdateFinishedTrialError:
            return False
        return True

    def _all(self) -> "list[FrozenTrial]":
        with storage_errors():
            return self._study.get_trials(deepcopy=False)

    def _number_of(self, number: int) -> int:
        place = self._place(number)
        return number if place is None else place

    def _place(self, number: int) -> int | None:
        """The place of a trial among those that count, by Optuna's number; None for one that does not count."""
        found = chains(self._all())
        return next((place for place, chain in enumerate(found) if any(t.number == number for t in chain)), None)

    def _suggest(self, trial: Any, place: int) -> dict[str, Any]:
        """Draw the settings of a trial; those that have no effect beside the others are left out."""
        if place == 0 and self._default is None:
            return {}
        settings: dict[str, Any] = {}
        for name, values in self._space.settings.items():
            if self._space.has_effect(name, {"optimizer": self._optimizer} | settings):
                settings[name] = decoded(_suggested(trial, name, values))
        return settings

    def _discard(self, trial: Any) -> None:
        from optuna.trial import TrialState

        with quiet(), storage_errors():
            trial.set_user_attr(SURPLUS, True)
            self._study.tell(trial.number, state=TrialState.FAIL)

    def _revive(self) -> None:
        """Put trials that are to be done again into the queue: those that failed, and those whose process is gone."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        for chain in chains(self._all()):
            last = chain[-1]
            try:
                if last.state == TrialState.RUNNING and self._is_gone(last):
                    self._bury(last.number)
                elif last.state != TrialState.FAIL:
                    continue
            except UpdateFinishedTrialError:  # another worker was first
                pass
            self._again(last.number)

    def _bury(self, number: int) -> None:
        """Tell of a trial that its process died."""
        from optuna.trial import TrialState

        with storage_errors():
            study = self._storage.get_study_id_from_name(self.name)
            trial = self._storage.get_trial_id_from_study_id_trial_number(study, number)
            self._storage.set_trial_user_attr(trial, FAILURE, {"kind": "died", "why": "its process died"})
            self._storage.set_trial_state_values(trial, TrialState.FAIL)

    def _again(self, number: int) -> None:
        """Put a trial that failed into the queue, if it is to be done again and is not in it yet."""
        chain = next((c for c in chains(self._all()) if c[-1].number == number), None)
        if chain is None or not is_retried(chain[-1]):
            return
        last = chain[-1]
        counted = attempts(last) + (attribute(last, FAILURE).get("kind") != "stopped")
        run = next((name for trial in reversed(chain) if (name := run_of(trial))), None)
        with quiet(), storage_errors():
            self._study.enqueue_trial(
                dict(last.params), user_attrs={AGAIN: {"of": number, "attempts": counted, "run": run}}
            )

    def _is_gone(self, trial: "FrozenTrial") -> bool:
        """Whether nobody works on a running trial any more."""
        try:
            process = ProcessRecord.model_validate(trial.user_attrs.get(PROCESS))
        except ValidationError:
            process = None
        alive = None if process is None else process.alive
        if process == ProcessRecord.current():
            return trial.number not in self._taken
        if alive is not None:
            return not alive
        beat, now = trial.user_attrs.get(BEAT), time.monotonic()
        before = self._seen.get(trial.number)
        if before is None or before[0] != beat:
            self._seen[trial.number] = (beat, now)
            return False
        return now - before[1] > STALE_SECONDS

    def _wait_for_manifest(self) -> Mapping[str, Any]:
        deadline = time.monotonic() + MANIFEST_SECONDS
        while True:
            with storage_errors():
                manifest: Any = self._study.user_attrs.get(MANIFEST)
            if isinstance(manifest, dict):
                return manifest
            if time.monotonic() > deadline:
                raise RunError(
                    "a sweep is joined where cutaway began it",
                    got=f'the study "{self.name}" of another program',
                    hint="choose another name=, or another storage",
                )
            time.sleep(0.2)


def as_distribution(values: Range | Choices) -> "BaseDistribution":
    """The values of a setting as Optuna's distribution."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(values, Choices):
        return CategoricalDistribution([encoded(value) for value in values.values])
    if values.whole:
        return IntDistribution(int(values.low), int(values.high), log=values.log, step=int(values.step or 1))
    return FloatDistribution(values.low, values.high, log=values.log, step=values.step)


def _suggested(trial: Any, name: str, values: Range | Choices) -> Any:
    if isinstance(values, Choices):
        return trial.suggest_categorical(name, [encoded(value) for value in values.values])
    if values.whole:
        return trial.suggest_int(name, int(values.low), int(values.high), log=values.log, step=int(values.step or 1))
    return trial.suggest_float(name, values.low, values.high, log=values.log, step=values.step)


def encoded(value: Any) -> Any:
    """A value as Optuna keeps it: the units of hidden layers as text."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else value


def decoded(value: Any) -> Any:
    """A value as users write it."""
    if value == "":
        return ()
    parts = value.split(",") if isinstance(value, str) else []
    return tuple(map(int, parts)) if parts and all(part.isdecimal() for part in parts) else value
