"""The command explain: the evidence for a prediction, and against it."""

from typing import Annotated

import typer

from cutaway.topics.explanation.options import ExplanationOptions

from .options import DataOption, JsonOption, RunArgument, RunsOption, with_records
from .output import print_answer


@with_records
def explain(
    run: RunArgument,
    sample: Annotated[
        str, typer.Argument(metavar="SAMPLE", help="A sample, such as test[7], or the name of a row of a table.")
    ],
    options: ExplanationOptions,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show the evidence for the predicted class of a sample, and for the runner-up."""
    from cutaway.api.opening import open_run
    from cutaway.results.progress import show_progress
    from cutaway.topics.explanation.answer import compute

    opened = open_run(run, data=data, runs=runs)
    with show_progress(True) as on_progress:
        answer = compute(opened.context, sample, options, on_progress=on_progress)
    print_answer(answer, as_json=as_json)
