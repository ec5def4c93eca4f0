"""`Sweep`, what a user holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway._lazy import public
from cutaway.api.run import Run
from cutaway.api.train import mlp, train
from cutaway.models import FORM
from cutaway.results.plain import plain
from cutaway.results.progress import ProgressOption
from cutaway.results.result import Result
from cutaway.results.table import Column, Table
from cutaway.results.units import TEXT
from cutaway.runs import RUNS

from .command import train_command
from .figures import draw
from .material import load
from .outcome import COSTS, NUMBERS, TRIALS, SweepOutcome, in_order, row_of, trials_table
from .page import write_page
from .words import verdict

if TYPE_CHECKING:
    from cutaway.plots import Figure

BEST = 5
"""Trials that people read."""


@public
class Sweep(SweepOutcome, Result):
    """Trials of settings, the best of which is chosen on validation samples; no trial uses the test samples.

    Attributes:
        folder: Its folder, with a run folder for each trial.
        manifest: What its sweep.json says.
        trials: The trials, by number; trial 0 has the settings of the recipe.
        total: How many trials there will be.
    """

    @property
    def command(self) -> str | None:
        """The command that trains the chosen settings with the test samples; None for data that came from arrays."""
        return train_command(self)

    def train_best(self, *, runs: str | Path = RUNS, name: str | None = None, progress: ProgressOption = True) -> Run:
        """Train the settings of the best trial again, this time with the test samples, by which nothing was chosen.

        The weights are those of the trial, byte for byte on the same machine, versions and thread count.

        Args:
            runs: Folder in which the run folder is made.
            name: See `cutaway.train`.
            progress: See `cutaway.train`.

        Raises:
            UsageError: No trial ended yet.
            DataError: The data cannot be loaded again.
        """
        loaded = load(self.manifest, None) if self.loaded is None else self.loaded
        wanted, fixed = self.settings, self.manifest.fixed
        model = mlp(**{name: wanted.pop(name) for name in FORM})
        per_class: Any = fixed.class_weight
        if isinstance(fixed.class_weight, dict):
            per_class = {int(number): weight for number, weight in fixed.class_weight.items()}
        return train(
            model,
            loaded,
            recipe=fixed.recipe,
            class_weight=per_class,
            runs=runs,
            name=name,
            progress=progress,
            **wanted,
        )

    def table(self) -> Table:
        """One row for each trial: its settings, validation measures, cost and run."""
        rows = [row_of(trial, self.space) for trial in self.trials]
        names = ["trial", "state", *NUMBERS, *self.space.settings, "run", "why"]
        declared = {name: each for each in TRIALS for name in each.names}
        columns = (declared.get(name) or Column((name,), name, TEXT, "Of the trial.") for name in names)
        return Table(tuple(columns), {name: [row[name] for row in rows] for name in names})

    def tables(self) -> tuple[Table, ...]:
        """The best trials."""
        complete = [
            trial for trial in in_order(self.trials) if trial.state == "complete" and trial.val_loss is not None
        ]
        best = trials_table(complete[:BEST], self.space, title="The best trials")
        return (best.without("State", "Epochs"),)

    def to_json(self, *, report: str | None = None) -> dict[str, Any]:
        """What ``cutaway sweep --json`` answers.

        Args:
            report: The path of its page, if one was written.
        """
        best, manifest = self.best_trial, self.manifest
        return plain(
            {
                "sweep": str(self.folder),
                "name": manifest.name,
                "data": manifest.data,
                "space": manifest.space,
                "fixed": manifest.fixed.given(),
                "default": manifest.default,
                "seed": manifest.seed,
                "storage": manifest.storage,
                "total": self.total,
                "best": None if best is None else {**row_of(best, self.space), "settings": self.settings},
                "gain": self.gain,
                "no_gain": self.no_gain,
                "verdict": verdict(self),
                "importance": self.importance(),
                "importance_p_values": self.importance_p_values(),
                "frontier": {cost: [t.number for t in self.frontier(cost)] for cost in COSTS},
                "trials": [{**row_of(trial, self.space), "attempts": trial.attempts} for trial in self.trials],
                "train": self.command,
                "report": report,
            }
        )

    def plot(self, kind: str = "trials", *, cost: str = "parameters") -> "Figure":
        """Draw the sweep as a matplotlib Figure.

        Args:
            kind: "trials", the validation loss of each and the best so far; "importance" of the settings; "parallel",
                a line per trial through all settings; or "frontier", accuracy against cost.
            cost: For the frontier: "parameters" or "seconds".

        Raises:
            UsageError: There is no such kind, or too few trials ended.
        """
        return draw(self, kind, cost=cost)

    def report(self, path: str | Path | None = None) -> Path:
        """Write the sweep as one HTML file that works from disk without a network.

        Args:
            path: The file; report.html in the sweep's folder if None.

        Raises:
            UsageError: It cannot be written.
        """
        return write_page(self, path)
