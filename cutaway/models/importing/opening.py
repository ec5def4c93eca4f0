"""Opening an untrusted model file without running anything in it.

The archive is read by our own bounded reader (`archive`), the weights in it by h5py in a process of its own (`hdf5`).
The configuration is turned into a list of layers (`description`) and from there into our own specification;
`model_from_spec` builds that, and the weights of the file are assigned to it. Keras' own loader, which has run code
from files more than once (CVE-2025-1550, CVE-2026-12481), never sees the file.
"""

import math
import os
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cutaway.checks import warn_user
from cutaway.errors import CutawayError, DataError, ModelError
from cutaway.models.layers import RECORD
from cutaway.models.spec import model_from_spec, short_floats
from cutaway.models.weights import assign
from cutaway.words import cut, listed

from .archive import read_archive, read_bytes, read_json
from .description import LayerDescription, ModelDescription, describe
from .hdf5 import SIGNATURE, Hdf5File, Node, open_hdf5

MAX_WEIGHTS = 2**28
"""Weights of a model at most: 1 GiB of float32."""


@dataclass(frozen=True, eq=False)
class ModelFile:
    """A model file, read but not built.

    Attributes:
        path: Where it is.
        form: "keras", or "h5" for the older whole-model file.
        model: Its description.
        weights: Its weights, not read yet.
    """

    path: Path
    form: str
    model: ModelDescription
    weights: Hdf5File

    def parameters(self, layer: LayerDescription) -> int | None:
        """Number of weights of a layer: from its settings or, if it is refused, from the file; None if not known."""
        if layer.weights is not None:
            return sum(math.prod(shape) for shape in layer.weights.values())
        try:
            group = self.weights.root.find(f"layers/{layer.place}/vars") if self.form == "keras" else None
            return None if group is None else sum(math.prod(node.shape) for node in group.children.values())
        except DataError:  # loading the weights reports the damage
            return None


def read_model(path: str | os.PathLike[str]) -> ModelFile:
    """Read a .keras file, or an .h5 file of a whole model by Keras 2 or 3, as far as is needed to list its layers.

    The first bytes decide which of the two it is.

    Args:
        path: The file.

    Raises:
        UnknownNameError: No such file.
        DataError: It is neither, it is damaged, or something in it exceeds a limit.
    """
    data, name = read_bytes(path), Path(path).name
    if data[:8] == SIGNATURE:
        weights = open_hdf5(data, name)
        config = read_json(_attribute(weights.root, "model_config").encode(), name)
        model = describe(config, _attribute(weights.root, "keras_version", optional=True))
        return ModelFile(Path(path), "h5", model, weights)
    if data[:2] != b"PK":
        raise DataError(
            f"{name} is neither a .keras zip nor an .h5 file: it starts with {data[:4]!r}",
            hint='save the model with model.save("model.keras")',
        )
    archive = read_archive(data, name)
    model = describe(archive.config, archive.version)
    return ModelFile(Path(path), "keras", model, open_hdf5(archive.weights, name))


def _attribute(root: Node, name: str, *, optional: bool = False) -> str:
    texts = root.attribute(name)
    if texts and len(texts) == 1:
        return texts[0]
    if optional:
        return ""
    raise DataError(
        f'the .h5 file has no text "{name}": it may hold only weights',
        hint='save the whole model with model.save("model.keras")',
    )


def build_from_file(file: ModelFile) -> keras.Model:
    """Build the model of a model file, with its weights.

    Returns:
        A Sequential or functional model of supported layers, computing in float32, not compiled.

    Raises:
        ModelError: Something in it is not supported, or does not fit together; the message names it.
        DataError: Weights are missing, or do not have the sizes that the layers need.
    """
    model = file.model
    if model.refused:
        shown, more = cut(model.refused, 5)
        raise ModelError(
            f"the model file has parts that cutaway does not support: {'; '.join(shown)}"
            + (f"; and {more} more" if more else ""),
            hint=f"see its layers with: cutaway open {shlex.quote(file.path.name)}; or {RECORD}",
        )
    spec, weights = model.spec(), _read_weights(file)
    for item in spec["layers"]:
        if item["kind"] == "Normalization":  # the values that adapt() found are among the weights in a file
            found, weights[item["name"]] = weights[item["name"]], {}
            item["config"] |= {name: short_floats(value) for name, value in found.items()}
    notes = [f'layer "{layer.name}" {note}' for layer in model.layers for note in layer.notes]
    if notes:
        warn_user(f"{file.path.name}: {listed(notes, 1)}")
    try:
        built = model_from_spec(spec, initialize=False)
        for layer in model.layers:
            _assign(built.get_layer(layer.name), weights[layer.name])
    except CutawayError as error:
        raise ModelError(f"{error.fault}, in {file.path.name}", hint="save the model again") from error
    # Keras and JAX raise more kinds of errors than can be listed
    except Exception as error:
        reason = textwrap.shorten(str(error), 200) or type(error).__name__
        raise ModelError(
            f"the layers in {file.path.name} do not fit together: {reason}", hint="save the model again"
        ) from error
    return built


def _assign(layer: keras.Layer, weights: dict[str, np.ndarray]) -> None:
    variables = {variable.name: variable for variable in layer.weights}
    if variables.keys() != weights.keys():
        raise ModelError(
            f'layer "{layer.name}" needs the weights {sorted(variables)}, and the file has {sorted(weights)}',
            hint="save the model again",
        )
    for name, variable in variables.items():
        assign(variable, weights[name])


def _read_weights(file: ModelFile) -> dict[str, dict[str, np.ndarray]]:
    """The weights of every layer by name; all sizes are compared with the layers and the file before any is read."""
    found = [
        (layer, name, node)
        for layer in file.model.layers
        for name, node in _nodes(file, layer)
        if name != "count"  # of the samples that a Normalization was adapted to, which nothing is computed from
    ]
    total = 0
    for layer, name, node in found:
        wanted = (layer.weights or {})[name]
        if node.is_group or node.shape != wanted:
            got = "a group" if node.is_group else f"{node.shape} at {node.path}"
            raise DataError(f'weight "{layer.name}/{name}" must have the shape {wanted}, got {got}', hint=_SAVE_AGAIN)
        total += node.bytes
    # overlapping datasets would let a small file take much memory
    size = len(file.weights.data)
    if total > size or sum(math.prod(node.shape) for _, _, node in found) > MAX_WEIGHTS:
        raise DataError(
            f"{total:,} bytes of weights in a file of {size:,}: they overlap, or are more than {MAX_WEIGHTS:,}",
            hint=_SAVE_AGAIN,
        )
    weights: dict[str, dict[str, np.ndarray]] = {layer.name: {} for layer in file.model.layers}
    values = file.weights.values([node for _, _, node in found])
    for (layer, name, _), array in zip(found, values, strict=True):
        weights[layer.name][name] = array
    return weights


_SAVE_AGAIN = "save the model again with model.save"


def _nodes(file: ModelFile, layer: LayerDescription) -> Iterator[tuple[str, Node]]:
    """Find each weight of a layer in the file."""
    wanted = tuple(layer.weights or ())
    if not wanted:
        return
    paths = _paths_keras(file, layer) if file.form == "keras" else _paths_h5(file, layer, wanted=wanted)
    if len(paths) != len(wanted):
        raise DataError(
            f'layer "{layer.name}" ({layer.kind}) needs the weights {", ".join(wanted)}',
            got=f"{len(paths)} weights in {file.path.name}",
            hint=_SAVE_AGAIN,
        )
    for name, path in zip(wanted, paths, strict=True):
        node = file.weights.root.find(path)
        if node is None:
            raise DataError(f'{file.path.name} has no weight "{layer.name}/{name}" at {path}', hint=_SAVE_AGAIN)
        yield name, node


def _paths_keras(file: ModelFile, layer: LayerDescription) -> list[str]:
    """In a .keras file: layers/dense_1/vars/0, 1, ..., counted per kind; Keras 2 had another name for "layers"."""
    top = "layers" if file.weights.root.find("layers") else "_layer_checkpoint_dependencies"
    group = file.weights.root.find(f"{top}/{layer.place}/vars")
    return [] if group is None else [f"{top}/{layer.place}/vars/{i}" for i in range(len(group.children))]


def _paths_h5(file: ModelFile, layer: LayerDescription, *, wanted: tuple[str, ...]) -> list[str]:
    """In an .h5 file: model_weights/LAYER/NAME, the names in an attribute of the layer's group."""
    top = f"model_weights/{layer.name}"
    group = file.weights.root.find(top)
    names = _names(group) if group else []
    # "dense/kernel:0" of Keras 2, "sequential/dense/kernel" of Keras 3
    found = tuple(name.rsplit("/", 1)[-1].removesuffix(":0") for name in names)
    if names and found != wanted:
        raise DataError(
            f'layer "{layer.name}" ({layer.kind}) needs the weights {", ".join(wanted)}',
            got=f"{', '.join(found)[:200]} in {file.path.name}",
            hint=_SAVE_AGAIN,
        )
    return [f"{top}/{name}" for name in names]


def _names(group: Node) -> list[str]:
    """The names of a layer's weights, which Keras splits into several attributes where one would be too long."""
    whole: Any = group.attribute("weight_names")
    if whole is not None:
        return list(whole)
    parts = []
    while (part := group.attribute(f"weight_names{len(parts)}")) is not None and len(parts) < 64:
        parts.append(part)
    return [name for part in parts for name in part]
