"""The command playground."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from .options import DataOption, JsonOption, RunsOption
from .output import has_display, print_file


def playground(
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A run of two inputs, whose samples and settings the page begins with."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path("playground.html"),
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Write a page that trains a network in the browser, with exact boundaries and a slider to go back in time."""
    from cutaway.api.playground import write_playground

    if run is None:
        page = write_playground(output).resolve()
    else:
        from cutaway.api.opening import open_run

        page = open_run(run, data=data, runs=runs).playground(output).resolve()
    print_file(page, {"file": str(page), "bytes": page.stat().st_size}, as_json=as_json)
    if open_browser and has_display() and not as_json:
        webbrowser.open(page.as_uri())
