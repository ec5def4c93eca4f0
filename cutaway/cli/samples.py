"""The command samples: how each sample was learned, the hardest first."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cutaway.topics.samples.options import SamplesOptions

from .options import DataOption, JsonOption, RunArgument, RunsOption, with_records
from .output import print_answer, print_json, say


@with_records
def samples(
    run: RunArgument,
    options: SamplesOptions,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="Write all to this .csv, .jsonl or .parquet file; - is CSV to stdout."),
    ] = None,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show how each sample was learned: when, how often it was forgotten, and how sure the model was; hardest first."""
    from cutaway.api.opening import open_run
    from cutaway.results.progress import show_progress
    from cutaway.results.result import Answer
    from cutaway.topics.prediction.file import check_rows_file, write_rows, write_text
    from cutaway.topics.samples.dynamics import compute

    if output not in (None, "-"):
        check_rows_file(Path(output), what="samples")
    opened = open_run(run, data=data, runs=runs)
    with show_progress(True) as on_progress:
        hardest = compute(opened.context, options, on_progress=on_progress)
    if output == "-":
        write_text([hardest], sys.stdout, lines=False)
    elif output is not None:
        count = write_rows([hardest], Path(output), what="samples")
        if as_json:
            print_json({"samples": count, "file": output})
        else:
            say(f"{count:,} samples written to {output}")
    else:
        tables = partial(hardest.tables, options.sort, options.limit)
        print_answer(Answer(str(opened.path), hardest.to_json, tables), as_json=as_json)
