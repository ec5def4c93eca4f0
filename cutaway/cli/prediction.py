"""The command that asks a model about new samples: predict."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.errors import UsageError, printable
from cutaway.topics.prediction.options import PredictionOptions
from cutaway.words import counted, cut, listed

from .options import DataOption, JsonOption, RunArgument, RunsOption, with_records
from .output import print_json, print_result, print_rows, say

if TYPE_CHECKING:
    from cutaway.topics.prediction.prediction import Predictions

CLASSES = 5
"""Classes whose predictions are counted in words."""


@with_records
def predict(
    *,
    run: RunArgument,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Tables, an .npy file, images, or a folder of images.")
    ],
    options: PredictionOptions,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Predict the classes or numbers of new samples, which are prepared as the training samples were."""
    from cutaway.api.opening import open_run
    from cutaway.topics.common.rows_file import dialect_like, write_rows
    from cutaway.topics.confidence.calibration import find_temperature
    from cutaway.topics.prediction.prediction import SHOWN, join, predictions

    opened, output = open_run(run, data=data, runs=runs), options.output
    _check_output(output, files)
    temperature = find_temperature(opened.context, options.temperature, epoch=options.epoch)
    parts = predictions(opened.context, files[0] if len(files) == 1 else files, options)
    if temperature is not None:
        parts = (part.at_temperature(temperature) for part in parts)
    dialect = dialect_like(files[0])
    if output == "-":
        print_rows(parts, dialect=dialect)
    elif output is not None:
        classes: Counter[str] = Counter()
        count = write_rows(_counted(parts, classes), Path(output), dialect=dialect)
        if as_json:
            print_json({"samples": count, "file": output})
        else:
            named = [f"{number:,} {printable(name)}" for name, number in classes.most_common()]
            of_each = "" if opened.context.task.is_numbers else f": {listed(named, CLASSES)}"
            say(f"{counted(count, 'prediction')} written to {output}{of_each}")
    elif as_json:
        print_json([record for part in parts for record in part.to_json()])
    else:
        first = [next(parts)]
        while sum(map(len, first)) < SHOWN + 2 and (part := next(parts, None)) is not None:
            first.append(part)
        print_result(join(first))
        if max(options.nearest, options.explain) > 1:
            say("All of them are in --json and in a file of -o.")
        if more := cut(range(sum(map(len, first))), SHOWN)[1] + sum(map(len, parts)):
            say(f"and {more:,} more: write all of them to a file with -o predictions.csv")


def _counted(parts: "Iterable[Predictions]", classes: Counter[str]) -> "Iterator[Predictions]":
    """The same predictions, while how often each class is predicted is counted."""
    for part in parts:
        classes.update(part.predicted)
        yield part


def _check_output(output: str | None, files: list[str]) -> None:
    """Refuse to write predictions over the samples that they are of, or to a file that does not take them.

    Raises:
        UsageError: The output is one of the inputs, or as `check_rows_file`.
    """
    from cutaway.topics.common.rows_file import check_rows_file

    if output in (None, "-"):
        return
    check_rows_file(Path(output))
    if any(os.path.realpath(file) == os.path.realpath(output) for file in files):
        raise UsageError(
            f"{output} is not overwritten: it holds the samples", hint="choose another name, such as -o predictions.csv"
        )
