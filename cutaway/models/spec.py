"""The specification of a model: plain data in run.json that is enough to build the model again.

Nothing in a specification is ever imported or called by name: each kind, setting and object is looked up in the tables
of `cutaway.models.layers`. That makes it safe to open run folders from someone else.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import keras
import numpy as np

from cutaway.errors import ModelError
from cutaway.words import shown

from .initialization import without_drawing
from .layers import CONSTRAINTS, INITIALIZERS, LAYER_KINDS, REGULARIZERS, check_model, kind_of
from .settings import argument_problem, check_settings
from .shapes import MERGING_KINDS, Shape, kept_axes, output_shape, weight_shapes

REPLACE = "replace it in the model, or restore the run.json that training wrote"

_OBJECTS = {
    "initializer": (keras.initializers, INITIALIZERS),
    "regularizer": (keras.regularizers, REGULARIZERS),
    "constraint": (keras.constraints, CONSTRAINTS),
}


def spec_of(model: keras.Model) -> dict[str, Any]:
    """Describe a built model as JSON-able plain data.

    Returns:
        ``{"name", "kind": "Sequential" | "Functional", "input": {"name", "shape"}, "layers": [{"kind", "name",
        "inputs": [names], "config": {...}}], "output": name}``, each layer after its inputs.

    Raises:
        ModelError: The model is not of supported layers, or a layer is called more than once.
    """
    check_model(model)
    config = model.get_config()
    sequential = isinstance(model, keras.Sequential)
    entry = free_entry([layer.name for layer in model.layers]) if sequential else config["layers"][0]["config"]["name"]
    layers, previous = [], entry
    for item, layer in zip(_layer_items(config), [x for x in model.layers if kind_of(x) != "InputLayer"], strict=True):
        inputs = [previous] if sequential else _inputs_of(item)
        layers.append(
            {
                "kind": kind_of(layer),
                "name": layer.name,
                "inputs": inputs,
                "config": _kept_config(item["config"] | _adapted(layer), kind_of(layer)),
            }
        )
        previous = layer.name
    spec = {
        "name": model.name,
        "kind": "Sequential" if sequential else "Functional",
        "input": {"name": entry, "shape": list(model.inputs[0].shape[1:])},
        "layers": layers,
        "output": previous if sequential else _flat_history(config["output_layers"]),
    }
    spec_weights(spec)  # a run must not hold a model that cannot be opened again
    return spec


def _adapted(layer: keras.Layer) -> dict[str, Any]:
    """The mean and variance that a Normalization uses, wherever they come from; {} for other layers."""
    if kind_of(layer) != "Normalization":
        return {}
    sample: Any = layer
    axes = kept_axes({"axis": list(sample.axis)}, tuple(sample.output.shape[1:]))
    size = [sample.output.shape[1 + axis] for axis in axes]
    values = {name: np.asarray(keras.ops.convert_to_numpy(getattr(sample, name))) for name in ("mean", "variance")}
    return {name: short_floats(value.reshape(size)) for name, value in values.items()}


def short_floats(values: Any) -> Any:
    """float32 numbers as plain ones, each with the fewest digits that give the same float32 again."""
    flat = [float(str(value)) for value in np.asarray(values, np.float32).reshape(-1)]
    return np.reshape(flat, np.shape(values)).tolist()


def _as_json(value: Any) -> Any:
    """A setting as JSON has it: lists for tuples, Python's numbers for NumPy's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return [_as_json(entry) for entry in value] if isinstance(value, list | tuple) else value


def free_entry(names: Sequence[str]) -> str:
    """A name for the input of a Sequential, which has none: "input", with underscores added where a layer has it."""
    entry = "input"
    while entry in names:
        entry += "_"
    return entry


def _layer_items(config: dict) -> list[dict]:
    return [item for item in config["layers"] if item["class_name"] != "InputLayer"]


def _flat_history(history: list) -> str:
    return history[0] if isinstance(history[0], str) else history[0][0]


def _inputs_of(item: dict) -> list[str]:
    name = item["config"]["name"]
    if len(item["inbound_nodes"]) != 1:
        raise ModelError(
            f'layer "{name}" is called {len(item["inbound_nodes"])} times',
            hint="use a separate layer for each call",
        )
    node = item["inbound_nodes"][0]
    wrong = argument_problem(node["kwargs"]) or ("called with several arguments" if len(node["args"]) != 1 else None)
    if wrong:
        raise ModelError(
            f'layer "{name}" {wrong}',
            hint="leave the other arguments of the call out",
        )
    tensors = node["args"][0]
    return [t["config"]["keras_history"][0] for t in (tensors if isinstance(tensors, list) else [tensors])]


def _kept_config(config: dict, kind: str) -> dict[str, Any]:
    """The settings of `LAYER_KINDS`; any other setting that has a value is refused, not dropped."""
    kept = {}
    for key, value in config.items():
        slot = key.rsplit("_", 1)[-1]
        if key in LAYER_KINDS[kind]:
            kept[key] = _plain_object(value, slot, config["name"]) if slot in _OBJECTS and value else _as_json(value)
        elif key == "trainable" and value is False:
            kept[key] = False
        elif key not in ("name", "trainable", "dtype") and value not in (None, False):
            raise ModelError(
                f'layer "{config["name"]}" sets "{key}"; supported settings of {kind}: {", ".join(LAYER_KINDS[kind])}',
                hint="leave that setting at its default",
            )
    return kept


def _plain_object(value: Any, slot: str, layer: str) -> dict[str, Any]:
    allowed = _OBJECTS[slot][1]
    if not isinstance(value, dict) or value.get("class_name") not in allowed:
        got = value.get("class_name") if isinstance(value, dict) else value
        raise ModelError(f'layer "{layer}" has the {slot} {shown(got)}; supported: {", ".join(allowed)}', hint=REPLACE)
    config = {k: v for k, v in value["config"].items() if v is not None}
    odd = [k for k, v in config.items() if not isinstance(v, (bool, int, float, str))]
    if odd:
        raise ModelError(
            f'layer "{layer}" has a {slot} whose "{odd[0]}" is neither a number nor a string', hint=REPLACE
        )
    return {"class_name": value["class_name"], "config": config}


def spec_weights(spec: dict[str, Any]) -> dict[str, Shape]:
    """The shapes of all weights of a model by name, in Keras' order, computed before anything is built.

    Args:
        spec: As `spec_of` returns it, or anything of that form.

    Raises:
        ModelError: Something in it is not supported, too large, or does not fit together.
    """
    shapes: dict[str, Shape] = {spec["input"]["name"]: tuple(spec["input"]["shape"])}
    weights: dict[str, Shape] = {}
    for item in spec["layers"]:
        kind, name, config = item["kind"], item["name"], item["config"]
        if kind not in LAYER_KINDS:
            raise ModelError(
                f'layer "{name}" is of the unknown kind {shown(kind)}; kinds: {", ".join(LAYER_KINDS)}', hint=REPLACE
            )
        problems, out, found = check_settings(kind, config, old=False).problems, (), {}
        try:
            inputs = [shapes[taken] for taken in item["inputs"]]
            out = output_shape(kind, config, inputs=inputs)
            found = weight_shapes(kind, config, shape=inputs[0])
        except (KeyError, ValueError, IndexError, TypeError) as error:
            problems = (*problems, f"nothing like {error}" if isinstance(error, KeyError) else str(error))
        if problems or name in shapes:
            got = problems[0] if problems else "two layers of one name"
            raise ModelError(f'layer "{name}" does not fit into the model: {got}', hint=REPLACE)
        if "count" in found:  # of a Normalization, which a file of ours holds among the settings
            raise ModelError(f'layer "{name}" has no mean and variance', hint=REPLACE)
        shapes[name] = out
        weights |= {f"{name}/{weight}": shape for weight, shape in found.items()}
    if spec["output"] not in shapes:
        raise ModelError(f'the output "{spec["output"]}" is no layer of the model', hint=REPLACE)
    return weights


def model_from_spec(spec: dict[str, Any], *, initialize: bool = True) -> keras.Model:
    """Build the model that a specification describes.

    Args:
        spec: As `spec_of` returns it.
        initialize: Whether to draw its weights by its initializers; otherwise they are 0, for a caller who assigns them
            all.

    Raises:
        ModelError: Anything in it is not supported or does not fit together.
    """
    try:
        spec_weights(spec)
        return _build(spec, initialize=initialize)
    except ModelError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            "the parts of the model do not fit together", got=str(error).split("\n")[0][:200], hint=REPLACE
        ) from error


def _build(spec: dict[str, Any], *, initialize: bool) -> keras.Model:
    layers = [_layer(item) for item in spec["layers"]]
    entry = keras.Input(tuple(spec["input"]["shape"]), name=spec["input"]["name"])
    with nullcontext() if initialize else without_drawing(layers):
        if spec["kind"] == "Sequential":
            return keras.Sequential([entry, *layers], name=spec["name"])
        tensors = {spec["input"]["name"]: entry}
        for item, layer in zip(spec["layers"], layers, strict=True):
            inputs = [tensors[name] for name in item["inputs"]]
            tensors[item["name"]] = layer(inputs if item["kind"] in MERGING_KINDS else inputs[0])
        return keras.Model(entry, tensors[spec["output"]], name=spec["name"])


def _layer(item: dict[str, Any]) -> keras.Layer:
    kind, name, config = item["kind"], item["name"], {}
    for key, value in item["config"].items():  # of known names and values: see `spec_weights`
        slot = key.rsplit("_", 1)[-1]
        if slot in _OBJECTS and value:
            module, _ = _OBJECTS[slot]
            plain = _plain_object(value, slot, name)
            value = getattr(module, plain["class_name"])(**plain["config"])
        config[key] = value
    return getattr(keras.layers, kind)(name=name, **config)
