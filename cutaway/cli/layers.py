"""The command layers: what each layer is, and what it knows after each epoch."""

from typing import Annotated, Any

import typer

from cutaway.results.units import number, percent

from .loading import load_keras
from .options import DataOption, EpochOption, JsonOption, RunArgument, RunsOption
from .output import print_json, print_table, say, shorten

KNOWLEDGE = """\
k-NN: accuracy of a vote of the nearest samples. Probe: of a linear classifier.
Separation: variance between the classes over the variance within them.
Eff. rank: how many dimensions the activations fill.
CKA: similarity to the layer one epoch before and in the last one, from 0 to 1."""
"""What the columns mean."""

CKA_COLUMNS = 6
"""The most layers beside each other in a table of CKA."""


def layers(
    run: RunArgument,
    layer: Annotated[str | None, typer.Option(help="Show only this layer, with its configuration.")] = None,
    epoch: EpochOption = None,
    history: Annotated[bool, typer.Option("--history", help="Show what each layer knows after every epoch.")] = False,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show what each layer is and holds, and how many of its units are inactive."""
    from cutaway.api.documents import layers_document
    from cutaway.api.opening import open_run
    from cutaway.checks import meant
    from cutaway.errors import UnknownNameError, UsageError

    if history and epoch is not None:
        raise UsageError("--history shows every epoch", got=f"--epoch {epoch}", hint="leave one of the two out")
    opened = open_run(run, data=data, runs=runs)
    load_keras(opened)
    if history:
        _layer_history(opened, layer=layer, as_json=as_json)
        return
    records = opened.layers(epoch=epoch, progress=True)
    number_of_epoch = opened.context.epoch(epoch)
    if layer is not None:
        names = [record.name for record in records]
        if layer not in names:
            raise UnknownNameError(
                f"layers of this run are {', '.join(names)}", got=f'"{layer}"', hint=meant(layer, names)
            )
        records = type(records)(record for record in records if record.name == layer)
    if as_json:
        print_json(layers_document(opened, records, epoch=number_of_epoch))
        return
    print_layers(records, title=f"Layers after epoch {number_of_epoch}")
    if layer is not None:
        print_table([_weight(w) for w in records[0].weights])
        print_table([{"Setting": key, "Value": _setting(value)} for key, value in records[0].config.items()])


def print_layers(records: Any, *, title: str) -> None:
    """Print layer records as a table that fits into 80 columns; the weights are those of the kernel."""
    rows = []
    for record in records:
        kernel, share = (record.weights[0] if record.weights else None), record.inactive_share
        row = {
            "Layer": record.name,
            "Kind": record.kind,
            "Output": " x ".join(str(side) for side in record.output_shape),
            "Params": f"{record.parameters:,}",
            "Inactive": "" if share is None else f"{record.inactive} ({share:.1%})",
        }
        for name in ("mean", "std", "min", "max"):
            row[f"W {name}"] = f"{getattr(kernel, name):.3f}" if kernel else ""
        rows.append(row)
    print_table(rows, title=title)


def _weight(weight: Any) -> dict[str, str]:
    values = {part.capitalize(): f"{getattr(weight, part):.5f}" for part in ("mean", "std", "min", "max")}
    return {"Weight": weight.name, "Shape": str(weight.shape), **values}


def _setting(value: Any) -> str:
    """A setting of a layer in a few words; an initializer or its like as Keras would write it: "L2(l2=0.01)"."""
    if not isinstance(value, dict) or "class_name" not in value:
        return "-" if value is None else str(value)
    config: Any = value.get("config")
    given = config.items() if isinstance(config, dict) else ()
    details = ", ".join(f"{key}={entry}" for key, entry in given if entry is not None)
    return f"{value['class_name']}({details})" if details else str(value["class_name"])


def _layer_history(opened: Any, *, layer: str | None, as_json: bool) -> None:
    """Print every measure of every layer after each epoch."""
    from cutaway.api.documents import layer_history_document
    from cutaway.checks import meant
    from cutaway.errors import UnknownNameError

    history = opened.layer_history()
    names = list(dict.fromkeys(record.layer for record in history.records))
    if layer is not None and layer not in names:
        known = ", ".join(names)
        raise UnknownNameError(f"measured layers of this run are {known}", got=f'"{layer}"', hint=meant(layer, names))
    records = [r for r in history.records if layer is None or r.layer == layer]
    several = layer is not None and len({r.epoch for r in records}) > 1
    similarity = opened.similarity(layer) if several else None
    if as_json:
        print_json(layer_history_document(opened, history, layer=layer, similarity=similarity))
        return
    records.sort(key=lambda r: (names.index(r.layer), r.epoch))
    samples = f"{records[0].samples:,} samples of the {history.split} split"
    print_table([_knowledge(r) for r in records], title=f"What each layer knows, measured on {samples}")
    if history.note:
        say(f"Measured on {history.note}.")
    say(KNOWLEDGE)
    print_table([_activity(r) for r in records], title="Activations and weights")
    if layer is None and len(names) > 1:
        kept = history.measured_epoch()
        of_kept = [r for r in records if r.epoch == kept]
        print_table(_cka_rows(of_kept, names[:CKA_COLUMNS]), title=f"CKA between layers after epoch {kept}")
    if similarity is not None:
        print_table(_epoch_rows(similarity), title=f"CKA of {shorten(layer or '')} between epochs")


def _knowledge(record: Any) -> dict[str, str]:
    return {
        "Layer": shorten(record.layer),
        "Epoch": str(record.epoch),
        "k-NN": percent(record.knn_accuracy, 1),
        "Probe": percent(record.probe_accuracy, 1),
        "Separation": number(record.separation, 3),
        "Eff. rank": number(record.effective_rank, 1),
        "CKA prev.": number(record.cka_previous, 3),
        "CKA last": number(record.cka_last, 3),
    }


def _activity(record: Any) -> dict[str, str]:
    return {
        "Layer": shorten(record.layer),
        "Epoch": str(record.epoch),
        "Mean": number(record.mean, 3),
        "Std": number(record.std, 3),
        "Zeros": percent(record.sparsity, 1),
        "Constant": percent(record.constant, 1),
        "Saturated": percent(record.saturated, 1),
        "Weights": number(record.weight_norm, 5),
        "Update": number(record.update_norm, 5),
    }


def _cka_rows(records: list[Any], names: list[str]) -> list[dict[str, str]]:
    def cka(record: Any, name: str) -> float | None:
        return 1.0 if record.layer == name else record.cka_layers[name]

    return [{"CKA": shorten(r.layer), **{shorten(n): number(cka(r, n), 3) for n in names}} for r in records]


def _epoch_rows(similarity: Any) -> list[dict[str, str]]:
    from cutaway.results.plain import defined
    from cutaway.results.table import evenly_spaced

    epochs, cka = list(similarity.index), similarity.to_numpy().tolist()
    shown = evenly_spaced(range(len(epochs)), 8)
    return [
        {"CKA": str(epoch), **{str(epochs[i]): number(defined(row[i]), 3) for i in shown}}
        for epoch, row in zip(epochs, cka, strict=True)
    ]
