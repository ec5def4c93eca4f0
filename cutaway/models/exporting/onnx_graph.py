"""A model as an ONNX file: one graph from raw samples to the outputs of the model.

Source: ONNX operators, https://onnx.ai/onnx/operators/, operator set 20.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np

from cutaway.errors import ModelError, UsageError
from cutaway.models.shapes import output_shape
from cutaway.models.spec import spec_of
from cutaway.models.weights import get_weights

from .keras_file import check_export
from .onnx_layers import Graph, add_layer

OPSET = 20
"""The first operator set with Gelu; onnxruntime supports it since 1.17 of February 2024."""

IR_VERSION = 9
"""The file format of operator set 20; readers refuse formats that are newer than they know."""

MAX_BYTES = 2**31 - 2**20
"""A protobuf message has at most 2 GiB, and weights are never put into a second file."""

INPUTS = ("uint8", "float32")


def to_onnx(
    model: keras.Model,
    *,
    shape: Sequence[int],
    scale: float = 1.0,
    dtype: Literal["uint8", "float32"] = "float32",
    class_names: Sequence[str] = (),
) -> bytes:
    """Pack a model and the preparation of its input into an ONNX file.

    The graph takes ``input``, raw samples ``(batch, *shape)``, divides them by `scale`, reshapes them, and
    returns ``output``, float32 ``(batch, class)``. Dropout and noise, which do nothing outside of training, are left
    out.

    Args:
        model: A built model of allow-listed layers.
        shape: Shape of one raw sample.
        scale: The value of a raw sample that becomes 1.
        dtype: Type of the raw samples before the division: "uint8" or "float32".
        class_names: Written to the metadata of the file as a JSON list, in the order of the outputs.

    Raises:
        ModelError: The model cannot be exported, or does not take such samples.
        UsageError: The package onnx is not installed, or there is no such dtype.
    """
    onnx = _package()
    check_export(model)
    if dtype not in INPUTS:
        raise UsageError(f"input of an ONNX file is one of {', '.join(INPUTS)}", got=repr(dtype), hint='try "float32"')
    spec, weights = spec_of(model), get_weights(model)
    wanted = tuple(spec["input"]["shape"])
    if math.prod(wanted) != math.prod(shape):
        raise ModelError(
            f"the model takes {math.prod(wanted):,} values a sample",
            got=f"samples of shape {tuple(shape)}",
            hint="export it with the shape of the samples that it takes",
        )
    if sum(value.nbytes for value in weights.values()) > MAX_BYTES:
        raise ModelError("an ONNX file has at most 2 GiB", got="more weights", hint="export to .keras")
    graph = Graph(onnx.helper, onnx.numpy_helper)
    entry = _prepare(graph, tuple(shape), wanted=wanted, scale=scale, dtype=dtype)
    _add_layers(graph, spec, entry=entry, weights=weights)
    out = tuple(model.outputs[0].shape[1:])
    return _pack(onnx, graph, name=spec["name"], shape=shape, dtype=dtype, out=out, class_names=class_names)


def _add_layers(graph: Graph, spec: Mapping[str, Any], *, entry: str, weights: Mapping[str, np.ndarray]) -> None:
    """Add all layers of a model, from the tensor `entry` to the one named ``output``."""
    first = spec["input"]["name"]
    tensors, shapes = {first: entry}, {first: tuple(spec["input"]["shape"])}
    for item in spec["layers"]:
        own = {name.split("/")[-1]: value for name, value in weights.items() if name.rsplit("/", 1)[0] == item["name"]}
        sizes = [shapes[name] for name in item["inputs"]]
        taken = [tensors[name] for name in item["inputs"]]
        tensors[item["name"]] = add_layer(graph, item, inputs=taken, weights=own, shape=sizes[0])
        shapes[item["name"]] = output_shape(item["kind"], item["config"], inputs=sizes)
    graph.add("Identity", tensors[spec["output"]], output="output")


def _package() -> Any:
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise UsageError(
            "an ONNX file is written with the package onnx",
            got="no such package",
            hint='install it with: pip install "cutaway[onnx]", or export to .keras',
        ) from error
    return onnx


def _prepare(graph: Graph, shape: tuple[int, ...], *, wanted: tuple[int, ...], scale: float, dtype: str) -> str:
    tensor = "input"
    if dtype == "uint8":
        tensor = graph.add("Cast", tensor, to=1)  # 1 is float32 in ONNX
    if scale != 1:
        tensor = graph.add("Div", tensor, graph.constant(np.float32(scale)))
    if shape != wanted:
        tensor = graph.add("Reshape", tensor, graph.constant(np.array([-1, *wanted], np.int64)))
    return tensor


def _pack(
    onnx: Any,
    graph: Graph,
    *,
    name: str,
    shape: Sequence[int],
    dtype: str,
    out: Sequence[int],
    class_names: Sequence[str],
) -> bytes:
    helper, kinds = onnx.helper, {"uint8": onnx.TensorProto.UINT8, "float32": onnx.TensorProto.FLOAT}
    packed = helper.make_model(
        helper.make_graph(
            graph.nodes,
            name,
            [helper.make_tensor_value_info("input", kinds[dtype], ["batch", *shape])],
            [helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, ["batch", *out])],
            graph.constants,
        ),
        producer_name="cutaway",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    facts: Mapping[str, str] = {"class_names": json.dumps(list(class_names))} if class_names else {}
    helper.set_model_props(packed, dict(facts))
    onnx.checker.check_model(packed, full_check=True)
    return packed.SerializeToString()
