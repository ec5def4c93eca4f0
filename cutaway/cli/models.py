"""Commands about models from elsewhere and to elsewhere: open and export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import JsonOption, RunArgument, RunsOption, print_json, print_table

if TYPE_CHECKING:
    from cutaway.api.models import ModelSummary


def open_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A .keras file, or an .h5 file of a whole model.")],
    as_json: JsonOption = False,
) -> None:
    """List the layers of anyone's model file and say whether it opens; no code from it is run."""
    from cutaway.api.models import inspect_model
    from cutaway.api.models import open_model as build
    from cutaway.errors import CutawayError

    summary = inspect_model(model)
    failed = None
    try:
        build(model)
    except CutawayError as error:  # what is in the file is shown all the same
        failed = error
    if as_json:
        print_json({**vars(summary), "opens": failed is None, "why": failed and str(failed)})
    else:
        _print_summary(summary)
    if failed:
        raise failed


def _print_summary(summary: "ModelSummary") -> None:
    written = f"Keras {summary.keras_version}" if summary.keras_version else "an unknown version of Keras"
    print(f"{summary.name}: {summary.kind}, input {_shape(summary.input)}, written by {written}\n")
    print_table([_row(layer) for layer in summary.layers])
    unknown = sum(layer["parameters"] is None for layer in summary.layers)
    more = f", and those of {unknown} layers that are not known" if unknown else ""
    print(f"{summary.parameters:,} parameters{more}")
    for layer in summary.layers:
        for reason in layer["refused"]:
            print(f"  refused  {layer['name']}: {reason}")
        for note in layer["notes"]:
            print(f"  note     {layer['name']} {note}")


def _row(layer: Any) -> dict[str, str]:
    return {
        "Layer": layer["name"],
        "Kind": layer["kind"],
        "Output": _shape(layer["shape"]),
        "Params": "?" if layer["parameters"] is None else f"{layer['parameters']:,}",
        "Opens": "no" if layer["refused"] else "yes",
    }


def _shape(shape: tuple[int, ...] | None) -> str:
    return "?" if shape is None else " x ".join(str(side) for side in shape)


def export(
    run: RunArgument,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="File to write, ending in .keras or .onnx.")],
    epoch: Annotated[int, typer.Option(help="Epoch; -1 is the last, 0 the model as initialized.")] = -1,
    input: Annotated[str, typer.Option(help="Raw samples that an .onnx takes: auto, uint8 or float32.")] = "auto",  # noqa: A002
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Write the model of a run into a file that plain Keras opens, or an ONNX graph with its preprocessing."""
    from cutaway.api.models import export as write
    from cutaway.api.run import open_run

    opened = open_run(run, runs=runs)
    file = write(opened, to, epoch=epoch, input=input)
    if as_json:
        epoch = opened.folder.resolve_epoch(epoch)
        print_json({"run": str(opened.path), "epoch": epoch, "file": str(file), "bytes": file.stat().st_size})
    else:
        print(f"{file}  ({file.stat().st_size / 1e6:.1f} MB)")
