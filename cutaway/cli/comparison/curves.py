"""The command robustness: accuracy while samples and weights get worse."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cutaway.cli.loading import load_keras
from cutaway.cli.options import EpochOption, JsonOption, RunArgument, RunsOption, SeedOption
from cutaway.cli.output import print_json, print_table, say
from cutaway.errors import printable
from cutaway.results.units import percent, points

if TYPE_CHECKING:
    from cutaway.topics.robustness.result import Robustness


def robustness(
    run: RunArgument,
    other: Annotated[
        str | None, typer.Argument(metavar="OTHER", help="A second run on the same samples, shown beside it.")
    ] = None,
    perturbation: Annotated[
        list[str] | None,
        typer.Option(
            help="noise, shift, rotation, occlusion, missing, column_noise, pruning or quantization; may be "
            "repeated. Default: all that apply."
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Samples to predict: train, val, test or all.")] = "test",
    epoch: EpochOption = None,
    samples: Annotated[int, typer.Option(min=1, help="The most samples.")] = 2000,
    shared: Annotated[
        bool, typer.Option("--shared", help="Show runs on different data on the samples that both hold out.")
    ] = False,
    seed: SeedOption = 0,
    data: Annotated[
        str | None, typer.Option("--data", help="Where the data of both runs are now, or those of RUN.")
    ] = None,
    data_b: Annotated[
        str | None, typer.Option("--data-b", help="Where the data of OTHER are now, if elsewhere.")
    ] = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show how long a model stays right while its samples, or its weights, get worse."""
    from cutaway.api.opening import open_run

    first = open_run(run, data=data, runs=runs)
    second = None if other is None else open_run(other, data=data if data_b is None else data_b, runs=runs)
    load_keras(first)
    found = first.robustness(
        second,
        perturbations=perturbation or None,
        split=split,
        epoch=epoch,
        samples=samples,
        seed=seed,
        shared=shared,
        progress=True,
    )
    if as_json:
        print_json(found.summary())
    else:
        _print(found)


def _print(found: "Robustness") -> None:
    for letter, name, epoch in zip("AB", found.runs, found.epochs, strict=False):
        say(f"{letter if len(found.runs) > 1 else 'Run'}  {printable(name)}, epoch {epoch}")
    rows: dict[tuple[str, float], list[dict[str, Any]]] = {}
    for row in found.summaries():
        rows.setdefault((row["perturbation"], row["severity"]), []).append(row)
    heads = ("A", "B") if len(found.runs) > 1 else ("Accuracy",)
    for curve in found.curves:
        of_curve = [each for (name, _), each in rows.items() if name == curve.perturbation]
        say(f"\n{curve.perturbation}: {curve.parameter}")
        print_table([_row(each, heads) for each in of_curve])
    for name, why in found.left_out.items():
        say(f"{name} does not apply: {printable(why)}.")
    say(f"Accuracy of {found.samples:,} {found.split} samples, with 95% intervals, in percent.")


def _row(rows: list[dict[str, Any]], heads: tuple[str, ...]) -> dict[str, str]:
    shown = {"Severity": f"{rows[0]['severity']:g}"}
    for head, row in zip(heads, rows, strict=True):
        shown[head] = f"{percent(row['accuracy'], 2)} ({100 * row['low']:.2f} to {100 * row['high']:.2f})"
    if len(rows) > 1:
        last = rows[-1]
        limits = f"{points(last['difference_low'])} to {points(last['difference_high'])}"
        shown["B - A"] = f"{points(last['difference'])} ({limits})"
    return shown
