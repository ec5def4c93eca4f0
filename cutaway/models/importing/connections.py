"""The connections between the layers of functional models, in the forms that Keras 2 and Keras 3 write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutaway.models.settings import argument_problem


@dataclass(frozen=True)
class Connections:
    """The connections of a model.

    Attributes:
        entry: Name of its input.
        inputs: Name of a layer -> names of its inputs, in order.
        output: Name of the layer whose output is the model's; "" for the last layer.
        unread: Name of a layer whose inputs could not be read -> why, as a clause.
    """

    entry: str
    inputs: Mapping[str, tuple[str, ...]]
    output: str
    unread: Mapping[str, str] = field(default_factory=dict)


def functional_connections(
    items: Sequence[Mapping[str, Any]], inner: Mapping[str, Any]
) -> tuple[Connections, list[str]]:
    """Read the connections of a functional model.

    Args:
        items: Its layers as the file has them, each with a class and settings.
        inner: The configuration around them.

    Returns:
        The connections as far as they can be read, and the faults of the model's own connections, one clause each.
    """
    problems: list[str] = []
    ends = {}
    for key, word in (("input_layers", "input"), ("output_layers", "output")):
        names = _ends(inner.get(key))
        if names is None or len(names) != 1:
            problems.append(f"{'unreadable' if names is None else len(names)} {word}s instead of one")
        ends[key] = names[0] if names else ""
    inputs: dict[str, tuple[str, ...]] = {}
    unread: dict[str, str] = {}
    for item in items:
        if item["class_name"] == "InputLayer":
            continue
        name = item["config"].get("name", item.get("name"))
        taken = _inputs(item.get("inbound_nodes"))
        if isinstance(taken, str):
            unread[name] = taken
        else:
            inputs[name] = taken
    return Connections(ends["input_layers"], inputs, ends["output_layers"], unread), problems


def _ends(value: Any) -> list[str] | None:
    """Names of inputs or outputs: ["a", 0, 0], [["a", 0, 0], ...], or a mapping of names to these."""
    if _is_reference(value):
        return [value[0]]
    if isinstance(value, list) and all(map(_is_reference, value)):
        return [reference[0] for reference in value]
    return None


def _is_reference(value: Any) -> bool:
    """Whether a value is [name, 0, 0]: the first output of the first call of a layer."""
    return isinstance(value, list) and len(value) in (3, 4) and isinstance(value[0], str) and value[1:3] == [0, 0]


def _inputs(nodes: Any) -> tuple[str, ...] | str:
    """Names of the inputs of a layer, or why they cannot be read."""
    if not isinstance(nodes, list) or len(nodes) != 1:
        return f"called {len(nodes)} times instead of once" if isinstance(nodes, list) else "without connections"
    node = nodes[0]
    if isinstance(node, dict):
        return _inputs_keras_3(node)
    if isinstance(node, list) and node and all(map(_is_reference, node)):
        for more in (more for _, _, _, *rest in node for more in rest):
            if wrong := argument_problem(more):
                return wrong
        return tuple(reference[0] for reference in node)
    return "with inputs in an unknown format"


def _inputs_keras_3(node: Mapping[str, Any]) -> tuple[str, ...] | str:
    arguments, named = node.get("args"), node.get("kwargs")
    if wrong := argument_problem(named):
        return wrong
    if not isinstance(arguments, list) or len(arguments) != 1:
        return "with inputs in an unknown format"
    tensors = arguments[0] if isinstance(arguments[0], list) else [arguments[0]]
    names = []
    for tensor in tensors:
        config = tensor.get("config") if isinstance(tensor, dict) else None
        history = config.get("keras_history") if isinstance(config, dict) else None
        if not isinstance(config, dict) or tensor.get("class_name") != "__keras_tensor__":
            return "called with something other than the output of a layer"
        if not _is_reference(history):
            return "with inputs in an unknown format"
        assert isinstance(history, list)
        names.append(history[0])
    return tuple(names) or "without inputs"
