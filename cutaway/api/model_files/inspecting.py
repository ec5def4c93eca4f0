"""Anyone's model files: what they hold, and how they are opened without running any of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cutaway._lazy import public

if TYPE_CHECKING:
    from cutaway.models import Model


@dataclass(frozen=True)
class ModelSummary:
    """What a model file says about itself, whether it can be opened or not.

    Attributes:
        file: Where it is.
        format: "keras" or "h5".
        keras_version: What wrote it; "" if the file does not say.
        name: Name of the model.
        kind: "Sequential" or "Functional".
        input: Shape of one sample; None if that is not known.
        layers: For each layer name, kind, inputs, shape, parameters (both None if they are not known), refused
            (the reasons, a clause each) and notes (what will differ from the file).
        parameters: Number of parameters of all layers for which it is known.
        problems: Reasons against opening it that concern no single layer.
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
    from cutaway.models.importing.opening import read_model

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
    """Open a .keras file, or an .h5 file of a whole model, from anyone: no code from the file is run.

    The model is built from cutaway's own list of layers and computes what Keras' own loader would. Initializers are
    Keras' defaults, and the file's optimizer, loss and metrics are not read: compile the model to train it.

    Args:
        path: The file, of Keras 2 or 3.

    Raises:
        UnknownNameError: There is no such file.
        ModelError: It holds a layer or a setting that is not on the list; `cutaway open` shows them all.
        DataError: It is damaged, or something in it is larger than the limits.
    """
    from cutaway.models.importing.opening import build_from_file, read_model

    return build_from_file(read_model(path))
