"""The columns of a table as ONNX nodes: one input for each column, prepared in the graph as `cutaway` prepares rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .onnx_layers import Graph

Column = Mapping[str, Any]
"""A column and what becomes of it: a step of a preparation as run.json keeps it.

A category also has ``spellings``: for each of its values, all strings that stand for it.
"""

Block = tuple[str, list[tuple[str, str]]]
"""A tensor (batch, input), and the column and the part of it that each of its inputs is."""

LARGEST = 1e6
"""Numbers are bounded by this once they are scaled, as `cutaway.data` bounds them."""

DAY = 86_400.0

MISSING, OTHER = " missing", " other"
"""Parts of a column beside its values, which never begin with a space."""


def add_columns(graph: Graph, columns: Sequence[Column], *, missing: Sequence[str]) -> str:
    """Add the preparation of a table, from one input (batch, 1) for each column to the input of the model.

    Args:
        graph: Its nodes are added here. Inputs have the names of their columns: float64 for numbers, float64 seconds
            since 1970 for dates, strings for categories.
        columns: The columns in their order, of kinds "number", "date" and "category".
        missing: Strings that stand for a value that is not known; of numbers and dates that is NaN.

    Returns:
        The name of a tensor, float32 (batch, input).
    """
    blocks: list[Block] = []
    if numbers := [column for column in columns if column["kind"] == "number"]:
        blocks += _numbers(graph, numbers)
    if dates := [column for column in columns if column["kind"] == "date"]:
        blocks += _dates(graph, dates)
    for column in columns:
        if column["kind"] == "category":
            blocks += _category(graph, column, missing)
    held = [part for _, parts in blocks for part in parts]
    wanted = [(column["column"], part) for column in columns for part in _parts(column)]
    together = graph.add("Concat", *(tensor for tensor, _ in blocks), axis=1)
    if held == wanted:
        return together
    places = {part: number for number, part in enumerate(held)}
    return graph.add("Gather", together, graph.constant(np.array([places[p] for p in wanted], np.int64)), axis=1)


def _parts(column: Column) -> list[str]:
    """The inputs that a column becomes, in their order."""
    if column["kind"] == "category":
        parts = [*column["values"], *([OTHER] if column["other"] else [])]
    else:
        parts = ["number"] if column["kind"] == "number" else [*column["parts"]]
    return [*parts, *([MISSING] if column["indicator"] else [])]


def _filled(graph: Graph, columns: Sequence[Column]) -> tuple[str, Block]:
    """Some columns side by side with their gaps filled, float64; and as inputs where they had gaps."""
    values = graph.add("Concat", *(column["column"] for column in columns), axis=1)
    unknown = graph.add("IsNaN", values)
    filled = graph.add("Where", unknown, _row(graph, [column["fill"] for column in columns]), values)
    indicators = graph.add("Cast", unknown, to=graph.FLOAT)
    return filled, (indicators, [(column["column"], MISSING) for column in columns])


def _numbers(graph: Graph, columns: Sequence[Column]) -> list[Block]:
    filled, gaps = _filled(graph, columns)
    scaled = _scaled(graph, filled, columns)
    bounded = graph.add("Clip", scaled, graph.constant(np.float64(-LARGEST)), graph.constant(np.float64(LARGEST)))
    inputs = graph.add("Cast", bounded, to=graph.FLOAT)
    return [(inputs, [(column["column"], "number") for column in columns]), gaps]


def _scaled(graph: Graph, values: str, columns: Sequence[Column]) -> str:
    centered = graph.add("Sub", values, _row(graph, [column["center"] for column in columns]))
    return graph.add("Div", centered, _row(graph, [column["scale"] for column in columns]))


def _category(graph: Graph, column: Column, missing: Sequence[str]) -> list[Block]:
    name, values = column["column"], column["values"]
    spelled = [(spelling, number) for number, value in enumerate(values) for spelling in column["spellings"][value]]
    ones = graph.constant(np.ones((1, 1), np.float32))
    axis = graph.constant(np.array([1], np.int64))
    unknown = [word for word in missing if word not in dict(spelled)]  # of an ARFF file, "none" may be a value
    blank = graph.add("ReduceMax", _equal(graph, name, unknown), axis)
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
    """1 where a cell is one of some strings, else 0: float32 (batch, string)."""
    same = graph.add("Equal", name, graph.constant(np.array([list(values)], object)))
    return graph.add("Cast", same, to=graph.FLOAT)


def _dates(graph: Graph, columns: Sequence[Column]) -> list[Block]:
    seconds, gaps = _filled(graph, columns)
    days = _floor(graph, graph.add("Div", seconds, _number(graph, DAY)))
    wanted = {part for column in columns for part in column["parts"]}
    found: dict[str, str] = {}
    if "time" in wanted:
        found["time"] = _scaled(graph, seconds, columns)
    for period, turn in (("month", _of_year), ("weekday", _of_week), ("hour", _of_day)):
        functions = [part.split()[1] for part in sorted(wanted) if part.startswith(period)]
        if functions:
            angle = graph.add("Mul", turn(graph, seconds, days), _number(graph, 2 * np.pi))
            found |= {f"{period} {function}": graph.add(function.capitalize(), angle) for function in functions}
    inputs = [
        (graph.add("Cast", tensor, to=graph.FLOAT), [(column["column"], part) for column in columns])
        for part, tensor in found.items()
    ]
    return [*inputs, gaps]


def _of_day(graph: Graph, seconds: str, days: str) -> str:
    return graph.add("Sub", graph.add("Div", seconds, _number(graph, DAY)), days)


def _of_week(graph: Graph, seconds: str, days: str) -> str:
    weeks = graph.add("Div", graph.add("Add", days, _number(graph, 3)), _number(graph, 7))  # 1970 began on a Thursday
    return graph.add("Sub", weeks, _floor(graph, weeks))


def _of_year(graph: Graph, seconds: str, days: str) -> str:
    """The share of the year that is over: days since the 1st of January over the days of the year.

    Source: Hinnant, "chrono-compatible low-level date algorithms", civil_from_days: years that begin in March, in
    periods of 400 years, which have 146,097 days.
    """

    def over(tensor: str, number: float) -> str:
        return _floor(graph, graph.add("Div", tensor, _number(graph, number)))

    def times(tensor: str, number: float) -> str:
        return graph.add("Mul", tensor, _number(graph, number))

    shifted = graph.add("Add", days, _number(graph, 719_468))  # days since the 1st of March of the year 0
    period = over(shifted, 146_097)
    day = graph.add("Sub", shifted, times(period, 146_097))
    leaps = graph.add("Sub", graph.add("Add", day, over(day, 36_524)), over(day, 1_460))
    year = over(graph.add("Sub", leaps, over(day, 146_096)), 365)
    before = graph.add("Sub", graph.add("Add", times(year, 365), over(year, 4)), over(year, 100))
    day = graph.add("Sub", day, before)  # of a year that begins in March
    year = graph.add("Add", year, times(period, 400))
    late = graph.add("GreaterOrEqual", day, _number(graph, 306))  # January and February are of the next year
    year = graph.add("Where", late, graph.add("Add", year, _number(graph, 1)), year)
    leap = _leap(graph, year)
    early_day = graph.add("Add", graph.add("Add", day, _number(graph, 59)), leap)
    day = graph.add("Where", late, graph.add("Sub", day, _number(graph, 306)), early_day)
    return graph.add("Div", day, graph.add("Add", leap, _number(graph, 365)))


def _leap(graph: Graph, year: str) -> str:
    """1 for a year of 366 days, else 0: float64."""
    divides = []
    for number in (4, 100, 400):
        share = graph.add("Div", year, _number(graph, number))
        divides.append(graph.add("Cast", graph.add("Equal", share, _floor(graph, share)), to=graph.DOUBLE))
    return graph.add("Add", graph.add("Sub", divides[0], divides[1]), divides[2])


def _floor(graph: Graph, tensor: str) -> str:
    return graph.add("Floor", tensor)


def _number(graph: Graph, value: float) -> str:
    return graph.constant(np.float64(value))


def _row(graph: Graph, values: Sequence[float]) -> str:
    return graph.constant(np.array([values], np.float64))
