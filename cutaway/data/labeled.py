"""Data of other packages that hold their labels, as frames: a Bunch of scikit-learn, a dataset of Hugging Face."""

from typing import Any

import numpy as np

from cutaway.errors import DataError
from cutaway.sparse import is_sparse

from .sources.parts import SOURCES

Frames = tuple[dict[str, Any], str | None, dict[str, tuple[str, ...]]]
"""Frames by source, the column of the classes if it is known, and names for the numbers of classes in a column."""


def holds_labels(data: Any) -> bool:
    """Whether data are a Bunch of scikit-learn, or one split of a Hugging Face dataset or a dict of them."""
    return _is_bunch(data) or all(hasattr(each, "to_pandas") and hasattr(each, "features") for each in _splits(data))


def labeled_frames(data: Any) -> Frames:
    """The frames in data for which `holds_labels` returns True.

    Raises:
        DataError: There is no table in them.
    """
    return _of_bunch(data) if _is_bunch(data) else _of_splits(data)


def _is_bunch(data: Any) -> bool:
    return isinstance(data, dict) and hasattr(data, "data") and hasattr(data, "target")


def _splits(data: Any) -> list[Any]:
    return list(data.values()) if isinstance(data, dict) else [data]


def _of_bunch(bunch: Any) -> Frames:
    import pandas as pd

    name = str(getattr(bunch.target, "name", None) or "target")
    target = np.asarray(bunch.target)
    names: Any = bunch.get("target_names", ())
    try:
        if is_sparse(bunch.data):
            raise TypeError("a sparse matrix")
        frame = pd.DataFrame(bunch.data, columns=bunch.get("feature_names")).assign(**{name: target})
    except (TypeError, ValueError) as error:
        raise DataError(
            "the Bunch does not hold a table (sample, column) and one target for each sample",
            got=str(error).replace("\n", " "),
            hint="make a dataset with Dataset.from_arrays(bunch.data, bunch.target)",
        ) from None
    return {"train": frame}, name, {name: tuple(map(str, names))}


def _of_splits(data: Any) -> Frames:
    features = _splits(data)[0].features
    if image := next((column for column, kind in features.items() if type(kind).__name__ == "Image"), None):
        raise DataError(
            f'the column "{image}" of the Hugging Face dataset holds images',
            hint=f'pass Dataset.from_arrays([np.asarray(image) for image in split["{image}"]], split["label"])',
        )
    names = {column: tuple(kind.names) for column, kind in features.items() if hasattr(kind, "names")}
    splits = data if isinstance(data, dict) else {"train": data}
    frames = {SOURCES.get(name, name): split.to_pandas() for name, split in splits.items()}
    if "train" not in frames:
        raise DataError(
            f'the Hugging Face dataset has no split "train", only {", ".join(splits)}',
            hint="pass one of its splits alone",
        )
    return frames, next(iter(names)) if len(names) == 1 else None, names
