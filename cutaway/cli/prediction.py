"""Commands that ask a model about samples: predict and explain."""

import itertools
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cutaway.errors import UsageError
from cutaway.results.units import number, percent

from .loading import load_keras
from .options import DataOption, EpochOption, JsonOption, RunArgument, RunsOption
from .output import print_json, print_table, say, shorten

SHOWN = 20
"""Predictions that are printed as a table."""


def predict(
    run: RunArgument,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Tables, an .npy file, pictures, or a folder of pictures.")
    ],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="Write to this .csv, .jsonl or .parquet file; - is CSV to stdout."),
    ] = None,
    nearest: Annotated[
        int, typer.Option(metavar="K", help="Add the K training samples nearest in the last hidden layer.")
    ] = 0,
    explain: Annotated[int, typer.Option(metavar="N", help="Add the N inputs that contributed most.")] = 0,
    distance: Annotated[
        bool, typer.Option("--distance", help="Add the distance to the training samples, and whether it is far.")
    ] = False,
    temperature: Annotated[
        str | None,
        typer.Option(metavar="T", help='Temperature of the probabilities, or "fitted" for that of validation samples.'),
    ] = None,
    epoch: EpochOption = None,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Predict the classes of new samples, which are prepared as the training samples were."""
    from cutaway.api.opening import open_run
    from cutaway.topics.confidence.temperature import find_temperature
    from cutaway.topics.prediction.file import write_rows, write_text
    from cutaway.topics.prediction.predicting import predictions

    opened = open_run(run, data=data, runs=runs)
    _check_output(output, files)
    load_keras()
    found = find_temperature(opened.context, _temperature(temperature), epoch=epoch)
    parts = predictions(
        opened.context,
        files[0] if len(files) == 1 else files,
        epoch=epoch,
        nearest=nearest,
        explain=explain,
        distances=distance,
    )
    if found is not None:
        parts = (part.at_temperature(found) for part in parts)
    if output == "-":
        write_text(parts, sys.stdout, lines=False)
    elif output is not None:
        count = write_rows(parts, Path(output))
        if as_json:
            print_json({"samples": count, "file": output})
        else:
            say(f"{count:,} predictions written to {output}")
    elif as_json:
        print_json([record for part in parts for record in part.records()])
    else:
        records = (record for part in parts for record in part.records())
        shown = list(itertools.islice(records, SHOWN))
        print_table([_shown(record) for record in shown])
        if max(nearest, explain) > 1:
            say("Of inputs and nearest samples the first is shown.")
            say("All of them are in --json and in a file of -o.")
        if (more := sum(1 for _ in records)) > 0:
            say(f"and {more:,} more: write all of them to a file with -o predictions.csv")


def _temperature(text: str | None) -> float | str | None:
    """A temperature as it was typed: a number, or a word that is checked later."""
    try:
        return text if text is None else float(text)
    except ValueError:
        return text


def _check_output(output: str | None, files: list[str]) -> None:
    """Refuse to write predictions over the samples that they are of, or to a file that does not take them.

    Raises:
        UsageError: The output is one of the inputs, or as `check_rows_file`.
    """
    from cutaway.topics.prediction.file import check_rows_file

    if output and output != "-":
        check_rows_file(Path(output))
    if output and output != "-" and any(os.path.realpath(file) == os.path.realpath(output) for file in files):
        raise UsageError(
            "predictions are written to a file of their own",
            got=f"{output}, which holds the samples",
            hint="choose another name, such as -o predictions.csv",
        )


def _shown(record: dict[str, Any]) -> dict[str, str]:
    """A row for a terminal: of each list its first entry, because a file has room for all of them."""
    (best, highest), (second, lower) = sorted(
        record["probabilities"].items(), key=lambda entry: -1.0 if entry[1] is None else entry[1], reverse=True
    )[:2]
    row = {"Sample": record["sample"], "Predicted": shorten(best), "Probability": percent(highest, 1)}
    if set(record) == {"sample", "predicted", "probabilities"}:  # beside more columns there is no room
        row["Next"] = f"{shorten(second)} {percent(lower, 1)}"
    for part in record.get("contributions", ())[:1]:
        row["Input"] = f"{shorten(part['input'], 16)} {number(part['contribution'], 2)}"
    for part in record.get("nearest", ())[:1]:
        row["Nearest"] = f"{part['sample']} ({shorten(part['label'])})"
    if "distance" in record:
        row["Distance"] = number(record["distance"], 2) + (" far" if record["far"] else "")
    return row
