"""A model as an ONNX file: one graph from raw samples to the outputs of the model.

Source: ONNX operators, https://onnx.ai/onnx/operators/, operator set 20.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np

from cutaway.errors import ModelError, UsageError, install_hint
from cutaway.models.outputs import PROBABILITIES, activation_name
from cutaway.models.shapes import output_shape
from cutaway.models.spec import spec_of
from cutaway.models.weights import get_weights

from .keras_file import check_export
from .onnx_columns import Column, add_columns
from .onnx_layers import Graph, add_layer

OPSETS = {"": 20, Graph.TABLES: 3}
"""The first operator set with Gelu, which onnxruntime supports since 1.17 of February 2024, and one of 2022."""

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
    targets: Sequence[str] = (),
) -> bytes:
    """Pack a model that is fed arrays, and the preparation of its input, into an ONNX file.

    The graph takes ``input``, raw samples ``(batch, *shape)``, divides them by `scale`, reshapes them, and
    returns ``output``, float32 ``(batch, class)`` or ``(batch, target)``. Dropout and noise, which do nothing outside
    of training, are left out.

    Args:
        model: A built model of supported layers.
        shape: Shape of one raw sample.
        scale: The value of a raw sample that becomes 1.
        dtype: Type of the raw samples before the division: "uint8" or "float32".
        class_names: Written to the metadata of the file as a JSON list, in the order of the outputs.
        targets: The same of numbers.

    Raises:
        ModelError: The model cannot be exported, or does not take such samples.
        UsageError: The package onnx is not installed, or there is no such dtype.
    """
    onnx = _package()
    if dtype not in INPUTS:
        raise UsageError(f'unknown input type: "{dtype}"; types: {", ".join(INPUTS)}')
    spec = _checked_spec(model, math.prod(shape), of=f"samples of shape {tuple(shape)}")
    graph = Graph(onnx.helper, onnx.numpy_helper, inputs=["input", "output"])
    entry = "input"
    if dtype == "uint8":
        entry = graph.add("Cast", entry, to=graph.FLOAT)
    if scale != 1:
        entry = graph.add("Div", entry, graph.constant(np.float32(scale)))
    last = _add_layers(graph, spec, entry=_reshaped(graph, spec, entry, tuple(shape)), weights=get_weights(model))
    graph.add("Identity", last, output="output")
    return _pack(
        onnx,
        graph,
        name=spec["name"],
        inputs={"input": (dtype, shape)},
        outputs={"output": ("float32", model.outputs[0].shape[1:])},
        facts={"class_names": class_names, "targets": targets},
    )


def table_to_onnx(
    model: keras.Model,
    *,
    feature_names: Sequence[str],
    class_names: Sequence[str] = (),
    targets: Sequence[str] = (),
    columns: Sequence[Column] = (),
    missing: Sequence[str] = (),
) -> bytes:
    """Pack a model that is fed the rows of a table, and the preparation of its columns, into an ONNX file.

    The graph takes one input for each column, which has its name: (batch, 1), float64 for numbers, with NaN if they
    are not known; strings for categories. Without `columns` it takes ``input``, float32 (batch, input), rows that are
    prepared already. It returns ``label``, strings (batch,), and ``probabilities``, float32 (batch, class); of
    numbers each target, float32 (batch,). These names get an underscore where a column has them.

    Args:
        model: A built model of supported layers.
        feature_names: Names of the inputs of the model, for the metadata.
        class_names: Names of the classes, in the order of the probabilities; also in the metadata of the file.
        targets: Names of the numbers that the model predicts, if it does; also in the metadata.
        columns: What becomes of each column; none if rows are prepared already.
        missing: See `add_columns`.

    Raises:
        ModelError: The model cannot be exported, or does not take such rows.
        UsageError: The package onnx is not installed.
    """
    onnx = _package()
    size = len(feature_names)
    spec = _checked_spec(model, size, of=f"rows of {size:,} values")
    types = {column["column"]: "float64" if column["kind"] == "number" else "string" for column in columns}
    inputs = {name: (kind, (1,)) for name, kind in types.items()} or {"input": ("float32", (size,))}
    graph = Graph(onnx.helper, onnx.numpy_helper, inputs=list(inputs))
    names = [graph.free(name) for name in targets or ("label", "probabilities")]
    outputs: dict[str, tuple[str, Sequence[int]]] = dict.fromkeys(names, ("float32", ()))
    entry = add_columns(graph, columns, missing=missing) if columns else "input"
    last = _add_layers(graph, spec, entry=_reshaped(graph, spec, entry, (size,)), weights=get_weights(model))
    graph.layer = "answer"
    if targets:
        for number, name in enumerate(names):
            graph.add("Gather", last, graph.constant(np.int64(number)), output=name, axis=1)
    else:
        label, probabilities = names
        _add_answers(graph, last, model=model, class_names=class_names, label=label, probabilities=probabilities)
        outputs = {label: ("string", ()), probabilities: ("float32", (len(class_names),))}
    return _pack(
        onnx,
        graph,
        name=spec["name"],
        inputs=inputs,
        outputs=outputs,
        facts={
            "class_names": class_names,
            "targets": targets,
            "feature_names": feature_names,
            "columns": [
                {"name": name, "kind": "number" if kind == "float64" else "category"} for name, kind in types.items()
            ],
        },
    )


def _checked_spec(model: keras.Model, size: int, *, of: str) -> dict[str, Any]:
    """The specification of a model that can be exported, and takes samples of `size` values.

    Raises:
        ModelError: It cannot be, or does not.
    """
    spec = spec_of(check_export(model))
    wanted = math.prod(spec["input"]["shape"])
    if wanted != size:
        raise ModelError(
            f"the model takes {wanted:,} values per sample, which do not fit {of}",
            hint="export it with the samples that it takes",
        )
    if sum(value.nbytes for value in get_weights(model).values()) > MAX_BYTES:
        raise ModelError("the model has more than 2 GiB of weights, too many for an ONNX file", hint="export to .keras")
    return spec


def _reshaped(graph: Graph, spec: Mapping[str, Any], tensor: str, shape: tuple[int, ...]) -> str:
    wanted = tuple(spec["input"]["shape"])
    if shape == wanted:
        return tensor
    return graph.add("Reshape", tensor, graph.constant(np.array([-1, *wanted], np.int64)))


def _add_layers(graph: Graph, spec: Mapping[str, Any], *, entry: str, weights: Mapping[str, np.ndarray]) -> str:
    """Add all layers of a model, from the tensor `entry` on, and return the name of its output."""
    first = spec["input"]["name"]
    tensors, shapes = {first: entry}, {first: tuple(spec["input"]["shape"])}
    for item in spec["layers"]:
        own = {name.split("/")[-1]: value for name, value in weights.items() if name.rsplit("/", 1)[0] == item["name"]}
        sizes = [shapes[name] for name in item["inputs"]]
        taken = [tensors[name] for name in item["inputs"]]
        tensors[item["name"]] = add_layer(graph, item, inputs=taken, weights=own, shape=sizes[0])
        shapes[item["name"]] = output_shape(item["kind"], item["config"], inputs=sizes)
    return tensors[spec["output"]]


def _add_answers(
    graph: Graph, tensor: str, *, model: Any, class_names: Sequence[str], label: str, probabilities: str
) -> None:
    """Add the probabilities of the classes, as `class_probabilities` computes them, and the most probable label."""
    single = model.outputs[0].shape[1] == 1
    if activation_name(model.outputs[0]._keras_history.operation) not in PROBABILITIES:
        if single:  # sigmoid(x) is class 1 of softmax([0, x])
            tensor = graph.add("Concat", graph.add("Sub", tensor, tensor), tensor, axis=1)
        tensor = graph.add("Softmax", tensor, axis=1)
    elif single:
        tensor = graph.add("Concat", graph.add("Sub", graph.constant(np.float32(1)), tensor), tensor, axis=1)
    graph.add("Identity", tensor, output=probabilities)
    best = graph.add("ArgMax", tensor, axis=1, keepdims=0)
    graph.add("Gather", graph.constant(np.array(class_names, object)), best, axis=0, output=label)


def _package() -> Any:
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise UsageError(
            "the package onnx is not installed",
            hint=f"{install_hint('onnx')}, or export to .keras",
        ) from error
    return onnx


def _pack(
    onnx: Any,
    graph: Graph,
    *,
    name: str,
    inputs: Mapping[str, tuple[str, Sequence[int]]],
    outputs: Mapping[str, tuple[str, Sequence[int]]],
    facts: Mapping[str, Sequence[Any]],
) -> bytes:
    """The bytes of a graph; inputs and outputs are given with their type and the shape of one sample."""
    helper, kinds = onnx.helper, onnx.TensorProto
    types = {"uint8": kinds.UINT8, "float32": kinds.FLOAT, "float64": kinds.DOUBLE, "string": kinds.STRING}
    entries, results = (
        [
            helper.make_tensor_value_info(tensor, types[dtype], ["batch", *shape])
            for tensor, (dtype, shape) in of.items()
        ]
        for of in (inputs, outputs)
    )
    domains = {node.domain for node in graph.nodes} | {""}
    packed = helper.make_model(
        helper.make_graph(graph.nodes, name, entries, results, graph.constants),
        producer_name="cutaway",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid(domain, OPSETS[domain]) for domain in sorted(domains)],
    )
    helper.set_model_props(packed, {fact: json.dumps(list(value)) for fact, value in facts.items() if value})
    onnx.checker.check_model(packed, full_check=True)
    return packed.SerializeToString()
