"""The command units: what each unit of a hidden layer is for."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cutaway.results.units import number, percent, points

from .loading import load_keras
from .options import DataOption, EpochOption, JsonOption, RunArgument, RunsOption, SeedOption
from .output import print_json, print_table, say, shorten


def units(
    run: RunArgument,
    layer: Annotated[str | None, typer.Option(help="Hidden layer. Default: the last one.")] = None,
    epoch: EpochOption = None,
    split: Annotated[str, typer.Option(help="Samples to measure: train, val, test or all.")] = "test",
    sort: Annotated[
        str,
        typer.Option(help="unit, ablation_cost, selectivity, similarity, mean or firing; the largest first."),
    ] = "ablation_cost",
    limit: Annotated[int, typer.Option(min=0, help="Units to print; 0 for all. --json always prints all.")] = 20,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show what each unit of a hidden layer is for, which unit is most similar, and what its ablation costs."""
    from cutaway.api.documents import units_document
    from cutaway.api.opening import open_run
    from cutaway.topics.units.measuring import check_sort

    check_sort(sort)  # before anything is computed
    opened = open_run(run, data=data, runs=runs)
    load_keras(opened)
    found = opened.units(layer, split=split, epoch=epoch)
    if as_json:
        print_json(units_document(opened, found, sort=sort))
        return
    summaries = found.summaries(sort)
    shown = summaries[:limit] if limit else summaries
    title = f"{found.layer} after epoch {found.epoch}: {len(shown)} of {len(found)} units, by {sort}"
    print_table([_row(summary) for summary in shown], title=title)
    say("Cost: rise of the loss without the unit, ± standard error; ~0: not measurable.")
    accuracy = percent(found.ablation.accuracy, 2)
    say(f"Acc.: change of accuracy in points; with all units it is {accuracy} on {split}.")
    measurable, constant = int(found.ablation.measurable.sum()), int(found.constant.sum())
    has, are = "has" if measurable == 1 else "have", "is" if constant == 1 else "are"
    say(f"{measurable} of {len(found)} units {has} a measurable cost; {constant} {are} constant on all data.")


def importance(
    run: RunArgument,
    epoch: EpochOption = None,
    split: Annotated[str, typer.Option(help="Samples to predict: train, val, test or all.")] = "test",
    samples: Annotated[int | None, typer.Option(min=2, help="The most samples.")] = 10_000,
    repeats: Annotated[int, typer.Option(help="How often each column is shuffled.")] = 5,
    limit: Annotated[int, typer.Option(min=0, help="Columns to print; 0 for all. --json always prints all.")] = 20,
    seed: SeedOption = 0,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show which columns of a table the model needs: how much worse it predicts once a column is shuffled."""
    from cutaway.api.documents import importance_document
    from cutaway.api.opening import open_run

    opened = open_run(run, data=data, runs=runs)
    load_keras(opened)
    found = opened.importance(split=split, epoch=epoch, samples=samples, repeats=repeats, seed=seed, progress=True)
    if as_json:
        print_json(importance_document(opened, found))
        return
    summaries = found.summaries()
    shown = summaries[:limit] if limit else summaries
    rows = [
        {
            "Column": shorten(row["column"]),
            "Loss": f"+{row['loss_increase']:.4f}±{row['loss_error']:.4f}" if row["measurable"] else "~0",
            "Accuracy": f"{points(-row['accuracy_decrease'])}±{points(row['accuracy_error']).lstrip('+')}",
        }
        for row in shown
    ]
    title = f"{len(shown)} of {len(found)} columns, by rise of the loss, after epoch {found.epoch}"
    print_table(rows, title=title)
    m = found.measures
    say(f"Change once a column is shuffled among {found.samples:,} {split} samples, ± standard error.")
    say(f"Before it the cross-entropy is {m.loss:.4f}, the accuracy {percent(m.accuracy, 2)}. ~0: not measurable.")
    say("A column that others can stand in for matters little by itself.")


def _row(summary: Mapping[str, Any]) -> dict[str, str]:
    from cutaway.topics.units.measuring import cost_in_digits

    cost, error = cost_in_digits(summary)
    affected = points(-summary["most_affected_cost"])
    return {
        "Unit": str(summary["unit"]),
        "Fires": "constant" if summary["constant"] else percent(summary["firing"], 1),
        "Class": shorten(summary["preferred_class"] or "-"),
        "Select.": number(summary["selectivity"], 3),
        "Similar": "-" if summary["similar"] is None else f"{summary['similar']} ({number(summary['similarity'], 2)})",
        "Cost": f"{cost}±{error}" if summary["measurable"] else "~0",
        "Acc.": points(-summary["accuracy_cost"]),
        "Affects": f"{shorten(summary['most_affected'])} {affected}" if summary["most_affected"] else "-",
    }
