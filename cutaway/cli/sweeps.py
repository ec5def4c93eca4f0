"""The command sweep, what it prints, and what report does with a sweep."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cutaway.errors import UsageError
from cutaway.execution import check_engine
from cutaway.topics.sweeps.options import SweepOptions

from .options import EngineOption, GivenDataOptions, JsonOption, with_records
from .output import print_file, print_json, print_result, say
from .trainings import GivenModel, GivenSettings

if TYPE_CHECKING:
    from cutaway.topics.sweeps.study import Trial

SWEEP = "sweep.json"


class TrialPrinter:
    """Prints a line on stderr for every trial that ends, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, trial: "Trial") -> None:
        """Print one trial."""
        from cutaway.topics.sweeps.result import STATES, measures, written

        self.count += 1
        drawn = ", ".join(f"{name} {written(value)}" for name, value in trial.settings.items())
        words = [f"trial {trial.number:>3}", f"{STATES.get(trial.state, trial.state):<13}", measures(trial), drawn]
        words += [trial.why] if trial.state == "failed" and trial.why else []
        say("  ".join(words), sys.stderr)


@with_records
def sweep(
    *,
    data: Annotated[str, typer.Argument(metavar="DATA", help="A dataset's name (see: cutaway datasets) or a path.")],
    asked: SweepOptions,
    name: Annotated[str | None, typer.Option(help="Name of the sweep. Default: the dataset's.")] = None,
    runs: Annotated[str, typer.Option(help="Folder for the sweep.")] = "runs",
    engine: EngineOption = None,
    as_json: JsonOption = False,
    model: GivenModel,
    settings: GivenSettings,
    options: GivenDataOptions,
) -> None:
    """Train many models with different settings, and choose the best on the validation samples."""
    check_engine(engine)
    from cutaway.topics.sweeps.sweep import sweep as begin

    printer = TrialPrinter()
    how: dict[str, Any] = {"name": name, "runs": runs, "storage": asked.storage, "engine": engine, "on_trial": printer}
    found = begin(data, space=asked.space, trials=asked.trials, options=options, **how, **model, **settings)
    page = found.report() if asked.report else None
    if as_json:
        print_json(found.to_json(report=None if page is None else str(page)))
        return
    print_result(found)
    say(f"{sum(trial.ended for trial in found.trials)} of {found.total} trials ended.")
    if not printer.count:
        say(f"They had ended before. More of them: the same command with --trials {2 * found.total}.")
    say(f"\n  sweep  {found.folder}")
    if page is not None:
        say(f"  page   {page.resolve().as_uri()}")
    elif found.best_trial is not None:
        here = Path.cwd()
        where = found.folder.relative_to(here) if found.folder.is_relative_to(here) else found.folder
        see = shlex.join(["cutaway", "report", str(where), *(["--storage", "URL"] if asked.storage else [])])
        say(f"\nNext: see all trials:  {see}")
    if found.command is not None and found.best_trial is not None:
        then = "Then train" if page is None else "\nNext: train"
        say(f"{then} the settings of trial {found.best_trial.number} and test them once:  {found.command}")


def sweep_at(where: str, runs: str) -> Path | None:
    """The folder of a sweep that a user names in place of a run; None if it is none."""
    return next((place for place in (Path(where), Path(runs) / where) if (place / SWEEP).is_file()), None)


def report_sweep(folder: Path, output: Path | None, *, storage: str | None, given: bool, as_json: bool) -> None:
    """Write the page of a sweep.

    Args:
        folder: Its folder.
        output: The file; report.html in the folder if None.
        storage: Address of its storage.
        given: Whether options are given that only the report of a run has.
        as_json: Whether to print JSON.

    Raises:
        UsageError: Options are given that only the report of a run has.
    """
    if given:
        raise UsageError(
            f"--split, --epochs, --samples, --against, --shared and --data are for a run, and {folder.name} is a sweep",
            hint="leave them out, or name one of its trials",
        )
    from cutaway.topics.sweeps.sweep import open_sweep

    page = open_sweep(folder, storage=storage).report(output)
    document = {"sweep": str(folder.absolute()), "file": str(page.resolve()), "bytes": page.stat().st_size}
    print_file(page, document, as_json=as_json)
