"""The command runs, and all runs of a folder in tables, the best first: ``compare --leaderboard``."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.errors import UsageError, printable

from .options import JsonOption
from .output import as_typed, print_json, print_tables, say

if TYPE_CHECKING:
    from cutaway.results.table import Table
    from cutaway.runs import RunSummary


def runs(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Folder of the runs.")] = "runs",
    as_json: JsonOption = False,
) -> None:
    """List the runs of a folder, oldest first."""
    from cutaway.topics.comparison.leaderboard import listed, runs_in

    found = [] if folder == "runs" and not Path(folder).is_dir() else runs_in(folder)
    if not as_json:
        _print_runs([listed([run for run in found if not run.is_damaged])], found, folder)
        return
    rows = [
        {"run": run.id, "status": "damaged", "why": run.why}
        if run.is_damaged
        else {
            "run": run.id,
            "status": run.state,
            "dataset": run.data,
            "epochs": run.epochs,
            "val_accuracy": run.val_accuracy,
            "test_accuracy": run.test and run.test.get("accuracy"),
            **({"targets": run.targets, "val_r2": run.val_r2, "test_r2": run.r2} if run.targets else {}),
        }
        for run in found
    ]
    print_json(rows)


def print_leaderboard(folder: str, *, given: str | None, as_json: bool) -> None:
    """Print all runs of a folder, a table for each set of test samples."""
    from cutaway.topics.comparison.leaderboard import leaderboard_of

    if given is not None:
        raise UsageError(
            f'--leaderboard lists all runs of a folder and cannot be combined with the run "{given}"',
            hint="leave one of the two out",
        )
    found = leaderboard_of(folder)
    if as_json:
        print_json(found.summary())
        return
    _print_runs(found.declared(), [*(run for runs in found.tables for run in runs), *found.damaged], folder)
    if len(found.tables) > 1:
        say("Runs in different tables were tested on different samples: their numbers cannot be compared.")


def _print_runs(tables: "Sequence[Table]", found: "Sequence[RunSummary]", folder: str) -> None:
    """Print tables of the runs of a folder, those that are damaged, and where the trials of its sweeps are."""
    print_tables([table for table in tables if len(table)])
    for run in found:
        if run.is_damaged:
            say(f"damaged: {printable(run.id)}: {as_typed(run.why or '')}")
    sweeps = sorted(path.parent.name for path in Path(folder).glob("*/sweep.json"))
    if sweeps:
        trials = f"cutaway runs {shlex.quote(str(Path(folder) / 'NAME'))}"
        say(f"Sweeps: {printable(', '.join(sweeps))}. Their trials: {trials}")
    elif not found:
        say(f'No runs in "{folder}". Next: cutaway train mnist')
