"""Whether the preparation of a table can be inside of an exported file, and if not, why."""

from collections.abc import Mapping, Sequence
from typing import Any

SMALLEST, LARGEST = 1e-6, 1e18
"""A Normalization bounds a standard deviation by 1e-7 from below, and its square is to be finite in float32."""

DIGITS = 1e4
"""Standard deviations that a number may be away from 0 to be known within 0.001 of them in float32."""


def why_not_in_keras(columns: Sequence[Mapping[str, Any]]) -> str | None:
    """Why a .keras file cannot prepare some columns, which takes numbers and standardizes them; None if it can.

    Args:
        columns: Steps of a preparation, as run.json keeps them.
    """
    for column in columns:
        name = column["column"]
        if column["kind"] != "number":
            return f'"{name}" holds {"dates" if column["kind"] == "date" else "categories"}'
        if column["indicator"]:
            return f'"{name}" has missing values'
        if column["quantiles"]:
            return f'"{name}" becomes ranks'
        largest = max(abs(column["low"]), abs(column["high"]), abs(column["center"]))
        if not SMALLEST <= column["scale"] <= LARGEST or largest > DIGITS * column["scale"]:
            return f'"{name}" needs more digits than float32 has'
    return None


def why_not_in_onnx(columns: Sequence[Mapping[str, Any]]) -> str | None:
    """Why an ONNX file cannot prepare some columns; None if it can."""
    for column in columns:
        name = column["column"]
        if not name:
            return "a column has no name"
        if column["kind"] == "number" and column["quantiles"]:
            return f'"{name}" becomes ranks'
    return None
