"""The command report: everything about a run, or about a sweep, in one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from cutaway.errors import UsageError

from .options import DataOption, JsonOption, RunsOption
from .output import print_file
from .sweeps import report_sweep, sweep_at


def report(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help='A run or a sweep: a path or a name; "latest" is the latest run.')
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. Default: report.html in the run.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Samples to explore: train, val, test or all. Default: at most 10,000 of test."),
    ] = None,
    epochs: Annotated[
        str | None, typer.Option(help="Epochs on the maps, such as 0,5,10. Default: up to 16, fewer for many samples.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Maximum number of samples on the maps. Default: 100,000 of --split, or 10,000.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="OTHER", help="A run to compare with, in a section of its own.")
    ] = None,
    shared: Annotated[
        bool, typer.Option("--shared", help="For runs on different data: compare them on the test samples they share.")
    ] = False,
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="Storage of a sweep. Default: the journal in its folder.")
    ] = None,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Write everything about a run, or about a sweep, into one HTML file that works from disk without a network."""
    if (folder := sweep_at(run, runs)) is not None:
        given = shared or any(option is not None for option in (split, epochs, samples, against, data))
        report_sweep(folder, output, storage=storage, given=given, as_json=as_json)
        return
    if storage is not None:
        raise UsageError(f'--storage is for a sweep, and "{run}" is a run', hint="leave it out")
    from cutaway.api.documents import file_document
    from cutaway.api.opening import open_run

    opened = open_run(run, data=data, runs=runs)
    other = None if against is None else open_run(against, data=data, runs=runs)
    numbers = _parse_epochs(epochs)
    page = opened.report(output, split=split, epochs=numbers, samples=samples, against=other, shared=shared)
    print_file(page, file_document(opened, page), as_json=as_json)


def _parse_epochs(text: str | None) -> list[int] | None:
    """Parse ``"0,5,10"``.

    Raises:
        UsageError: It is not a list of whole numbers.
    """
    try:
        return None if text is None else [int(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            "--epochs must be whole numbers separated by commas", got=f'"{text}"', hint="try --epochs 0,5,10"
        ) from None
