"""From the configuration in a model file to a list of layers, each with its shape and the reasons to refuse it.

A refused layer is still listed: users can see the content of a file that does not open.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cutaway.errors import DataError
from cutaway.models.layers import LAYER_KINDS, WRAPPED
from cutaway.models.settings import MAX_UNITS, check_settings, is_whole, source_problems
from cutaway.models.shapes import MAX_VALUES, Shape, output_shape, weight_shapes
from cutaway.models.spec import free_entry
from cutaway.words import shown

from .connections import Connections, functional_connections

MAX_LAYERS = 512

_SAVE_AGAIN = "save the model again with model.save"


@dataclass(frozen=True)
class LayerDescription:
    """A layer as a model file describes it.

    Attributes:
        name: Its name, at most 100 printable characters.
        kind: Its class, as the file says.
        inputs: Names of the layers that it takes.
        config: The settings that are used.
        place: Name of its group among the weights of a .keras file, such as "dense_1".
        shape: Output shape for one sample; None if not known.
        weights: Names and shapes of its weights, in Keras' order; None for a layer that is refused.
        problems: Why it is refused, one clause each.
        notes: Differences from the file, one clause each.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    config: Mapping[str, Any]
    place: str
    shape: Shape | None = None
    weights: Mapping[str, Shape] | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelDescription:
    """A model as its file describes it.

    Attributes:
        name: Its name.
        kind: "Sequential" or "Functional".
        version: The version of Keras that wrote it; "" if the file does not say.
        entry: Name of the input.
        shape: Shape of one sample; None if not known.
        layers: All layers but the input, each after its inputs.
        output: Name of the layer whose output is the model's.
        problems: Why the model as a whole is refused, one clause each.
    """

    name: str
    kind: str
    version: str
    entry: str
    shape: Shape | None
    layers: tuple[LayerDescription, ...]
    output: str
    problems: tuple[str, ...]

    @property
    def refused(self) -> tuple[str, ...]:
        """All reasons to refuse it; empty if it can be opened."""
        of_layers = [f'layer "{layer.name}" ({layer.kind}): {p}' for layer in self.layers for p in layer.problems]
        return (*self.problems, *of_layers)

    def spec(self) -> dict[str, Any]:
        """The specification that `model_from_spec` builds; only for a model that is not refused."""
        return {
            "name": self.name,
            "kind": self.kind,
            "input": {"name": self.entry, "shape": list(self.shape or ())},
            "layers": [
                {"kind": layer.kind, "name": layer.name, "inputs": list(layer.inputs), "config": dict(layer.config)}
                for layer in self.layers
            ],
            "output": self.output,
        }


def describe(config: Mapping[str, Any], version: str) -> ModelDescription:
    """Read the configuration of a whole model.

    Args:
        config: As parsed from JSON, with any keys and values.
        version: The version of Keras that the file names; "" means Keras 2.

    Raises:
        DataError: It lists no layers, more than `MAX_LAYERS`, or layers without names and kinds.
    """
    kind = {"Model": "Functional"}.get(str(config.get("class_name")), config.get("class_name"))
    inner = config.get("config")
    if isinstance(inner, list):  # a Sequential before Keras 2.2.3
        inner = {"name": "sequential", "layers": inner}
    if kind not in ("Sequential", "Functional"):
        raise DataError(
            f"a model of the class {shown(kind)} is neither a keras.Sequential nor a keras.Model(inputs, outputs)",
            hint=f"save one of these, made of layers that cutaway opens; or fit {WRAPPED}, with cutaway.Recorder",
        )
    if not isinstance(inner, dict):
        raise _refuse("no settings of the model")
    items = inner.get("layers")
    if not isinstance(items, list) or not 0 < len(items) <= MAX_LAYERS:
        raise _refuse(f"{len(items) if isinstance(items, list) else 'no list of'} layers")
    version = version if re.fullmatch(r"[0-9A-Za-z.+-]{1,30}", version, re.ASCII) else ""
    old = not version or version.startswith(("1.", "2."))
    problems = source_problems({**config, "registered_name": None}, what="the model")
    listed = _list_layers(items, old=old)
    if kind == "Sequential":
        connections, wrong = _in_a_row(listed)
    else:
        connections, wrong = functional_connections(items, inner)
    listed = [
        replace(layer, problems=(*layer.problems, connections.unread[layer.name]))
        if layer.name in connections.unread
        else layer
        for layer in listed
    ]
    shape, more = _entry_shape(None if kind == "Sequential" else connections.entry, items, inner=inner)
    layers, unconnected = _with_shapes(listed, connections, shape=shape)
    name = inner.get("name")
    return ModelDescription(
        name=name if isinstance(name, str) and _is_plain(name) else "model",
        kind=kind,
        version=version,
        entry=connections.entry,
        shape=shape,
        layers=layers,
        output=layers[-1].name if kind == "Sequential" and layers else connections.output,
        problems=(*problems, *wrong, *more, *unconnected),
    )


def _list_layers(items: Sequence[Any], *, old: bool) -> list[LayerDescription]:
    """The layers without their connections and shapes, in the order of the file."""
    found, counts, names = [], {}, set()
    for item in items:
        config = item.get("config") if isinstance(item, dict) else None
        kind = item.get("class_name") if isinstance(item, dict) else None
        if not isinstance(config, dict) or not isinstance(kind, str) or not _is_plain(kind):
            raise _refuse("a layer without a class and settings")
        name = config.get("name", item.get("name"))
        if not isinstance(name, str) or not _is_plain(name):
            raise _refuse(f"a layer of the class {kind} with the name {shown(name)}")
        if name in names:
            raise _refuse(f'two layers of the name "{name}"')
        names.add(name)
        number = counts[kind] = counts.get(kind, -1) + 1
        place = f"{snake_case(kind)}_{number}" if number else snake_case(kind)
        problems, notes, kept = tuple(source_problems(item, what="a class")), (), {}
        if kind == "InputLayer":
            problems += _input_problems(config)
        elif kind not in LAYER_KINDS:
            problems = (f"{kind} is not one of the kinds that are opened", *problems)
        else:
            checked = check_settings(kind, config, old=old)
            problems, notes, kept = (*problems, *checked.problems), checked.notes, checked.config
        found.append(LayerDescription(name, kind, (), kept, place, problems=problems, notes=notes))
    return found


def snake_case(kind: str) -> str:
    """The name that Keras derives from a class: "BatchNormalization" -> "batch_normalization", "ReLU" -> "re_lu"."""
    return re.sub(r"(?<=.)([A-Z][a-z]+)|(?<=[a-z])([A-Z])", r"_\1\2", kind).replace("__", "_").lower()


def _is_plain(name: str) -> bool:
    return 0 < len(name) <= 100 and name.isprintable() and "/" not in name and "\\" not in name


def _input_problems(config: Mapping[str, Any]) -> tuple[str, ...]:
    dtype = config.get("dtype", "float32")
    problems = [f"{key} input" for key in ("sparse", "ragged") if config.get(key)]
    if not isinstance(dtype, str) or not re.fullmatch(r"b?float\d\d|u?int\d\d?", dtype, re.ASCII):
        problems.append(f"an input of {shown(dtype)}")
    return tuple(problems)


def _in_a_row(listed: Sequence[LayerDescription]) -> tuple[Connections, list[str]]:
    names = [layer.name for layer in listed if layer.kind != "InputLayer"]
    entries = [layer.name for layer in listed if layer.kind == "InputLayer"]
    entry = free_entry(names)
    connections = Connections(entry, {b: (a,) for a, b in zip([entry, *names], names, strict=False)}, "")
    first = listed[0].kind == "InputLayer"
    wrong = ["an input in the middle"] if len(entries) > first else []
    return connections, wrong if names else [*wrong, "no layers but the input"]


def _entry_shape(
    entry: str | None, items: Sequence[Any], *, inner: Mapping[str, Any]
) -> tuple[Shape | None, list[str]]:
    """The shape of one sample, from the input of that name or, in a Sequential, from where older versions wrote it."""
    named = [
        item for item in items if item["class_name"] == "InputLayer" and entry in (None, item["config"].get("name"))
    ]
    if not named and entry is not None:
        return None, [f'an input "{entry[:40]}" that is no InputLayer']
    config = (named or items)[0]["config"]
    given = config.get("batch_shape") or config.get("batch_input_shape") or inner.get("build_input_shape")
    if not isinstance(given, list) or not 2 <= len(given) <= 8:
        return None, ["an input of no known shape"]
    shape = tuple(given[1:])
    if not all(is_whole(size, low=1, high=MAX_UNITS) for size in shape):
        return None, [f"an input of the shape {str(given)[:60]}"]
    total = 1
    for size in shape:
        total *= size
    return (shape, []) if total <= MAX_VALUES else (None, [f"an input of {total:,} values, more than {MAX_VALUES:,}"])


def _with_shapes(
    listed: Sequence[LayerDescription], connections: Connections, *, shape: Shape | None
) -> tuple[tuple[LayerDescription, ...], list[str]]:
    """The layers, each after its inputs, with their shapes."""
    shapes: dict[str, Shape | None] = {connections.entry: shape}
    waiting = [layer for layer in listed if layer.kind != "InputLayer"]
    taken = {name for inputs in connections.inputs.values() for name in inputs}
    problems = [f'layer "{x.name}" (InputLayer): {p}' for x in listed if x.kind == "InputLayer" for p in x.problems]
    # where the inputs of a layer could not be read, layers before it seem to lead nowhere, and it seems unconnected
    whole = not connections.unread
    if connections.output and whole:
        problems += [
            f'layer "{x.name}", which leads nowhere' for x in waiting if x.name not in {*taken, connections.output}
        ]
    done: list[LayerDescription] = []
    while waiting:
        ready = [
            layer for layer in waiting if all(name in shapes for name in connections.inputs.get(layer.name, ("",)))
        ]
        if not ready:  # layers without inputs, or in a circle, are listed all the same
            if whole:
                problems.append(f'the connections of layer "{waiting[0].name}"')
            return (*done, *waiting), problems
        for layer in ready:
            placed = _with_shape(layer, connections.inputs.get(layer.name, ()), shapes=shapes)
            shapes[layer.name] = placed.shape
            done.append(placed)
        waiting = [layer for layer in waiting if layer.name not in shapes]
    if connections.output and connections.output not in shapes:
        problems.append(f'an output "{connections.output[:40]}" that is no layer')
    return tuple(done), problems


def _with_shape(
    layer: LayerDescription, inputs: tuple[str, ...], *, shapes: Mapping[str, Shape | None]
) -> LayerDescription:
    layer = replace(layer, inputs=inputs)
    sizes = [shapes[name] for name in inputs]
    known = [size for size in sizes if size is not None]
    if layer.problems or len(known) != len(sizes):
        return layer
    try:
        out = output_shape(layer.kind, layer.config, inputs=known)
        return replace(layer, shape=out, weights=weight_shapes(layer.kind, layer.config, shape=known[0]))
    except (ValueError, IndexError, KeyError, TypeError) as error:
        problem = f"no {error} among its settings" if isinstance(error, KeyError) else str(error)
        return replace(layer, problems=(problem,))


def _refuse(what: str) -> DataError:
    return DataError(
        f"a model file must list 1 to {MAX_LAYERS} layers, each with its own name", got=what, hint=_SAVE_AGAIN
    )
