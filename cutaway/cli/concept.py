"""The command concept: what selected samples have in common, and what that does to the classes."""

import csv
from collections.abc import Container
from pathlib import Path
from typing import Annotated

import typer

from cutaway.errors import UsageError
from cutaway.topics.concept.options import ConceptOptions

from .options import DataOption, JsonOption, RunArgument, RunsOption, with_records
from .output import print_json, print_result

FILE_BYTES = 1 << 24
"""Bytes of a file of samples at most."""


@with_records
def concept(
    *,
    run: RunArgument,
    samples: Annotated[
        list[str] | None, typer.Argument(metavar="[SAMPLE]...", help="Samples, such as test[7] test[12].")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="A CSV file whose first column names samples, as saved from the map in a report."),
    ] = None,
    options: ConceptOptions,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show what selected samples have in common in each layer, and what that does to each class."""
    from cutaway.api.opening import open_run
    from cutaway.data import origin_options
    from cutaway.results.progress import show_progress
    from cutaway.topics.concept.measuring import concept as measure

    opened = open_run(run, data=data, runs=runs)
    headings = {"sample", origin_options(opened.context.manifest.dataset.origin).get("id")}
    names = [*(samples or ()), *([] if file is None else _names_in(file, headings))]
    with show_progress(True) as on_progress:
        answer = measure(opened.context, names, options, on_progress=on_progress)
    if as_json:
        print_json(answer.to_json())
        return
    print_result(answer)


def _names_in(file: Path, headings: Container[str | None]) -> list[str]:
    """The first column of a CSV file, without its heading: "sample", or the column of the run's table with the names.

    Raises:
        UsageError: It cannot be read, or holds no text.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(FILE_BYTES + 1)
        if len(content) > FILE_BYTES:
            raise ValueError(f"more than {FILE_BYTES:,} bytes")
        lines = content.decode("utf-8-sig").splitlines()
        # what stands behind the heading is the delimiter, while names may hold any character
        heads = {mark: next(csv.reader(lines[:1], delimiter=mark), [""]) for mark in ",;\t|"}
        delimiter = next((mark for mark, cells in heads.items() if cells[:1] and cells[0].strip() in headings), ",")
        rows = [row[0].strip() for row in csv.reader(lines, delimiter=delimiter) if row]
    except (OSError, ValueError, csv.Error) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        hint = "save a selection from the map in a report, or write one name per line"
        raise UsageError("--file names samples, one per line", got=f"{why}: {file}", hint=hint) from error
    return [name for name in rows if name and name not in headings]
