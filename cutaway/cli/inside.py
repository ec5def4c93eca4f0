"""Commands that look into the model: a layer's units, and what `cutaway layers --history` prints."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from .output import JsonOption, RunArgument, RunsOption, print_json, print_table

NAME = 12
"""Longer names of layers and classes are cut in tables, which fit 80 columns."""


def layer_history(opened: Any, *, layer: str | None = None, as_json: bool = False) -> None:
    """Print every measure of every layer by epoch; what ``cutaway layers RUN --history`` does.

    Args:
        opened: The run.
        layer: Name of the only layer to show; all of them if None.
        as_json: Whether to answer with one JSON document.

    Raises:
        UnknownNameError: There is no such layer.
    """
    from cutaway.api.layers import evenly_spaced
    from cutaway.api.layers import layer_history as measure
    from cutaway.api.layers import similarity as compare
    from cutaway.api.progress import show_progress
    from cutaway.api.units import defined
    from cutaway.errors import UnknownNameError

    with show_progress(True) as on_progress:
        history = measure(opened, on_progress=on_progress)
    names = list(dict.fromkeys(record.layer for record in history.records))
    if layer is not None and layer not in names:
        known = ", ".join(names)
        raise UnknownNameError(f"measured layers of this run are {known}", got=f'"{layer}"', hint="name one of these")
    records = [r for r in history.records if layer is None or r.layer == layer]
    table = None
    if layer is not None and len({r.epoch for r in records}) > 1:
        with show_progress(True) as on_progress:
            table = compare(opened, layer, on_progress=on_progress)
    if as_json:
        document: dict[str, Any] = {"run": str(opened.path), "split": history.split, "k": history.k, "layers": records}
        if table is not None:
            cka = [[defined(value) for value in row] for row in table.to_numpy().tolist()]
            document["between_epochs"] = {"epochs": list(table.index), "cka": cka}
        print_json(document)
        return
    records.sort(key=lambda r: (names.index(r.layer), r.epoch))
    samples = f"{records[0].samples:,} samples of the {history.split} split"
    print_table([_known(r) for r in records], title=f"What each layer knows: {samples}")
    print_table([_worked(r) for r in records], title="How it works")
    if layer is None and len(names) > 1:
        last = [r for r in records if r.epoch == records[-1].epoch]
        rows = [{"CKA": _cut(r.layer), **{_cut(n): _number(_to(r, n), 3) for n in names[:6]}} for r in last]
        print_table(rows, title=f"How alike layers are after epoch {records[-1].epoch}")
    if table is not None:
        epochs, cka = list(table.index), table.to_numpy().tolist()
        shown = evenly_spaced(range(len(epochs)), 8)
        rows = [
            {"CKA": str(epoch), **{str(epochs[i]): _number(defined(row[i]), 3) for i in shown}}
            for epoch, row in zip(epochs, cka, strict=True)
        ]
        print_table(rows, title=f"How alike {_cut(layer or '')} is to itself between epochs")


def units(
    run: RunArgument,
    layer: Annotated[str | None, typer.Option(help="Hidden layer; the last one if not given.")] = None,
    epoch: Annotated[int, typer.Option(help="Epoch; -1 is the last, 0 the model as initialized.")] = -1,
    split: Annotated[str, typer.Option(help="Samples to measure: train, val, test or all.")] = "test",
    sort: Annotated[
        str, typer.Option(help="unit, removal, selectivity, similarity, mean or firing; the largest first.")
    ] = "removal",
    limit: Annotated[int, typer.Option(min=0, help="Units to print; 0 for all. --json always gives all.")] = 20,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show what each unit of a hidden layer is for, which unit is like it, and what its removal costs."""
    from cutaway.api.progress import show_progress
    from cutaway.api.run import open_run
    from cutaway.api.units import SORTS
    from cutaway.api.units import units as measure
    from cutaway.errors import UnknownNameError

    if sort not in SORTS:  # said before anything is computed
        raise UnknownNameError(f"units are sorted by {', '.join(SORTS)}", got=f'"{sort}"', hint='try "removal"')
    opened = open_run(run, runs=runs)
    with show_progress(True) as on_progress:
        found = measure(opened, layer, split=split, epoch=epoch, on_progress=on_progress)
    summaries = found.summaries(sort)
    if as_json:
        head = {"run": str(opened.path), "layer": found.layer, "epoch": found.epoch, "split": split}
        print_json({**head, "accuracy": found.ablation.accuracy, "units": summaries})
        return
    shown = summaries[:limit] if limit else summaries
    title = f"{found.layer} after epoch {found.epoch}: {len(shown)} of {len(summaries)} units, by {sort}"
    print_table([_card(summary_of) for summary_of in shown], title=title)
    constant = int(found.constant.sum())
    print(
        f"Accuracy on {split} with all units {found.ablation.accuracy:.4f}; constant on all the data: {constant} units"
    )


def _known(record: Any) -> dict[str, str]:
    return {
        "Layer": _cut(record.layer),
        "Epoch": str(record.epoch),
        "k-NN": _number(record.knn_accuracy, 4),
        "Probe": _number(record.probe_accuracy, 4),
        "Separation": _number(record.separation, 3),
        "Eff. rank": _number(record.effective_rank, 1),
        "CKA before": _number(record.cka_previous, 3),
        "CKA last": _number(record.cka_last, 3),
    }


def _worked(record: Any) -> dict[str, str]:
    return {
        "Layer": _cut(record.layer),
        "Epoch": str(record.epoch),
        "Mean": _number(record.mean, 3),
        "Std": _number(record.std, 3),
        "Zeros": _share(record.sparsity),
        "Constant": _share(record.constant),
        "Satur.": _share(record.saturated),
        "Weights": _number(record.weight_norm, 5),
        "Update": _number(record.update_norm, 5),
    }


def _card(summary_of: Mapping[str, Any]) -> dict[str, str]:
    return {
        "Unit": str(summary_of["unit"]),
        "Mean": _number(summary_of["mean"], 3),
        "Fires": "constant" if summary_of["constant"] else _share(summary_of["firing"]),
        "For": _cut(summary_of["favorite"] or "-"),
        "Select.": _number(summary_of["selectivity"], 3),
        "Like": "-" if summary_of["similar"] is None else str(summary_of["similar"]),
        "Corr.": _number(summary_of["similarity"], 3),
        "Removal": f"{-100 * summary_of['removal']:+.2f} %",
        "Hurts": f"{_cut(summary_of['hurts'])} {-100 * summary_of['hurts_cost']:+.2f} %"
        if summary_of["hurts"]
        else "-",
    }


def _to(record: Any, name: str) -> float | None:
    return 1.0 if record.layer == name else record.cka_layers[name]


def _cut(name: str) -> str:
    return name if len(name) <= NAME else f"{name[: NAME - 1]}…"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
