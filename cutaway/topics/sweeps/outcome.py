"""What came of a sweep: its trials, the best of them, and what choosing was worth."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from cutaway.api.opening import open_run
from cutaway.api.run import Run
from cutaway.data import Dataset, Table
from cutaway.errors import CutawayError, RunError, UsageError, printable
from cutaway.execution import Importance, Space, SweepStudy, Trial, importance_of_settings, read_space
from cutaway.metrics import Selection
from cutaway.models import FORM
from cutaway.results.table import Table as ShownTable
from cutaway.results.table import column
from cutaway.results.units import COUNT, TEXT, Unit, decimals, percent, share

from .gain import measure_gain
from .manifest import SweepManifest
from .material import resolved
from .worker import best_of

COSTS = ("parameters", "seconds")

NUMBERS = ("val_loss", "val_accuracy", "epochs", "seconds", "parameters")


def _state(state: str) -> str:
    return {"complete": "completed", "pruned": "stopped early"}.get(state, state)


TRIALS = (
    column("trial", "Trial", Unit("whole number", str), "Its number; trial 0 has the settings of the recipe."),
    column(
        "state",
        "State",
        Unit("name", _state, right=False),
        "Completed (complete), stopped early (pruned), failed or running.",
    ),
    column("val_loss", "Val loss", decimals(4), "Validation loss, of a trial that was stopped early its last one."),
    column("val_accuracy", "Val accuracy", share(), "Share of the validation samples that is predicted correctly."),
    column("epochs", "Epochs", COUNT, "Epochs that were trained."),
    column("seconds", "Seconds", decimals(1), "Seconds of the training."),
    column("parameters", "Parameters", COUNT, "Values in the weights."),
    column("settings", "Settings", TEXT, "The settings that were drawn; a DataFrame has a column for each."),
)
"""Trials of a sweep."""


@dataclass(frozen=True)
class SweepOutcome:
    """What came of a sweep: its trials, the best one, what choosing was worth, and which settings mattered.

    Attributes:
        folder: Its folder, with a run folder for each trial.
        manifest: What its sweep.json says.
        trials: The trials, by number; trial 0 has the settings of the recipe.
        total: How many trials there will be.
    """

    folder: Path
    manifest: SweepManifest = field(repr=False)
    trials: tuple[Trial, ...] = field(repr=False)
    total: int
    loaded: Dataset | Table | None = field(default=None, repr=False, compare=False)

    @classmethod
    def read(
        cls, study: SweepStudy, folder: Path, manifest: SweepManifest, *, loaded: Dataset | Table | None = None
    ) -> Self:
        """Read all trials of a study.

        Raises:
            RunError: The storage is damaged, or a trial has settings that are not of the sweep.
        """
        trials, space = tuple(study.trials()), read_space(manifest.space).settings
        for trial in trials:
            for name, value in trial.settings.items():
                if name not in space or not space[name].holds(value):
                    raise RunError(
                        "the trials of a sweep have settings of its space",
                        got=f'"{printable(str(name), 60)}" = {printable(repr(value), 60)} of trial {trial.number}',
                        hint="restore its journal and sweep.json from a copy, or begin another sweep",
                    )
        return cls(folder, manifest, trials, study.total, loaded)

    def line(self) -> str:
        """A one-line summary."""
        ended = sum(trial.ended for trial in self.trials)
        states = {"pruned": "stopped early", "failed": "failed", "running": "running"}
        words = [f"{self.count(state)} {word}" for state, word in states.items() if self.count(state)]
        said = f" ({', '.join(words)})" if words else ""
        best, first = self.best_trial, self.trials[0] if self.trials else None
        line = f'Sweep "{self.manifest.name}": {ended} of {self.total} trials{said}'
        if best is not None:
            accuracy = best.result.get("val_accuracy")
            line += f", best trial {best.number} with val_loss {best.val_loss:.4f}"
            line += "" if accuracy is None else f" and val_accuracy {percent(accuracy)}"
            if first is not None and first is not best and first.val_loss is not None and first.state == "complete":
                line += f", default recipe {first.val_loss:.4f}"
        return line

    def __repr__(self) -> str:
        return f"<{self.line()}>"

    def count(self, state: str) -> int:
        """The number of trials in a state."""
        return sum(trial.state == state for trial in self.trials)

    @property
    def space(self) -> Space:
        """The settings that are tried."""
        return read_space(self.manifest.space)

    @property
    def best_trial(self) -> Trial | None:
        """The trial with the lowest validation loss among those that were not stopped early; None where none ended."""
        return best_of(self.trials)

    @property
    def best(self) -> Run:
        """The run of the best trial.

        Raises:
            UsageError: No trial ended yet.
            UnknownNameError: Its run folder is on another machine.
        """
        return self.run(self.best_or_raise().number)

    def run(self, number: int) -> Run:
        """The run of a trial.

        Raises:
            UsageError: There is no such trial, or it has no run.
            UnknownNameError: Its run folder is on another machine.
        """
        trial = next((each for each in self.trials if each.number == number), None)
        if trial is None or trial.run is None:
            raise UsageError(
                f"trials of this sweep are numbered from 0 to {len(self.trials) - 1}, and each has a run once it began",
                got=repr(number),
                hint="choose one with a run in to_pandas()",
            )
        run = open_run(self.folder / trial.run)
        if self.loaded is not None:
            run = open_run(self.folder / trial.run, data=self.loaded)
        return run

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the best trial that `cutaway.train` and `cutaway.mlp` need, those of the recipe left out.

        Raises:
            UsageError: No trial ended yet.
        """
        return self.settings_of(self.best_or_raise())

    def settings_of(self, trial: Trial) -> dict[str, Any]:
        """As `settings`, of any trial."""
        default, fixed = self.manifest.default, self.manifest.fixed
        wanted = resolved(trial.settings, default)
        form = {name: wanted.pop(name) for name in FORM}
        # the recipe's number of epochs follows the batch size, and would be another one
        kept = {"epochs": default["epochs"]} if "batch_size" in wanted else {}
        given = {**fixed.settings, **kept, **wanted}
        return {**form, **given, "seed": self.manifest.seed}

    @cached_property
    def _gain(self) -> "Selection | str":
        try:
            return measure_gain(self.folder, self.trials, self.manifest, loaded=self.loaded)
        except CutawayError as error:
            return f"{error.rule}; got {error.got}"

    @property
    def gain(self) -> Selection | None:
        """What choosing was worth against the default recipe; None where that cannot be measured.

        The loss of the best trial is optimistic, because it was chosen by it: ``gain.loss.corrected`` is what is to be
        expected, ``gain.loss.optimism`` the difference, and ``gain.loss.gain`` how much better than trial 0 that is.

        Source:
            Tsamardinos et al. 2018 (BBC-CV); see `cutaway.metrics.selection_gain`.
        """
        return None if isinstance(self._gain, str) else self._gain

    @property
    def no_gain(self) -> str | None:
        """Why `gain` is None."""
        return self._gain if isinstance(self._gain, str) else None

    def importance(self) -> dict[str, float]:
        """How much each setting decides whether a trial is among the best quarter: shares that sum to 1.

        Empty where fewer than 8 trials ended. `importance_p_values` says which of it is more than chance.

        Source:
            Watanabe et al. 2023, "PED-ANOVA"; see `cutaway.execution.importance_of_settings`.
        """
        return {name: found.share for name, found in self._importance.items()}

    def importance_p_values(self) -> dict[str, float]:
        """How often chance alone gives a setting at least its importance, in 0..1, by shuffling the losses 99 times.

        Empty where fewer than 8 trials ended. In a sweep of 30 trials some setting often has a share of half by chance.

        Source:
            Phipson and Smyth 2010, "Permutation P-values Should Never Be Zero", eq. 2.
        """
        return {name: found.p_value for name, found in self._importance.items()}

    @cached_property
    def _importance(self) -> dict[str, Importance]:
        return importance_of_settings(self.trials, self.space)

    def frontier(self, cost: str = "parameters") -> tuple[Trial, ...]:
        """The trials than which none is more accurate on validation samples and costs no more, the cheapest first.

        Args:
            cost: "parameters", or "seconds" of training.

        Raises:
            UsageError: It is another one.
        """
        check_cost(cost)
        found, highest = list[Trial](), float("-inf")
        for trial in sorted(costed(self.trials, cost), key=lambda t: (t.result[cost], -t.result["val_accuracy"])):
            if trial.result["val_accuracy"] > highest:
                found.append(trial)
                highest = trial.result["val_accuracy"]
        return tuple(found)

    def best_or_raise(self) -> Trial:
        """The best trial.

        Raises:
            UsageError: No trial ended yet.
        """
        best = self.best_trial
        if best is None:
            raise UsageError(
                "the best trial is one that ended",
                got=f"{self.count('failed')} failed and {self.count('pruned')} stopped early of {len(self.trials)}",
                hint="continue the sweep",
            )
        return best


def row_of(trial: Trial, space: Space) -> dict[str, Any]:
    """A trial as a row: None where a setting was not drawn, or nothing is known."""
    result = trial.result
    drawn: Mapping[str, Any] = trial.settings
    return {
        "trial": trial.number,
        "state": trial.state,
        "val_loss": trial.val_loss,
        "val_accuracy": result.get("val_accuracy"),
        "epochs": result.get("epochs"),
        "seconds": result.get("seconds"),
        "parameters": result.get("parameters"),
        **{name: drawn.get(name) for name in space.settings},
        "run": trial.run,
        "why": trial.why,
    }


def in_order(trials: Iterable[Trial]) -> list[Trial]:
    """The trials, the best first; those that did not run to their end come last."""
    return sorted(trials, key=lambda t: (t.state != "complete", t.val_loss is None, t.val_loss or 0.0, t.number))


def trials_table(trials: Sequence[Trial], space: Space, *, title: str = "") -> ShownTable:
    """Trials as people read them, in the order in which they come."""
    rows = [
        {name: _number(value) for name, value in row_of(trial, space).items() if name in NUMBERS}
        | {"trial": trial.number, "state": trial.state, "settings": _settings(trial, space)}
        for trial in trials
    ]
    return ShownTable.of(TRIALS, rows, title=title)


def _number(value: Any) -> float | None:
    """A number that a worker wrote, on whatever machine; None for what is none."""
    return value if isinstance(value, int | float) else None


def _settings(trial: Trial, space: Space) -> str:
    drawn = (name for name in space.settings if name in trial.settings)
    words = ", ".join(f"{name.replace('_', ' ')} {written(trial.settings[name])}" for name in drawn)
    return words or "the default recipe"


def written(value: Any) -> str:
    """A value of a setting as text."""
    if isinstance(value, tuple | list):
        return "-".join(str(each) for each in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return f"{value:.3g}" if isinstance(value, float) else printable(str(value), 40)


def costed(trials: tuple[Trial, ...], cost: str) -> list[Trial]:
    """The trials that ended with an accuracy and a cost."""
    known = ("val_accuracy", cost)
    return [t for t in trials if t.state == "complete" and all(isinstance(t.result.get(n), int | float) for n in known)]


def check_cost(cost: str) -> None:
    """Check the name of a cost.

    Raises:
        UsageError: There is no such cost.
    """
    if cost not in COSTS:
        raise UsageError(f"cost is one of {', '.join(COSTS)}", got=repr(cost), hint='pass cost="parameters"')
