"""The command sweep: many trainings with different settings, of which the best is chosen."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cutaway.cli.options import EngineOption, GivenDataOptions, JsonOption, with_records
from cutaway.cli.output import print_json, say
from cutaway.cli.trainings import GivenModel, GivenSettings
from cutaway.errors import UsageError
from cutaway.execution import check_engine
from cutaway.topics.sweeps.options import SweepOptions

from .printing import TrialPrinter, print_sweep

SWEEP = "sweep.json"


@with_records
def sweep(
    *,
    data: Annotated[str, typer.Argument(metavar="DATA", help="A dataset's name (see: cutaway datasets) or a path.")],
    asked: SweepOptions,
    name: Annotated[str | None, typer.Option(help="Name of the sweep. Default: the dataset's.")] = None,
    runs: Annotated[str, typer.Option(help="Folder in which the sweep is kept.")] = "runs",
    engine: EngineOption = None,
    as_json: JsonOption = False,
    model: GivenModel,
    settings: GivenSettings,
    options: GivenDataOptions,
) -> None:
    """Train many models with different settings, and choose the best on the validation samples."""
    check_engine(engine)
    from cutaway.topics.sweeps.sweeping import sweep as begin

    printer = TrialPrinter()
    how: dict[str, Any] = {"name": name, "runs": runs, "storage": asked.storage, "engine": engine, "on_trial": printer}
    found = begin(data, space=asked.space, trials=asked.trials, options=options, **how, **model, **settings)
    page = found.report() if asked.report else None
    print_sweep(found, report=page, storage=asked.storage, as_json=as_json, had_ended=not printer.count)


def sweep_at(where: str, runs: str) -> Path | None:
    """The folder of a sweep that a user names in place of a run; None where it is none."""
    places = (Path(where), Path(runs) / where)
    return next((place for place in places if (place / SWEEP).is_file()), None)


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
            "--split, --epochs, --samples, --against, --shared and --data are for the report of a run",
            got=f"the sweep {folder.name}",
            hint="leave them out, or name one of its trials",
        )
    from cutaway.topics.sweeps.sweeping import open_sweep

    page = open_sweep(folder, storage=storage).report(output)
    if as_json:
        print_json({"sweep": str(folder.absolute()), "file": str(page.resolve()), "bytes": page.stat().st_size})
    else:
        say(f"{page.resolve().as_uri()}  ({page.stat().st_size / 1e6:.1f} MB)")
