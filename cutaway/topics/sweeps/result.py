"""`Sweep`, what a user holds, and its trials as people read them."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np

from cutaway._lazy import public
from cutaway.api.opening import open_run
from cutaway.api.run import Run
from cutaway.api.train import mlp, train
from cutaway.data import Dataset, load_again, origin_options
from cutaway.data import Table as LoadedTable
from cutaway.errors import DataError, RunError, UsageError, printable
from cutaway.models import FORM
from cutaway.options import typed_options
from cutaway.page import Page, Section, Text, render
from cutaway.page import Table as PageTable
from cutaway.plots import Panel, Series
from cutaway.results.plain import plain
from cutaway.results.progress import ProgressOption
from cutaway.results.result import Result
from cutaway.results.table import Column, Table, value
from cutaway.results.units import COUNT, TEXT, Unit, decimals, share
from cutaway.results.written import WrittenFile, output_path, write_html
from cutaway.runs import RUNS
from cutaway.training import RECIPES
from cutaway.words import cut, percent, shown

from .manifest import SweepManifest
from .space import Space, read_space
from .study import MEASURES, Trial, importance_of_settings
from .trials import resolved, settings_of

BEST = 5
"""Trials that people read in a terminal."""

SHOWN = 200
"""Trials in the table of the page at most: the best ones."""

RARE = ("batch_norm", "ensemble")
"""Settings of a model that a command names only if they differ from the recipe."""

STATES = {"complete": "completed", "pruned": "stopped early"}
"""States in other words, where people read others than programs."""


def _state(state: str) -> str:
    return STATES.get(state, state)


@dataclass(frozen=True)
class TrialRow:
    """A trial as a row."""

    trial: int = value("Trial", Unit("whole number", str), "Its number; trial 0 has the settings of the recipe.")
    state: str = value(
        "State",
        Unit("name", _state, right=False),
        "Completed (complete), stopped early (pruned), failed or running.",
    )
    val_loss: float | None = value(
        "Val loss", decimals(4), "Validation loss, of a trial that was stopped early its last one."
    )
    val_accuracy: float | None = value(
        "Val accuracy", share(), "Share of the validation samples that is predicted correctly."
    )
    epochs: int | None = value("Epochs", COUNT, "Epochs that were trained.")
    seconds: float | None = value("Seconds", decimals(1), "Seconds of the training.")
    parameters: int | None = value("Parameters", COUNT, "Values in the weights.")
    settings: str = value("Settings", TEXT, "The settings that were drawn; a DataFrame has a column for each.")


@public
@dataclass(frozen=True, repr=False)
class Sweep(Result):
    """Trials of settings. The best one is chosen on validation samples; no trial uses the test samples.

    Attributes:
        folder: Its folder, with a run folder for each trial.
        manifest: What its sweep.json says.
        trials: The trials, by number; trial 0 has the settings of the recipe.
        loaded: Its data, if they are in memory.
    """

    folder: Path
    manifest: SweepManifest
    trials: tuple[Trial, ...]
    loaded: Dataset | LoadedTable | None = field(default=None, compare=False)

    @classmethod
    def checked(
        cls, folder: Path, manifest: SweepManifest, trials: Sequence[Trial], loaded: Dataset | LoadedTable | None
    ) -> Self:
        """A sweep, whose storage may come from a stranger.

        Raises:
            RunError: A trial has settings that are not of the sweep.
        """
        space = read_space(manifest.space)
        for trial in trials:
            for name, drawn in trial.settings.items():
                if name not in space or not space[name].holds(drawn):
                    raise RunError(
                        f"trial {trial.number} has a setting that is not in its sweep: "
                        f'"{printable(str(name), 60)}" = {printable(shown(drawn), 60)}',
                        hint="restore its storage and sweep.json from a copy, or begin another sweep",
                    )
        return cls(folder, manifest, tuple(trials), loaded)

    def line(self) -> str:
        """A one-line summary."""
        ended = sum(trial.ended for trial in self.trials)
        states = {"pruned": "stopped early", "failed": "failed", "running": "running"}
        words = [f"{self.count(state)} {word}" for state, word in states.items() if self.count(state)]
        said = f" ({', '.join(words)})" if words else ""
        best = self.best_trial
        line = f'Sweep "{self.manifest.name}": {ended} of {self.total} trials{said}'
        return line if best is None else f"{line}, best trial {best.number} with {measures(best)}"

    @property
    def total(self) -> int:
        """How many trials there will be."""
        return self.manifest.trials

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
        return self.run(self._best_or_raise().number)

    def run(self, number: int) -> Run:
        """The run of a trial.

        Raises:
            UsageError: There is no such trial.
            UnknownNameError: Its run folder is on another machine, or it has none.
        """
        trial = next((each for each in self.trials if each.number == number), None)
        if trial is None:
            raise UsageError(f"no such trial in this sweep: {shown(number)}", hint="choose one of to_pandas()")
        return open_run(self.folder / trial.run, data=self.loaded)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the best trial that `cutaway.train` and `cutaway.mlp` need, without the recipe's own.

        Raises:
            UsageError: No trial ended yet.
        """
        return self.settings_of(self._best_or_raise())

    def settings_of(self, trial: Trial) -> dict[str, Any]:
        """As `settings`, of any trial."""
        default, fixed = self.manifest.default, self.manifest.fixed
        wanted = resolved(trial.settings, default)
        form = {name: wanted.pop(name) for name in FORM}
        # the recipe's number of epochs follows the batch size, and would be another one
        kept = {"epochs": default["epochs"]} if "batch_size" in wanted else {}
        given = {**fixed.settings, **kept, **wanted}
        return {**form, **given, "seed": self.manifest.seed}

    def importance(self) -> dict[str, float]:
        """How much each setting explains of the differences in validation loss: shares, the largest first.

        Empty where fewer than 8 trials completed. With few trials, much of it is chance.

        Source:
            `optuna.importance`; see `importance_of_settings`.
        """
        return dict(self._importance)

    @cached_property
    def _importance(self) -> dict[str, float]:
        return importance_of_settings(self.trials)

    @property
    def command(self) -> str | None:
        """The command that trains the chosen settings with the test samples.

        None for data that came from arrays, and where a function of the user changed images.
        """
        fixed, origin = self.manifest.fixed, dict[str, str](self.manifest.data.get("origin") or {})
        where = origin.get("name") or origin.get("path")
        if self.best_trial is None or not where:
            return None
        settings = {**origin_options(origin), **self.settings}
        if "function=" in str(settings.get("augment")):
            return None
        if fixed.recipe != "default":
            settings = {"recipe": fixed.recipe, **settings}
        if (weights := fixed.class_weight) is not None:
            is_text = isinstance(weights, str)
            settings["class_weight"] = weights if is_text else ",".join(f"{k}={v:g}" for k, v in weights.items())
        # the name that the user gave: "default" may mean a recipe of another form for these data
        form = asdict(RECIPES[fixed.recipe].form) if fixed.recipe in RECIPES else {}
        asked = {*fixed.form(), *self.manifest.space} if fixed.recipe == "default" else set[str]()
        rare = {name for name in RARE if name not in asked and name in settings and settings[name] == form.get(name)}
        typed = typed_options({name: value for name, value in settings.items() if name not in rare})
        return shlex.join(["cutaway", "train", where, *typed])

    def train_best(self, *, runs: str | Path = RUNS, name: str | None = None, progress: ProgressOption = True) -> Run:
        """Train the settings of the best trial again, this time with the test samples, which were used for no choice.

        The weights equal the trial's, byte for byte on the same machine, versions and thread count.

        Args:
            runs: Folder to make the run folder in.
            name: See `cutaway.train`.
            progress: See `cutaway.train`.

        Raises:
            UsageError: No trial ended yet.
            DataError: The data cannot be loaded again.
        """
        wanted, fixed = self.settings, self.manifest.fixed
        loaded = _load(self.manifest) if self.loaded is None else self.loaded
        model = mlp(**{name: wanted.pop(name) for name in FORM})
        weights = settings_of(fixed, self.manifest.seed)["class_weight"]
        return train(
            model,
            loaded,
            recipe=fixed.recipe,
            class_weight=weights,
            runs=runs,
            name=name,
            progress=progress,
            **wanted,
        )

    def table(self) -> Table:
        """One row for each trial: its settings, validation measures, cost and run."""
        rows = trials_table(self.trials)
        more = {name: [trial.settings.get(name) for trial in self.trials] for name in self.space}
        more |= {name: [getattr(trial, name) for trial in self.trials] for name in ("run", "why")}
        columns = (*rows.without("Settings").columns, *(Column((name,), name, TEXT, "Of the trial.") for name in more))
        return Table(columns, {**rows.values, **more})

    def tables(self) -> tuple[Table, ...]:
        """The best trials."""
        complete = [trial for trial in in_order(self.trials) if trial.state == "complete"]
        return (trials_table(complete[:BEST], title="The best trials").without("State", "Epochs"),)

    def notes(self) -> tuple[str, ...]:
        """What the best trial reached, and which settings mattered."""
        best, first = self.best_trial, next((trial for trial in self.trials if trial.number == 0), None)
        if best is None:
            return ("No trial completed, so none is chosen.",)
        said = f"Trial {best.number} has the lowest validation loss: {measures(best)}."
        if first is not None and first is not best and first.state == "complete":
            said += f" The default recipe, trial 0, has {measures(first)}."
        said += " The lowest of many losses is partly luck: test the chosen settings once, by training them again."
        shares = ", ".join(f"{name} {percent(part, 0)}" for name, part in self.importance().items())
        return (said, f"Importance of settings: {shares}.") if shares else (said,)

    def panels(self) -> Sequence[Panel]:
        """The validation loss of each trial."""
        found = [trial for trial in self.trials if trial.val_loss is not None and trial.ended]
        series = [
            Series(
                name,
                np.array([trial.number for trial in found if trial.state == state]),
                np.array([trial.val_loss for trial in found if trial.state == state], float),
                color=color,
                points=True,
                line=False,
            )
            for color, (state, name) in enumerate((("complete", "completed"), ("pruned", "stopped early")))
            if any(trial.state == state for trial in found)
        ]
        return [Panel("Validation loss by trial", "trial", "validation loss", series)] if series else []

    def to_json(self, *, report: str | None = None) -> dict[str, Any]:
        """What ``cutaway sweep --json`` answers.

        Args:
            report: The path of its page, if one was written.
        """
        best, manifest, rows = self.best_trial, self.manifest, self.table().records()
        chosen = None if best is None else next(row for row in rows if row["trial"] == best.number)
        return plain(
            {
                "sweep": str(self.folder),
                "name": manifest.name,
                "data": manifest.data,
                "space": manifest.space,
                "fixed": manifest.fixed.given(),
                "default": manifest.default,
                "seed": manifest.seed,
                "total": self.total,
                "best": None if chosen is None else {**chosen, "settings": self.settings},
                "importance": self.importance(),
                "trials": rows,
                "train": self.command,
                "report": report,
            }
        )

    def report(self, path: str | Path | None = None) -> Path:
        """Write the sweep as one HTML file that works from disk without a network.

        Args:
            path: The file; report.html in the sweep's folder if None.

        Raises:
            UsageError: It cannot be written.
        """
        manifest, importance = self.manifest, self.importance()
        rows = trials_table(in_order(self.trials)).texts()
        first, left_out = cut(rows, SHOWN)
        again = () if self.command is None else (f"To train the chosen settings and test them once: {self.command}",)
        sections: list[Section] = [
            Text(name="answer", title="The best settings", paragraphs=(*self.notes(), *again)),
            PageTable(
                name="importance",
                title="Importance of settings",
                rows=tuple({"Setting": name, "Importance": percent(part, 1)} for name, part in importance.items()),
                caption="Share of the differences in validation loss that a setting explains; of few trials, much is "
                "chance.",
            ),
            PageTable(
                name="table",
                title="Trials, the best first",
                rows=tuple(first),
                caption=f"{left_out:,} more trials are left out; Sweep.to_pandas() has all." if left_out else "",
                long="Settings",
                spare=("State", "Epochs", "Seconds", "Parameters"),
            ),
        ]
        page = Page(
            title=f"Sweep {manifest.name}",
            subtitle=f"{len(rows)} of {manifest.trials} trials of {', '.join(manifest.space)} on "
            f"{manifest.data.get('name')}, with seed {manifest.seed}",
            sections=tuple(each for each in sections if importance or each.name != "importance"),
            footer=f"Made by cutaway {version('cutaway')}.",
        )
        target = output_path(path, folder=self.folder)
        write_html(target, render(page))
        return WrittenFile(target)

    def _best_or_raise(self) -> Trial:
        if (best := self.best_trial) is None:
            raise UsageError(
                "no trial completed",
                got=f"{self.count('failed')} failed and {self.count('pruned')} stopped early of {len(self.trials)}",
                hint="continue the sweep",
            )
        return best


def _load(manifest: SweepManifest) -> Dataset | LoadedTable:
    """The data of a sweep, loaded from their old place.

    Raises:
        UsageError, DataError: See `cutaway.load_dataset`; or they were arrays.
    """
    origin = dict(manifest.data.get("origin") or {})
    if origin.get("kind") == "arrays":
        raise DataError(
            f'the data of this sweep, "{manifest.data.get("name")}", came from arrays, which its folder does not keep',
            hint="call cutaway.sweep again with the same arguments: its result has them",
        )
    return load_again(origin)


def best_of(trials: Iterable[Trial]) -> Trial | None:
    """The trial with the lowest validation loss among those that were not stopped early; None if there is none."""
    complete = [trial for trial in trials if trial.state == "complete" and trial.val_loss is not None]
    return min(complete, key=lambda trial: (trial.val_loss or 0.0, trial.number), default=None)


def measures(trial: Trial) -> str:
    """The loss and the accuracy of a trial in words."""
    accuracy = trial.result.get("val_accuracy")
    loss = "no val_loss" if trial.val_loss is None else f"val_loss {trial.val_loss:.4f}"
    return loss + ("" if accuracy is None else f" and val_accuracy {percent(accuracy)}")


def in_order(trials: Iterable[Trial]) -> list[Trial]:
    """The trials, the best first; those that did not run to their end come last."""
    return sorted(trials, key=lambda t: (t.state != "complete", t.val_loss is None, t.val_loss or 0.0, t.number))


def trials_table(trials: Sequence[Trial], *, title: str = "") -> Table:
    """Trials as people read them, in the order of their arrival."""
    rows = [
        TrialRow(
            trial=trial.number,
            state=trial.state,
            val_loss=trial.val_loss,
            **{name: trial.result.get(name) for name in MEASURES},
            settings=", ".join(f"{name.replace('_', ' ')} {written(value)}" for name, value in trial.settings.items())
            or "the default recipe",
        )
        for trial in trials
    ]
    return Table.of(TrialRow, rows, title=title)


def written(value: Any) -> str:
    """A value of a setting as text."""
    if isinstance(value, tuple | list):
        return "-".join(str(each) for each in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return f"{value:.3g}" if isinstance(value, float) else printable(str(value), 40)
