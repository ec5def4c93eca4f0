"""The command playground."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from .options import JsonOption
from .output import has_display, print_json, say


def playground(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path("playground.html"),
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Write a page in which a network trains in the browser: data, layers, exact boundaries, time that goes back."""
    from cutaway.api.playground import write_playground

    page = write_playground(output).resolve()
    if as_json:
        print_json({"path": str(page), "bytes": page.stat().st_size})
        return
    say(f"{page.as_uri()}  ({page.stat().st_size / 1e6:.1f} MB)")
    if open_browser and has_display():
        webbrowser.open(page.as_uri())
