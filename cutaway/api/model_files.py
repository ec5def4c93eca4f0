"""Model files: `open_model` reads anyone's, `export` writes one for other programs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway._lazy import public
from cutaway.errors import UsageError
from cutaway.runs import RUNS, write_output

from .opening import open_run
from .run import Run
from .written import WrittenFile

if TYPE_CHECKING:
    from cutaway.models import Model

ENDINGS = (".keras", ".onnx")
INPUTS = ("auto", "uint8", "float32")


@dataclass(frozen=True)
class ModelSummary:
    """What a model file says about itself, whether it can be opened or not.

    Attributes:
        file: Where it is.
        format: "keras" or "h5".
        keras_version: What wrote it; "" if the file does not say.
        name: Of the model.
        kind: "Sequential" or "Functional".
        input: Shape of one sample; None where that is not known.
        layers: For each layer name, kind, inputs, shape, parameters (both None where they are not known), refused
            (the reasons, a clause each) and notes (what will differ from the file).
        parameters: Of all layers of which they are known.
        problems: Reasons against opening it that are those of no single layer.
        refused: Every reason against opening it; empty if it can be opened.
    """

    file: str
    format: str
    keras_version: str
    name: str
    kind: str
    input: tuple[int, ...] | None
    layers: tuple[Mapping[str, Any], ...]
    parameters: int
    problems: tuple[str, ...]
    refused: tuple[str, ...]


def inspect_model(path: str | os.PathLike[str]) -> ModelSummary:
    """List the layers of a model file, including those that cutaway refuses to open; nothing is built.

    Raises:
        UnknownNameError: There is no such file.
        DataError: It is not a model file, or damaged.
    """
    from cutaway.models.importing import read_model

    file = read_model(path)
    layers = tuple(
        {
            "name": layer.name,
            "kind": layer.kind,
            "inputs": layer.inputs,
            "shape": layer.shape,
            "parameters": file.parameters(layer),
            "refused": layer.problems,
            "notes": layer.notes,
        }
        for layer in file.model.layers
    )
    return ModelSummary(
        file=str(path),
        format=file.form,
        keras_version=file.model.version,
        name=file.model.name,
        kind=file.model.kind,
        input=file.model.shape,
        layers=layers,
        parameters=sum(file.parameters(layer) or 0 for layer in file.model.layers),
        problems=file.model.problems,
        refused=file.model.refused,
    )


@public
def open_model(path: str | os.PathLike[str]) -> "Model":
    """Open a .keras file, or an .h5 file of a whole model, by anyone: no code from the file is run.

    The model is built from cutaway's own list of layers and computes what Keras' own loader would. Initializers are
    Keras' defaults, and what the file says of optimizer, loss and metrics is not read: compile it to train it.

    Args:
        path: The file, of Keras 2 or 3.

    Raises:
        UnknownNameError: There is no such file.
        ModelError: It holds a layer or a setting that is not on the list; `cutaway open` shows them all.
        DataError: It is damaged, or something in it is larger than the limits.
    """
    from cutaway.models.importing import build_from_file, read_model

    return build_from_file(read_model(path))


@public
def export(
    run: Run | str | Path,
    path: str | Path,
    *,
    epoch: int | None = None,
    input: str = "auto",  # noqa: A002  # the same word as on the command line
    runs: str | Path = RUNS,
) -> Path:
    """Write the model of a run into a file for other programs.

    - ``.keras`` opens in plain Keras; the model takes samples divided by the data's scale, as in training.
    - ``.onnx`` is one graph from raw samples ``(batch, *shape of a sample)`` to the model's outputs: it includes the
      division by the scale and the reshaping. It needs the package onnx.

    The model of a table takes the inputs that the columns have become, ``(batch, input)``, as ``run.data.x(ids)``
    returns them; ``run.data.feature_names`` are their names. The preparation itself stays in the run's ``run.json``.

    Args:
        run: A `Run`, a path, a run's name in `runs`, or "latest".
        path: The file to write, ending in .keras or .onnx; what is there is replaced.
        epoch: Number of the epoch whose weights are written; the kept one if None.
        input: Of an ONNX file: "uint8" or "float32", raw samples both; "auto" is uint8 where the data are bytes with
            the scale 255, else float32.
        runs: Folder in which names are looked up.

    Returns:
        The file's path.

    Raises:
        UnknownNameError: There is no such run or epoch.
        UsageError: The file has another ending or cannot be written, or onnx is not installed.
    """
    target = Path(path)
    _check_target(target, input)
    if not isinstance(run, Run | str | Path):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(
            "export takes a run, its path or its name",
            got=f"a value of the type {type(run).__name__}",
            hint='pass the run itself; a Keras model has its own save("model.keras"), and record makes it a run',
        )
    opened = run if isinstance(run, Run) else open_run(run, runs=runs)
    packed = _packed(opened, opened.model(epoch), kind=input if target.suffix == ".onnx" else None)
    try:
        write_output(target, packed)
    except OSError as error:
        raise UsageError(
            "an export needs a file that can be written", got=f"{error.strerror}: {target}", hint="name another file"
        ) from error
    return WrittenFile(target)


def _packed(run: Run, model: "Model", *, kind: str | None) -> bytes:
    """A model of a run as .onnx with an input of some kind, or as .keras where that is None."""
    if kind is None:
        from cutaway.models.exporting import to_keras

        return to_keras(model)
    from cutaway.models.exporting import to_onnx

    record = run.folder.manifest.dataset
    dtype: Any = kind if kind != "auto" else "uint8" if record.scale == 255 else "float32"
    return to_onnx(model, shape=record.shape, scale=record.scale, dtype=dtype, class_names=run.class_names)


def _check_target(target: Path, kind: str) -> None:
    if target.suffix not in ENDINGS or target.is_dir() or not target.parent.is_dir():
        raise UsageError(
            f"an export needs the name of a file that ends in {' or '.join(ENDINGS)}, in a folder that exists",
            got=f'"{target}"',
            hint="name a file such as model.keras, and make its folder first",
        )
    if kind not in INPUTS or (kind != "auto" and target.suffix != ".onnx"):
        raise UsageError(
            f"input is one of {', '.join(INPUTS)}, and chosen for .onnx alone",
            got=f'"{kind}" for {target.name}',
            hint="leave it out",
        )
