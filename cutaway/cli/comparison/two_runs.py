"""The command compare: two runs side by side."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cutaway.cli.loading import load_keras
from cutaway.cli.options import JsonOption, RunsOption
from cutaway.cli.output import beside, print_json, print_table, say, shorten
from cutaway.cli.typed import as_typed
from cutaway.errors import UsageError, printable
from cutaway.results.units import number, percent, points

from .many_runs import print_runs, span

if TYPE_CHECKING:
    from cutaway.topics.comparison.result import Comparison

WIDE = 24
"""Columns that a setting takes at most."""


_MATCHED = {
    "identity": "The others have the same source and row in both runs.",
    "content": "The others have the same inputs in both runs.",
}
"""How samples were found in both runs."""


def compare(
    run_a: Annotated[str | None, typer.Argument(metavar="A", help='A path, a run\'s name, or "latest".')] = None,
    run_b: Annotated[str | None, typer.Argument(metavar="B", help="The run that is compared with it.")] = None,
    leaderboard: Annotated[
        str | None, typer.Option("--leaderboard", metavar="DIR", help="List all runs of a folder instead, best first.")
    ] = None,
    shared: Annotated[
        bool, typer.Option("--shared", help="Compare runs on different data on the samples that both hold out.")
    ] = False,
    split: Annotated[str, typer.Option(help="Samples to predict: test or val.")] = "test",
    epochs: Annotated[str | None, typer.Option(help="Epochs of both, such as 1,5. Default: the kept ones.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Samples of each list; 0 for all. --json prints all.")] = 10,
    data: Annotated[
        str | None, typer.Option("--data", help="Where the data of both runs are now, or those of A.")
    ] = None,
    data_b: Annotated[str | None, typer.Option("--data-b", help="Where the data of B are now, if elsewhere.")] = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Compare two runs: settings, metrics, samples that were fixed or broken, and layers."""
    if leaderboard is not None:
        print_runs(leaderboard, given=run_a, as_json=as_json)
        return
    if run_a is None or run_b is None:
        raise UsageError(
            "compare takes two runs, or --leaderboard and a folder",
            got="none" if run_a is None else "one run",
            hint="try cutaway compare A B, or cutaway compare --leaderboard runs",
        )
    from cutaway.api.comparing import compare as compare_runs
    from cutaway.api.opening import open_run

    first = open_run(run_a, data=data, runs=runs)
    second = open_run(run_b, data=data if data_b is None else data_b, runs=runs)
    load_keras(first, second)
    found = compare_runs(first, second, split=split, epochs=parse_epochs(epochs), shared=shared, progress=True)
    if as_json:
        print_json(found.summary())
    else:
        _print(found, limit=limit or None)


def say_runs(runs: Sequence[str], epochs: Sequence[int]) -> None:
    """Print which run is A and which is B, and the epoch of each; of a single run its name."""
    for letter, name, epoch in zip("AB", runs, epochs, strict=False):
        say(f"{letter if len(runs) > 1 else 'Run'}  {printable(name)}, epoch {epoch}")


def parse_epochs(text: str | None) -> tuple[int | None, int | None]:
    """Parse ``"1,5"``.

    Raises:
        UsageError: It is not two whole numbers.
    """
    if text is None:
        return None, None
    try:
        first, second = (int(part) for part in text.split(","))
    except ValueError:
        raise UsageError("--epochs is one epoch for each run", got=f'"{text}"', hint="try --epochs 1,5") from None
    return first, second


def _print(found: "Comparison", *, limit: int | None) -> None:
    from cutaway.topics.comparison.settings import epochs_in_words

    say_runs(found.runs, found.epochs)
    summary = found.summary(limit)
    rows = [
        {"": each["section"], "Setting": shorten(each["setting"], WIDE), "A": _value(each["a"]), "B": _value(each["b"])}
        for each in summary["settings"]
    ]
    print_table(rows, title="Settings that differ")
    if not rows:
        say("No setting differs.")
    _print_metrics(summary, found.left_out.in_words())
    if said := epochs_in_words(found.epochs):
        say(said)
    for name, positions in (("fixed", found.fixed), ("broken", found.broken), ("moved", found.moved)):
        titles = {"fixed": "wrong in A, right in B", "broken": "right in A, wrong in B", "moved": "moved most"}
        _print_samples(summary[name], f"{titles[name]}: {len(summary[name])} of {len(positions):,} samples")
    say("Moved: change of the probability of the true class from A to B, in points.")
    _print_layers(summary)


def _print_metrics(summary: Mapping[str, Any], left_out: str) -> None:
    """Print accuracy and loss of both, the test of their difference, and which samples were left out."""
    a, b, difference = summary["a"], summary["b"], summary["difference"]
    rows = [
        {
            "": "Accuracy",
            **{name: f"{percent(run['accuracy'], 2)} ({span(run['accuracy_interval'])})" for name, run in _named(a, b)},
            "B - A": f"{points(difference['accuracy'])} ({_points(difference['accuracy_interval'])})",
        },
        {
            "": "Cross-entropy",
            **{name: number(run["loss"], 4) for name, run in _named(a, b)},
            "B - A": f"{difference['loss']:+.4f} ({_signed(difference['loss_interval'])})",
        },
    ]
    samples = "sample" if summary["samples"] == 1 else "samples"
    print_table(rows, title=f"On {summary['samples']:,} {summary['split']} {samples}, with 95% intervals")
    test = summary["mcnemar"]
    say(
        f"McNemar's test: {test['fixed']:,} fixed, {test['broken']:,} broken, p = {test['p_value']:.3g} "
        f"({test['method']})."
    )
    if left_out:
        say(f"Samples left out: {left_out}. {_MATCHED[summary['matched_by']]}")


def _named(a: Mapping[str, Any], b: Mapping[str, Any]) -> Sequence[tuple[str, Mapping[str, Any]]]:
    return ("A", a), ("B", b)


def _print_samples(samples: Sequence[Mapping[str, Any]], title: str) -> None:
    print_table(
        [
            {
                "Sample": shorten(each["sample"], 20),
                "Label": shorten(each["label"]),
                "A": shorten(each["predicted_a"]),
                "Conf. A": percent(each["confidence_a"], 1),
                "B": shorten(each["predicted_b"]),
                "Conf. B": percent(each["confidence_b"], 1),
                "Moved": points(each["moved"]),
                **beside(each),
            }
            for each in samples
        ],
        title=title[:1].upper() + title[1:],
    )


def _print_layers(summary: Mapping[str, Any]) -> None:
    """Print CKA of every two layers and how well units match, or why that is not known."""
    found = summary["layers"]
    if found is None:
        say(f"Layers were not compared: {printable(as_typed(summary['missing']['layers']))}")
        return
    rows = [
        {
            "A \\ B": shorten(name),
            **{shorten(other): number(value, 3) for other, value in zip(found["b"], row, strict=True)},
        }
        for name, row in zip(found["a"], found["cka"], strict=True)
    ]
    say(f"CKA of layers, on {found['samples']:,} samples:")  # a title would be broken at the width of the table
    print_table(rows)
    rows = [
        {
            "Layer of A": shorten(each["a"]),
            "Layer of B": shorten(each["b"]),
            "Units": str(len(each["unit_b"])),
            "Correlation": number(each["mean_correlation"], 3),
            "By chance": number(each["by_chance"], 3),
            "Constant": str(each["constant"]),
        }
        for each in found["units"]
    ]
    print_table(rows, title="Units matched one to one by their activations")
    for each in found["unmatched"]:
        say(f"Units of {printable(each['a'])} and {printable(each['b'])} were not matched: {printable(each['why'])}.")


def _value(value: Any) -> str:
    if value is None:
        return "-"
    return shorten(f"{value:g}" if isinstance(value, float) else str(value), WIDE)


def _points(interval: Sequence[float]) -> str:
    return f"{points(interval[0])} to {points(interval[1])}"


def _signed(interval: Sequence[float | None]) -> str:
    return " to ".join("-" if limit is None else f"{limit:+.4f}" for limit in interval)
