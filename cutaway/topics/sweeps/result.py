"""`Sweep`, what a user holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway._lazy import public
from cutaway.api.run import Run
from cutaway.api.train import mlp, train
from cutaway.results.notebook import NotebookDisplay
from cutaway.results.progress import ProgressOption
from cutaway.runs import RUNS

from .command import train_command
from .figures import draw
from .material import load
from .outcome import SweepOutcome, row_of
from .page import write_page

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure


@public
class Sweep(SweepOutcome, NotebookDisplay):
    """Trials of settings, of which the best is chosen on validation samples; the test samples are in none of them.

    Attributes:
        folder: Its folder, with a run folder for each trial.
        manifest: What its sweep.json says.
        trials: The trials, by number; trial 0 has the settings of the recipe.
        total: How many there are to be.
    """

    @property
    def command(self) -> str | None:
        """What to type to train the chosen settings with the test samples; None for data that came from arrays."""
        return train_command(self)

    def train_best(self, *, runs: str | Path = RUNS, name: str | None = None, progress: ProgressOption = True) -> Run:
        """Train the settings of the best trial again, this time with the test samples, which nothing was chosen by.

        The weights are those of the trial, byte for byte on the same machine, versions and thread count.

        Args:
            runs: Folder in which the run folder is made.
            name: As of `cutaway.train`.
            progress: As of `cutaway.train`.

        Raises:
            UsageError: No trial ended yet.
            DataError: The data cannot be loaded again.
        """
        loaded = load(self.manifest, None) if self.loaded is None else self.loaded
        wanted, fixed = self.settings, self.manifest.fixed
        form = {name: wanted.pop(name) for name in ("dropout", "activation", "ensemble")}
        model = mlp(wanted.pop("hidden"), **form)
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

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row a trial: its settings, validation measures, cost and run."""
        import pandas

        return pandas.DataFrame([row_of(trial, self.space) for trial in self.trials])

    def plot(self, kind: str = "trials", *, cost: str = "parameters") -> "Figure":
        """Draw the sweep as a matplotlib Figure.

        Args:
            kind: "trials", the validation loss of each and the best so far; "importance" of the settings; "parallel",
                a line a trial through all settings; or "frontier", accuracy against cost.
            cost: Of the frontier: "parameters" or "seconds".

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
