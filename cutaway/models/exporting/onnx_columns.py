"""The columns of a table as ONNX nodes: one input for each column, prepared in the graph as `cutaway` prepares rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .onnx_layers import Graph

Column = Mapping[str, Any]
"""A column and its use: a step of a preparation as run.json keeps it.

A category also has ``spellings``: for each of its values, all strings that stand for it. So has a category that is
hashed, and ``encoded``, the inputs of each of these values, float32 (value, input).
"""

Block = tuple[str, list[tuple[str, str]]]
"""A tensor (batch, input), and the column and the part of it that each of its inputs is."""

LARGEST = 1e6
"""Numbers are bounded by this once they are scaled, as `cutaway.data` bounds them."""

MISSING, OTHER = " missing", " other"
"""Parts of a column in addition to its values, which never begin with a space."""


def add_columns(graph: Graph, columns: Sequence[Column], *, missing: Sequence[str]) -> str:
    """Add the preparation of a table, from one input (batch, 1) for each column to the input of the model.

    Args:
        graph: Its nodes are added here. Inputs have the names of their columns: float64 for numbers, strings for
            categories.
        columns: The columns in their order, of kinds "number", "category" and "hash".
        missing: Strings that stand for a value that is not known; of numbers that is NaN.

    Returns:
        The name of a tensor, float32 (batch, input).
    """
    blocks: list[Block] = []
    if numbers := [column for column in columns if column["kind"] == "number"]:
        blocks += _numbers(graph, numbers)
    for column in columns:
        if column["kind"] == "category":
            blocks += _category(graph, column, missing)
        elif column["kind"] == "hash":
            blocks.append(_hashed(graph, column))
    held = [part for _, parts in blocks for part in parts]
    wanted = [(column["column"], part) for column in columns for part in _parts(column)]
    together = graph.add("Concat", *(tensor for tensor, _ in blocks), axis=1)
    if held == wanted:
        return together
    places = {part: number for number, part in enumerate(held)}
    return graph.add("Gather", together, graph.constant(np.array([places[p] for p in wanted], np.int64)), axis=1)


def _parts(column: Column) -> list[str]:
    """The inputs that a column becomes, in their order."""
    if column["kind"] == "hash":
        return [str(number) for number in range(column["inputs"])]
    parts = ["number"] if column["kind"] == "number" else [*column["values"], *([OTHER] if column["other"] else [])]
    return [*parts, *([MISSING] if column["indicator"] else [])]


def _numbers(graph: Graph, columns: Sequence[Column]) -> list[Block]:
    values = graph.add("Concat", *(column["column"] for column in columns), axis=1)
    unknown = graph.add("IsNaN", values)
    filled = graph.add("Where", unknown, _row(graph, [column["fill"] for column in columns]), values)
    indicators = graph.add("Cast", unknown, to=graph.FLOAT)
    centered = graph.add("Sub", filled, _row(graph, [column["center"] for column in columns]))
    scaled = graph.add("Div", centered, _row(graph, [column["scale"] for column in columns]))
    bounded = graph.add("Clip", scaled, graph.constant(np.float64(-LARGEST)), graph.constant(np.float64(LARGEST)))
    inputs = graph.add("Cast", bounded, to=graph.FLOAT)
    names = [column["column"] for column in columns]
    return [(inputs, [(name, "number") for name in names]), (indicators, [(name, MISSING) for name in names])]


def _category(graph: Graph, column: Column, missing: Sequence[str]) -> list[Block]:
    name, values, spelled = column["column"], column["values"], _spelled(column)
    ones = graph.constant(np.ones((1, 1), np.float32))
    axis = graph.constant(np.array([1], np.int64))
    blank = graph.add("ReduceMax", _equal(graph, name, missing), axis)
    rest = graph.add("Sub", ones, blank)
    blocks: list[Block] = []
    if values:
        found = np.zeros((len(spelled), len(values)), np.float32)
        found[np.arange(len(spelled)), [number for _, number in spelled]] = 1
        hot = graph.add("MatMul", _equal(graph, name, [spelling for spelling, _ in spelled]), graph.constant(found))
        rest = graph.add("Sub", rest, graph.add("ReduceSum", hot, axis))
        blocks.append((hot, [(name, value) for value in values]))
    return [*blocks, (rest, [(name, OTHER)]), (blank, [(name, MISSING)])]


def _equal(graph: Graph, name: str, values: Sequence[str]) -> str:
    """1 if a cell is one of some strings, else 0: float32 (batch, string)."""
    same = graph.add("Equal", name, graph.constant(np.array([list(values)], object)))
    return graph.add("Cast", same, to=graph.FLOAT)


def _hashed(graph: Graph, column: Column) -> Block:
    """The inputs of the values seen in training, looked up; zeros for every other string."""
    name, spelled = column["column"], _spelled(column)
    rows = np.vstack([column["encoded"], np.zeros((1, column["inputs"]), np.float32)])
    place = graph.add(
        "LabelEncoder",
        name,
        domain=graph.TABLES,
        keys_strings=[spelling for spelling, _ in spelled],
        values_int64s=[number for _, number in spelled],
        default_int64=len(rows) - 1,
    )
    found = graph.add("Flatten", graph.add("Gather", graph.constant(rows), place, axis=0), axis=1)
    return found, [(name, part) for part in _parts(column)]


def _spelled(column: Column) -> list[tuple[str, int]]:
    """All strings that stand for a value of a category, each with the number of that value."""
    return [(text, number) for number, texts in enumerate(column["spellings"].values()) for text in texts]


def _row(graph: Graph, values: Sequence[float]) -> str:
    return graph.constant(np.array([values], np.float64))
