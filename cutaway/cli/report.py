"""The command report: everything about a run, or about a sweep, in one HTML file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cutaway.errors import UsageError
from cutaway.options import SHARED
from cutaway.topics.common.options import MapOptions

from .options import DataOption, JsonOption, RunsOption, with_records
from .output import print_file
from .sweeps import report_sweep, sweep_at


@with_records
def report(
    *,
    run: Annotated[
        str, typer.Argument(metavar="RUN", help='A run or a sweep: a path or a name; "latest" is the latest run.')
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. Default: report.html in the run.")
    ] = None,
    options: MapOptions,
    against: Annotated[
        str | None, typer.Option("--against", metavar="OTHER", help="A run to compare with, in a section of its own.")
    ] = None,
    shared: Annotated[bool, typer.Option("--shared", help=SHARED)] = False,
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="Storage of a sweep. Default: the journal in its folder.")
    ] = None,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Write everything about a run, or about a sweep, into one HTML file that works from disk without a network."""
    if (folder := sweep_at(run, runs)) is not None:
        given = shared or any(option is not None for option in (*vars(options).values(), against, data))
        report_sweep(folder, output, storage=storage, given=given, as_json=as_json)
        return
    if storage is not None:
        raise UsageError(f'--storage is for a sweep, and "{run}" is a run', hint="leave it out")
    from cutaway.api.documents import file_document
    from cutaway.api.opening import open_run

    opened = open_run(run, data=data, runs=runs)
    other = None if against is None else open_run(against, data=data, runs=runs)
    asked: dict[str, Any] = {"split": options.split, "epochs": options.epochs, "samples": options.samples}
    page = opened.report(output, **asked, against=other, shared=shared)
    print_file(page, file_document(opened, page), as_json=as_json)
