"""The command regions: the plane through three samples, its linear regions and its decision boundary."""

from pathlib import Path
from typing import Annotated

import typer

from cutaway.topics.regions.options import RegionsOptions

from .options import DataOption, JsonOption, RunArgument, RunsOption, with_records
from .output import print_answer, say
from .picture_files import check_picture_file, write_picture


@with_records
def regions(
    *,
    run: RunArgument,
    samples: Annotated[
        list[str],
        typer.Argument(metavar="SAMPLE SAMPLE SAMPLE", help="Three samples, such as test[7] test[12] test[40]."),
    ],
    options: RegionsOptions,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Draw the plane into this .png or .pdf file.")
    ] = None,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show the exact distance of three samples to the decision boundary, on the plane through them."""
    from cutaway.api.opening import open_run
    from cutaway.results.progress import show_progress
    from cutaway.topics.regions.measuring import regions as measure

    if output is not None:
        check_picture_file(output, what="a plane", example="--output plane.png")
    opened = open_run(run, data=data, runs=runs)
    with show_progress(True) as on_progress:
        answer = measure(opened.context, samples, options, on_progress=on_progress)
    print_answer(answer, as_json=as_json)
    if output is not None:
        write_picture(answer, output)
        if not as_json:
            say(f"The plane is drawn in {output}")
