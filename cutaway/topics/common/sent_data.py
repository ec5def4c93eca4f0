"""A dataset for workers: a record without arrays goes with each task, and the arrays are in files beside it."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from cutaway.data import Dataset, Source


def without_arrays(data: Dataset) -> tuple[Dataset, dict[str, np.ndarray]]:
    """The dataset without its arrays, and these by name."""
    empty = {name: Source(source.x[:0], source.y[:0]) for name, source in data.sources.items()}
    arrays = {f"{part} {name}": getattr(each, part) for name, each in data.sources.items() for part in ("x", "y")}
    return replace(data, sources=empty), arrays


def with_arrays(data: Dataset, arrays: Mapping[str, np.ndarray]) -> Dataset:
    """The dataset again, of what `without_arrays` returned."""
    return replace(data, sources={name: Source(arrays[f"x {name}"], arrays[f"y {name}"]) for name in data.sources})
