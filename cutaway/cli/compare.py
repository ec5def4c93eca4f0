"""The command compare: two runs side by side."""

from typing import Annotated

import typer

from cutaway.errors import UsageError, printable
from cutaway.topics.comparison.options import ComparisonOptions

from .options import JsonOption, RunsOption, with_records
from .output import as_typed, print_json, print_tables, say
from .runs import print_leaderboard


@with_records
def compare(
    *,
    run_a: Annotated[str | None, typer.Argument(metavar="A", help='A path, a run\'s name, or "latest".')] = None,
    run_b: Annotated[str | None, typer.Argument(metavar="B", help="The run that is compared with it.")] = None,
    leaderboard: Annotated[
        str | None, typer.Option("--leaderboard", metavar="DIR", help="List all runs of a folder instead, best first.")
    ] = None,
    options: ComparisonOptions,
    data: Annotated[str | None, typer.Option("--data", help="Where the data of both runs, or of A, is now.")] = None,
    data_b: Annotated[str | None, typer.Option("--data-b", help="Where the data of B are now, if elsewhere.")] = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Compare two runs: settings, metrics, samples that were fixed or broken, and layers."""
    if leaderboard is not None:
        print_leaderboard(leaderboard, given=run_a, as_json=as_json)
        return
    if run_a is None or run_b is None:
        raise UsageError(
            "compare needs two runs, or --leaderboard and a folder",
            got="none" if run_a is None else "one run",
            hint="try cutaway compare A B, or cutaway compare --leaderboard runs",
        )
    from cutaway.api.comparing import compare as compare_runs
    from cutaway.api.opening import open_run

    first = open_run(run_a, data=data, runs=runs)
    second = open_run(run_b, data=data if data_b is None else data_b, runs=runs)
    found = compare_runs(first, second, split=options.split, epochs=options.epochs, shared=options.shared)
    if as_json:
        print_json(found.to_json())
        return
    say(f"{found.answer()}\n")
    for letter, name, epoch in zip("AB", found.runs, found.epochs, strict=True):
        say(f"{letter}  {printable(name)}, epoch {epoch}")
    print_tables(found.tables(options.limit or None))
    for note in found.notes():
        say(as_typed(note))
