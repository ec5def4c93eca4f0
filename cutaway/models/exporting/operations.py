"""A model as a list of operations on one sample, which the script of the page computes without Keras."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from cutaway.errors import ModelError
from cutaway.models.shapes import Shape, broadcast_weight, kept_values, normed_axes, output_shape, place
from cutaway.models.spec import spec_of
from cutaway.models.weights import get_weights

from .keras_file import check_export


@dataclass(frozen=True, eq=False)
class Operations:
    """A model as data.

    Attributes:
        spec: ``{"input": {"name", "shape"}, "layers": [{"name", "kind", "inputs", "shape", "operation", "settings",
            "weights"}], "output", "weights": [{"name", "shape"}]}``. ``weights`` of a layer are places in the list of
            weights. Shapes are for one sample.
        weights: float32, in the order of ``spec["weights"]``.
    """

    spec: dict[str, Any]
    weights: tuple[np.ndarray, ...]


def to_operations(model: keras.Model) -> Operations:
    """Describe a model as operations in the order of computation.

    Dropout and noise, which do nothing outside of training, keep their places as operations that change nothing.

    Args:
        model: A built model of supported layers.

    Raises:
        ModelError: The model cannot be exported, or a layer has a setting that no operation knows.
    """
    spec = spec_of(check_export(model))
    values = get_weights(model)
    entry = spec["input"]
    shapes: dict[str, Shape] = {entry["name"]: tuple(entry["shape"])}
    layers, names, arrays = [], [], []
    for item in spec["layers"]:
        name, sizes = item["name"], [shapes[taken] for taken in item["inputs"]]
        shapes[name] = output_shape(item["kind"], item["config"], inputs=sizes)
        own = {key.rsplit("/", 1)[1]: value for key, value in values.items() if key.rsplit("/", 1)[0] == name}
        operation = _KINDS[item["kind"]](_Part(item, own, sizes[0], shapes[name]))
        held = {key: len(arrays) + number for number, key in enumerate(operation.weights)}
        names += [f"{name}/{key}" for key in operation.weights]
        arrays += [np.asarray(value, np.float32) for value in operation.weights.values()]
        layers.append(
            {key: item[key] for key in ("name", "kind", "inputs")}
            | {"shape": list(shapes[name]), "operation": operation.name}
            | {"settings": operation.settings, "weights": held}
        )
    described = [{"name": name, "shape": list(a.shape)} for name, a in zip(names, arrays, strict=True)]
    found = {"input": entry, "layers": layers, "output": spec["output"], "weights": described}
    return Operations(found, tuple(arrays))


@dataclass(frozen=True, eq=False)
class _Part:
    """A layer of a specification, its weights, and the shapes of one sample in its first input and its output."""

    item: Mapping[str, Any]
    weights: Mapping[str, np.ndarray]
    shape: Shape
    output: Shape

    @property
    def config(self) -> Mapping[str, Any]:
        return self.item["config"]


@dataclass(frozen=True, eq=False)
class _Operation:
    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, np.ndarray] = field(default_factory=dict)


def _refuse(part: _Part, setting: str) -> ModelError:
    return ModelError(
        f'layer "{part.item["name"]}" has {setting} "{part.config[setting]}", which the page cannot compute',
        hint="leave that setting at its default; all other parts of the report work on this model too",
    )


def _function(name: str) -> dict[str, Any]:
    """The settings of an activation by its name, with Keras' slope of the function leaky_relu; the layer's is 0.3."""
    return {"function": name} | ({"slope": 0.2} if name == "leaky_relu" else {})


def _same(part: _Part) -> _Operation:
    if part.item["kind"] == "Flatten" and part.config.get("data_format") == "channels_first" and len(part.shape) > 1:
        raise _refuse(part, "data_format")
    return _Operation("same")


def _dense(part: _Part) -> _Operation:
    name = "dense" if part.item["kind"] == "Dense" else "members"
    return _Operation(name, _function(part.config.get("activation", "linear")), dict(part.weights))


def _mean(part: _Part) -> _Operation:
    if part.config.get("data_format") == "channels_first":
        raise _refuse(part, "data_format")
    return _Operation("mean")


def _activation(part: _Part) -> _Operation:
    return _Operation("activation", _function(part.config["activation"]))


def _relu(part: _Part) -> _Operation:
    settings = {"slope": float(part.config.get("negative_slope") or 0), "most": part.config.get("max_value")}
    return _Operation(
        "activation", {"function": "relu", "threshold": float(part.config.get("threshold") or 0), **settings}
    )


def _leaky_relu(part: _Part) -> _Operation:
    return _Operation("activation", {"function": "leaky_relu", "slope": float(part.config.get("negative_slope", 0.3))})


def _elu(part: _Part) -> _Operation:
    return _Operation("activation", {"function": "elu", "alpha": float(part.config.get("alpha", 1.0))})


def _softmax(part: _Part) -> _Operation:
    return _Operation("activation", {"function": "softmax", "axis": normed_axes(part.config, part.shape)[0]})


def _prelu(part: _Part) -> _Operation:
    return _Operation("prelu", weights=dict(part.weights))


def _rescaling(part: _Part) -> _Operation:
    sides = [1] * len(part.shape)

    def along_last(value: Any) -> np.ndarray:
        array = np.asarray(value, np.float32)
        return array.reshape([*sides[:-1], -1] if array.ndim else sides)

    return _affine(factor=along_last(part.config["scale"]), shift=along_last(part.config.get("offset", 0.0)))


def _normalization(part: _Part) -> _Operation:
    """By the mean and variance that adapt() found; Keras bounds the standard deviation by its epsilon."""
    mean, variance = (kept_values(part.config, name, shape=part.shape) for name in ("mean", "variance"))
    spread = np.maximum(np.sqrt(variance), np.float32(1e-7))
    if part.config.get("invert"):
        return _affine(factor=spread, shift=mean)
    return _affine(center=mean, factor=1 / spread)


def _batch_normalization(part: _Part) -> _Operation:
    """In evaluation: by the moving averages."""
    weights = {name: broadcast_weight(value, part.config, shape=part.shape) for name, value in part.weights.items()}
    spread = np.sqrt(weights["moving_variance"].astype(np.float64) + part.config.get("epsilon", 1e-3))
    shift = {"shift": weights["beta"]} if "beta" in weights else {}
    return _affine(center=weights["moving_mean"], factor=weights.get("gamma", np.float32(1)) / spread, **shift)


def _affine(**weights: np.ndarray) -> _Operation:
    """(x - center) * factor + shift, with weights that are broadcast over one sample."""
    return _Operation("affine", weights=weights)


def _layer_normalization(part: _Part) -> _Operation:
    names = {"gamma": "factor", "beta": "shift"}
    weights = {
        names[name]: broadcast_weight(value, part.config, shape=part.shape) for name, value in part.weights.items()
    }
    settings = {"axes": list(normed_axes(part.config, part.shape)), "epsilon": float(part.config.get("epsilon", 1e-3))}
    return _Operation("layer_norm", settings, weights)


def _merge(part: _Part) -> _Operation:
    return _Operation(part.item["kind"].lower())


def _concatenate(part: _Part) -> _Operation:
    return _Operation("concatenate", {"axis": place(part.config.get("axis", -1), part.shape)})


_KINDS: dict[str, Callable[[_Part], _Operation]] = {
    "Dense": _dense,
    "EinsumDense": _dense,
    "GlobalAveragePooling1D": _mean,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "PReLU": _prelu,
    "ELU": _elu,
    "Softmax": _softmax,
    **dict.fromkeys(("Dropout", "GaussianDropout", "GaussianNoise", "Flatten", "Reshape"), _same),
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), _merge),
    "Concatenate": _concatenate,
}
