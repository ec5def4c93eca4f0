"""What the command sweep prints: a line for every trial that ends, and the answer at the end."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cutaway.cli.output import print_json, print_result, say
from cutaway.cli.wrapping import wrapped
from cutaway.errors import escaped

if TYPE_CHECKING:
    from cutaway.topics.sweeps.result import Sweep
    from cutaway.topics.sweeps.study import Trial


class TrialPrinter:
    """Prints a line on stderr for every trial that ends, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, trial: "Trial") -> None:
        """Print one trial."""
        from cutaway.topics.sweeps.result import measures, written

        self.count += 1
        states = {"complete": "completed", "pruned": "stopped early"}
        drawn = ", ".join(f"{name} {written(value)}" for name, value in trial.settings.items())
        words = [f"trial {trial.number:>3}", f"{states.get(trial.state, trial.state):<13}", measures(trial), drawn]
        words += [trial.why] if trial.state == "failed" and trial.why else []
        print(wrapped(escaped("  ".join(words)), sys.stderr), file=sys.stderr, flush=True)


def print_sweep(
    found: "Sweep", *, report: Path | None, storage: str | None, as_json: bool, had_ended: bool = False
) -> None:
    """Print what came of a sweep; `had_ended` says that no trial was left to do."""
    if as_json:
        print_json(found.to_json(report=None if report is None else str(report)))
        return
    print_result(found)
    say(f"{sum(trial.ended for trial in found.trials)} of {found.total} trials ended.")
    if had_ended:
        say(f"They had ended before. More of them: the same command with --trials {2 * found.total}.")
    say(f"\n  sweep  {found.folder}")
    if report is not None:
        say(f"  page   {report.resolve().as_uri()}")
    elif found.best_trial is not None:
        see = shlex.join(
            ["cutaway", "report", str(_relative(found.folder)), *(["--storage", "URL"] if storage else [])]
        )
        say(f"\nNext: see all trials:  {see}")
    if found.command is not None and found.best_trial is not None:
        then = "Then train" if report is None else "\nNext: train"
        say(f"{then} the settings of trial {found.best_trial.number} and test them once:  {found.command}")


def _relative(folder: Path) -> Path:
    try:
        return folder.relative_to(Path.cwd())
    except ValueError:
        return folder
