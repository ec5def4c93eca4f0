"""The command units: what each unit of a hidden layer is for."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from .options import EpochOption, JsonOption, RunArgument, RunsOption
from .output import number, percent, points, print_json, print_table, shorten


def units(
    run: RunArgument,
    layer: Annotated[str | None, typer.Option(help="Hidden layer. Default: the last one.")] = None,
    epoch: EpochOption = None,
    split: Annotated[str, typer.Option(help="Samples to measure: train, val, test or all.")] = "test",
    sort: Annotated[
        str, typer.Option(help="unit, ablation_cost, selectivity, similarity, mean or firing; the largest first.")
    ] = "ablation_cost",
    limit: Annotated[int, typer.Option(min=0, help="Units to print; 0 for all. --json always prints all.")] = 20,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show what each unit of a hidden layer is for, which unit is most similar, and what accuracy is without it."""
    from cutaway.api.analyses import check_sort
    from cutaway.api.documents import units_document
    from cutaway.api.run import open_run

    check_sort(sort)  # before anything is computed
    opened = open_run(run, runs=runs)
    found = opened.units(layer, split=split, epoch=epoch)
    if as_json:
        print_json(units_document(opened, found, sort=sort))
        return
    summaries = found.summaries(sort)
    shown = summaries[:limit] if limit else summaries
    title = f"{found.layer} after epoch {found.epoch}: {len(shown)} of {len(found)} units, by {sort}"
    print_table([_row(summary) for summary in shown], title=title)
    print("Cost: percentage points of accuracy lost when the unit is set to zero")
    print("Most affected: the class that loses most, and how much of its accuracy")
    print(f"Accuracy on {split} with all units: {percent(found.ablation.accuracy, 2)}")
    print(f"Constant on all data: {int(found.constant.sum())} of {len(found)} units")


def _row(summary: Mapping[str, Any]) -> dict[str, str]:
    cost = points(summary["most_affected_cost"])
    return {
        "Unit": str(summary["unit"]),
        "Mean": number(summary["mean"], 3),
        "Fires": "constant" if summary["constant"] else percent(summary["firing"]),
        "Class": shorten(summary["preferred_class"] or "-"),
        "Select.": number(summary["selectivity"], 3),
        "Similar": "-" if summary["similar"] is None else str(summary["similar"]),
        "Corr.": number(summary["similarity"], 3),
        "Cost": points(summary["ablation_cost"]),
        "Most affected": f"{shorten(summary['most_affected'])} {cost}" if summary["most_affected"] else "-",
    }
