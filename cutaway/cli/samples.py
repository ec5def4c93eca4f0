"""The command samples: how each sample was learned, the hardest first."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cutaway.results.units import number

from .options import DataOption, JsonOption, RunArgument, RunsOption
from .output import beside, print_json, print_table, say, shorten

COLUMNS = """\
First: the first epoch in which the label was predicted; -: in none.
Forgot: how often it was predicted in one epoch, and not in the next.
Right: epochs in which it was predicted. Conf., var.: mean and standard
deviation of its probability. AUM: area under the margin in nats, the mean
logarithm of that probability over the largest one of another class."""
"""What the columns mean."""


def samples(
    run: RunArgument,
    split: Annotated[
        str | None,
        typer.Option(
            help="Samples: train, val, test or all. Default: all whose predictions are known.", show_default=False
        ),
    ] = None,
    sort: Annotated[
        str,
        typer.Option(
            help="area_under_margin, margin, confidence or correctness, the smallest first; variability, forgotten or "
            "first_learned, the largest first."
        ),
    ] = "area_under_margin",
    limit: Annotated[int, typer.Option(min=0, help="Samples to print; 0 for all. --json always prints all.")] = 20,
    predictions: Annotated[
        str, typer.Option(help="Of every epoch: recorded by training, computed from the snapshots, or auto.")
    ] = "auto",
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="Write all to this .csv, .jsonl or .parquet file; - is CSV to stdout."),
    ] = None,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show how each sample was learned: when, how often it was forgotten, and how sure the model was; hardest first."""
    from cutaway.api.documents import samples_document
    from cutaway.api.opening import open_run
    from cutaway.metrics import check_dynamics_sort
    from cutaway.topics.prediction.file import check_rows_file, write_rows, write_text

    check_dynamics_sort(sort)  # before anything is computed
    if output not in (None, "-"):
        check_rows_file(Path(output), what="samples")
    opened = open_run(run, data=data, runs=runs)
    found = opened.dynamics(split=split, predictions=predictions, progress=True)
    hardest = found.hardest(sort=sort)
    if output == "-":
        write_text([hardest], sys.stdout, lines=False)
    elif output is not None:
        count = write_rows([hardest], Path(output), what="samples")
        if as_json:
            print_json({"samples": count, "file": output})
        else:
            say(f"{count:,} samples written to {output}")
    elif as_json:
        print_json(samples_document(opened, hardest))
    else:
        _print(found, hardest.take(slice(limit or None)), sort=sort)


def _print(found: Any, shown: Any, *, sort: str) -> None:
    of = "" if found.split == "all" else f"{found.split} "
    title = f"{len(shown):,} of {len(found):,} {of}samples, by {sort}, in {len(found.epochs)} epochs"
    print_table([_row(record, epochs=len(found.epochs)) for record in shown.records()], title=title)
    say(COLUMNS)
    kinds = {kind: found.difficulty.count(kind) / len(found) for kind in ("easy", "ambiguous", "hard")}
    say(", ".join(f"{share:.1%} {kind}" for kind, share in kinds.items()) + ".")
    limit = f"{found.measures.ambiguous_from:.2f}"
    say(f"Ambiguous: var. above {limit}. Hard: another class was more probable on average.")
    if found.predictions == "recorded":
        say("Training samples were predicted while being trained on, with any dropout.")


def _row(record: dict[str, Any], *, epochs: int) -> dict[str, str]:
    return {
        "Sample": record["sample"],
        "Label": shorten(record["label"], 8),
        "Predicted": shorten(record["predicted"], 9),
        "First": "-" if record["first_learned"] is None else str(record["first_learned"]),
        "Forgot": str(record["forgotten"]),
        "Right": f"{round(record['correctness'] * epochs)}/{epochs}",
        "Conf.": number(record["confidence"], 2),
        "Var.": number(record["variability"], 2),
        "AUM": number(record["area_under_margin"], 2),
        **beside(record),
    }
