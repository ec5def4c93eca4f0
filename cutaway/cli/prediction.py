"""The command that asks a model about new samples: predict."""

import itertools
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cutaway.errors import UsageError

from .options import EpochOption, JsonOption, RunArgument, RunsOption
from .output import percent, print_json, print_table

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
    epoch: EpochOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Predict the classes of new samples, which are prepared as the training samples were."""
    from cutaway.api.opening import open_run
    from cutaway.api.prediction import predictions, write_predictions, write_text

    opened = open_run(run, runs=runs)
    _check_output(output, files)
    names = opened.class_names
    parts = predictions(opened.context, files[0] if len(files) == 1 else files, epoch=epoch)
    if output == "-":
        write_text(parts, sys.stdout, class_names=names, lines=False)
    elif output is not None:
        count = write_predictions(parts, Path(output), class_names=names)
        if as_json:
            print_json({"samples": count, "file": output})
        else:
            print(f"{count:,} predictions written to {output}")
    elif as_json:
        print_json([_record(row, names) for part in parts for row in _rows(part)])
    else:
        rows = (row for part in parts for row in _rows(part))
        shown = list(itertools.islice(rows, SHOWN))
        print_table([_shown(row, names) for row in shown])
        if (more := sum(1 for _ in rows)) > 0:
            print(f"and {more:,} more: write all of them to a file with -o predictions.csv")


def _check_output(output: str | None, files: list[str]) -> None:
    """Refuse to write predictions over the samples that they are of.

    Raises:
        UsageError: The output is one of the inputs.
    """
    if output and output != "-" and any(os.path.realpath(file) == os.path.realpath(output) for file in files):
        raise UsageError(
            "predictions are written to a file of their own",
            got=f"{output}, which holds the samples",
            hint="choose another name, such as -o predictions.csv",
        )


def _rows(part: Any) -> Any:
    return zip(part.names, part.best, part.probabilities, strict=True)


def _record(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    name, best, probabilities = row
    values = dict(zip(names, map(float, probabilities), strict=True))
    return {"sample": name, "predicted": names[best], "probabilities": values}


def _shown(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    name, best, probabilities = row
    second = int(probabilities.argsort()[-2])
    return {
        "Sample": name,
        "Predicted": names[best],
        "Probability": percent(float(probabilities[best])),
        "Next": f"{names[second]} {percent(float(probabilities[second]))}",
    }
