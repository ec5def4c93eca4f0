"""Commands that ask a model about samples: predict and explain."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cutaway.checks import warn_user
from cutaway.errors import ModelError, UsageError, printable
from cutaway.results.units import percent
from cutaway.topics.prediction.options import PredictionOptions

from .loading import load_keras
from .options import DataOption, EpochOption, JsonOption, RunArgument, RunsOption, with_records
from .output import print_json, print_result, print_table, say, shorten


@with_records
def predict(
    *,
    run: RunArgument,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Tables, an .npy file, pictures, or a folder of pictures.")
    ],
    options: PredictionOptions,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Predict the classes of new samples, which are prepared as the training samples were."""
    from cutaway.api.opening import open_run
    from cutaway.topics.confidence.temperature import find_temperature
    from cutaway.topics.prediction.file import write_rows, write_text
    from cutaway.topics.prediction.predicting import predictions
    from cutaway.topics.prediction.result import SHOWN, join

    opened, output = open_run(run, data=data, runs=runs), options.output
    _check_output(output, files)
    load_keras()
    temperature = find_temperature(opened.context, options.temperature, epoch=options.epoch)
    parts = predictions(
        opened.context,
        files[0] if len(files) == 1 else files,
        epoch=options.epoch,
        nearest=options.nearest,
        explain=options.explain,
        distances=options.distance,
    )
    if temperature is not None:
        parts = (part.at_temperature(temperature) for part in parts)
    if output == "-":
        write_text(parts, sys.stdout, lines=False)
    elif output is not None:
        count = write_rows(parts, Path(output))
        if as_json:
            print_json({"samples": count, "file": output})
        else:
            say(f"{count:,} predictions written to {output}")
    elif as_json:
        print_json([record for part in parts for record in part.to_json()])
    else:
        first = [next(parts)]
        while sum(map(len, first)) < SHOWN and (part := next(parts, None)) is not None:
            first.append(part)
        print_result(join(first))
        if max(options.nearest, options.explain) > 1:
            say("All of them are in --json and in a file of -o.")
        if (more := sum(map(len, first)) - SHOWN + sum(map(len, parts))) > 0:
            say(f"and {more:,} more: write all of them to a file with -o predictions.csv")


def explain(
    run: RunArgument,
    sample: Annotated[
        str, typer.Argument(metavar="SAMPLE", help="A sample, such as test[7], or the name of a row of a table.")
    ],
    layer: Annotated[str | None, typer.Option(help="Units of this layer. Default: the values of the input.")] = None,
    influence: Annotated[
        bool, typer.Option("--influence", help="Add the training samples that raised and lowered its probability most.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="Rows to print; 0 for all. --json always prints all.")] = 20,
    epoch: EpochOption = None,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show what spoke for the predicted class of a sample, and what for the runner-up."""
    from cutaway.api.documents import explanation_document, influences_document
    from cutaway.api.opening import open_run

    opened = open_run(run, data=data, runs=runs)
    load_keras()
    influences = opened.influence(sample, epoch=epoch, progress=True)[0] if influence else None
    ids = opened.context.named(opened.context.sample(sample))
    label = opened.class_names[int(opened.data.y(ids)[0])]
    try:
        explanation = opened.explain(sample, epoch=epoch)
    except ModelError as error:
        if influences is None:
            raise
        warn_user(f"there are no contributions: {error.rule}; got {error.got}")  # influences need no linear model
        document = influences_document(opened, influences, label=label)
    else:
        document = explanation_document(
            opened, explanation, sample=ids[0], label=label, layer=layer, influences=influences
        )
    if as_json:
        print_json(document)
        return
    if sample != ids[0]:
        say(printable(f"{sample} is the sample that is called {ids[0]}."))
    if "contributions" in document:
        _print_contributions(document, limit=limit)
    if influences is not None:
        _print_influences(influences)


def _print_contributions(document: dict[str, Any], *, limit: int) -> None:
    parts = document.get("columns") or document["contributions"]
    parts = sorted(parts, key=lambda part: -abs(part["contribution"]))
    shown = parts[:limit] if limit else parts
    over = f"{document['predicted']} over {document['runner_up']} by {document['difference']:.3f} logits"
    line = printable(f"{document['sample']}, labeled {document['label']}: {over}")
    say(f"{line} after epoch {document['epoch']}")
    print_table(
        [
            {name.capitalize(): _number(value) if isinstance(value, float) else value for name, value in part.items()}
            for part in shown
        ],
        title="" if document["layer"] is None else f"Units of {document['layer']}",
    )
    rest = sum(part["contribution"] for part in parts[len(shown) :])
    total = sum(part["contribution"] for part in parts)
    if len(parts) == len(shown) + 1:
        say(f"The other one adds {_number(rest)}.")
    elif len(parts) > len(shown):
        say(f"The {len(parts) - len(shown):,} others add up to {_number(rest)}.")
    say(
        f"All add up to {_number(total)}, and {_number(document['offset'])} from the biases makes the difference: "
        f"{_number(document['difference'])}."
    )
    say(f"Above 0 it spoke for {printable(document['predicted'])}, below 0 for {printable(document['runner_up'])}.")


def _print_influences(found: Any) -> None:
    """Print the training samples that an answer is owed to, beside each other those that support and oppose it."""
    snapshots = f"{len(found.rates)} {'snapshot' if len(found.rates) == 1 else 'snapshots'}"
    say(f"Of {found.samples:,} training samples, those that raised and lowered the probability")
    say(printable(f"of {found.target} for {found.sample} ({percent(found.probability, 1)}) most, by {snapshots}:"))
    for title, samples in (("Raised it most", found.supporting), ("Lowered it most", found.opposing)):
        print_table([_influential(each) for each in samples], title=title)
    if found.approximation:
        say(f"Approximate: {found.approximation}.")


def _influential(sample: Any) -> dict[str, str]:
    return {
        "Training sample": sample.sample,
        "Label": shorten(sample.label),
        "Influence": f"{sample.influence:+.3g}",
    }


def _number(value: float) -> str:
    """Four digits, and no sign for what rounds to zero."""
    return f"{round(value, 4) + 0.0:.4f}"


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
