"""Commands about model files: open and export."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import EpochOption, JsonOption, RunArgument, RunsOption
from .output import print_json, print_table, say

if TYPE_CHECKING:
    from cutaway.api.model_files import ModelSummary


REPLACE = "replace the parts listed above and save the model again"
RECORD = "fit it with cutaway.Recorder, which keeps history, test metrics and predictions of any model"


def open_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A .keras file, or an .h5 file of a whole model.")],
    as_json: JsonOption = False,
) -> None:
    """List the layers of anyone's model file and say whether it can be opened; no code from it is run."""
    from cutaway.api.documents import model_document
    from cutaway.api.model_files import inspect_model
    from cutaway.api.model_files import open_model as build
    from cutaway.errors import CutawayError, ModelError

    os.environ["KERAS_BACKEND"] = "jax"  # a file is opened in the same way, whichever backend a user has chosen
    summary = inspect_model(model)
    failed = None
    try:
        build(model)
    except CutawayError as error:  # the contents of the file are shown anyway
        failed = error
    if as_json:
        print_json(model_document(summary, why=None if failed is None else str(failed)))
    else:
        _print_summary(summary)
    if failed and summary.refused:  # the next step of the error is the command that was just run
        raise ModelError(failed.rule, got=failed.got, hint=f"{REPLACE}, or {RECORD}")
    if failed:
        raise failed


def _print_summary(summary: "ModelSummary") -> None:
    written = f"Keras {summary.keras_version}" if summary.keras_version else "an unknown version of Keras"
    say(f"{summary.name}: {summary.kind}, input {_shape(summary.input)}, written by {written}\n")
    print_table([_row(layer) for layer in summary.layers])
    unknown = sum(layer["parameters"] is None for layer in summary.layers)
    more = f", not counting {unknown} unknown layers" if unknown else ""
    say(f"{summary.parameters:,} parameters{more}")
    for reason in summary.problems:
        say(f"  refused  the model: {reason}")
    for layer in summary.layers:
        for reason in layer["refused"]:
            say(f"  refused  {layer['name']}: {reason}")
        for note in layer["notes"]:
            say(f"  note     {layer['name']} {note}")


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
    epoch: EpochOption = None,
    preparation: Annotated[
        bool,
        typer.Option(
            "--preparation/--no-preparation",
            help="Whether the file prepares raw samples itself. Otherwise a JSON file next to it says how.",
        ),
    ] = True,
    input: Annotated[str, typer.Option(help="Input type of an .onnx file: auto, uint8 or float32.")] = "auto",  # noqa: A002
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Write the model of a run into a file that plain Keras opens, or an ONNX graph; it takes raw samples."""
    from cutaway.api.documents import export_document
    from cutaway.api.model_files import write_export
    from cutaway.api.opening import open_run

    opened = open_run(run, runs=runs)
    written = write_export(opened, to, preparation=preparation, epoch=epoch, input=input)
    if as_json:
        print_json(export_document(opened, written, epoch=opened.context.epoch(epoch)))
        return
    say(f"{written.file}  ({written.file.stat().st_size / 1e6:.1f} MB)")
    if written.preparation is not None:
        why = f"cannot, because {written.why}" if written.why else "does not"
        say(f"{written.preparation}: how to prepare samples first; the model {why}")
