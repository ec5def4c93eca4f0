"""The command robustness: how the accuracy of one or two runs falls as samples or weights are damaged."""

from typing import Annotated

import typer

from cutaway.cli.options import JsonOption, RunArgument, RunsOption, with_records
from cutaway.cli.output import print_json, print_result
from cutaway.topics.robustness.options import RobustnessOptions

from .two_runs import say_runs


@with_records
def robustness(
    *,
    run: RunArgument,
    other: Annotated[
        str | None, typer.Argument(metavar="OTHER", help="A second run on the same samples, shown beside it.")
    ] = None,
    options: RobustnessOptions,
    data: Annotated[
        str | None, typer.Option("--data", help="Where the data of both runs are now, or those of RUN.")
    ] = None,
    data_b: Annotated[
        str | None, typer.Option("--data-b", help="Where the data of OTHER are now, if elsewhere.")
    ] = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show how accuracy falls as samples or weights are damaged."""
    from cutaway.api.opening import open_run

    first = open_run(run, data=data, runs=runs)
    second = None if other is None else open_run(other, data=data if data_b is None else data_b, runs=runs)
    answer = first.robustness(second, **vars(options))
    if as_json:
        print_json(answer.to_json())
        return
    say_runs(answer.runs, answer.epochs)
    print_result(answer)
