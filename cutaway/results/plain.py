"""Results as data that JSON can hold."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np


def plain(value: Any) -> Any:
    """Records, arrays and paths as JSON-able data: objects, lists, text, and numbers with None for NaN.

    Raises:
        TypeError: A value of another type is among them.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, str | int | bool | None):
        return value
    if isinstance(value, Sequence):
        return [plain(entry) for entry in cast(Sequence[Any], value)]
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not go into JSON")
