"""Commands about data: datasets."""

from typing import Annotated, Any

import typer

from cutaway.errors import ConfigError, DataError, printable
from cutaway.words import percent

from .options import GivenDataOptions, JsonOption, with_records
from .output import print_json, print_table, say

MOST = {"Values": 12, "Column": 16, "What is done": 24}
"""Columns of the table of columns that are cut on a narrow terminal, and to how many characters."""


@with_records
def datasets(
    *,
    data: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help="A dataset to look at before anything is trained.")
    ] = None,
    options: GivenDataOptions,
    as_json: JsonOption = False,
) -> None:
    """List the bundled datasets, which need no network; or show the contents of a dataset and its preparation."""
    from cutaway.api.documents import plain
    from cutaway.data import dataset_names

    if data is not None:
        _show(data, options, as_json)
        return
    known = dataset_names()
    if as_json:
        print_json(plain(known))
        return
    print_table(
        [
            {
                "Name": info.name,
                "Samples": f"{info.samples:,}",
                "Shape": " x ".join(str(side) for side in info.shape),
                "Classes": str(info.classes),
                "Source": info.provenance,
                "License": info.license,
            }
            for info in known
        ]
    )


def _show(data: str, options: dict[str, Any], as_json: bool) -> None:
    from cutaway.api.documents import dataset_document
    from cutaway.data import load_dataset, split_and_prepare
    from cutaway.results.progress import show_progress
    from cutaway.topics.findings.evidence import warn_of_leaks

    loaded = load_dataset(data, **options)
    document = dataset_document(loaded)
    try:  # as a training does, which warns of columns and may refuse labels
        with show_progress(True) as on_progress:
            split, prepared = split_and_prepare(loaded, on_progress=on_progress)
            warn_of_leaks(loaded, prepared, split)
        document["problem"] = None
    except (ConfigError, DataError) as error:
        document["problem"] = str(error)
    if as_json:
        print_json(document)
        return
    columns, problem = document.pop("columns", []), document.pop("problem")
    for name, value in document.items():
        if isinstance(value, str):  # the same counts as numbers are for scripts
            say(f"  {name.replace('_', ' '):<12} {printable(value)}")
    print_table([_row(column) for column in columns], most=MOST)
    if problem:
        say(f"No model can be trained on these data: {problem}")


def _row(column: dict[str, Any]) -> dict[str, str]:
    done = column["treatment"]
    return {
        "Column": printable(column["name"]),
        "Type": column["type"],
        "Missing": percent(column["missing"] / column["rows"], 1) if column["missing"] else "-",
        "Values": printable(column["values"]),
        "What is done": printable(f"left out: {done}" if column["use"] == "ignored" else done),
    }
