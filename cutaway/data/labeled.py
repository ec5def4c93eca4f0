"""Data in memory that hold their labels, as frames: a Bunch of scikit-learn, one split of a Hugging Face dataset."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cutaway.checks import whole_number
from cutaway.errors import DataError
from cutaway.sparse import is_sparse


def holds_labels(data: Any) -> bool:
    """Whether data are a Bunch of scikit-learn, or one split of a Hugging Face dataset."""
    needed = ("data", "target") if isinstance(data, dict) else ("features", "to_pandas")
    return all(hasattr(data, name) for name in needed)


def labeled_frame(data: Any) -> tuple[Any, Mapping[str, Sequence[str]]]:
    """The frame in data for which `holds_labels` returns True, and the names of the classes in its columns of classes.

    Raises:
        DataError: There is no table in them.
    """
    if isinstance(data, dict):
        return _of_bunch(data)
    if image := next((column for column, kind in data.features.items() if type(kind).__name__ == "Image"), None):
        raise DataError(
            f'the column "{image}" of the Hugging Face dataset holds images',
            hint=f'pass Dataset.from_arrays([np.asarray(image) for image in split["{image}"]], split["label"])',
        )
    return data.to_pandas(), {column: kind.names for column, kind in data.features.items() if hasattr(kind, "names")}


def named_labels(labels: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """The names of some labels if they are all numbers of named classes; otherwise the labels themselves."""
    numbered = dict(enumerate(names))
    found = [numbered[number] for number in map(whole_number, labels) if number in numbered]
    return tuple(found if len(found) == len(labels) else labels)


def _of_bunch(bunch: Any) -> tuple[Any, Mapping[str, Sequence[str]]]:
    import pandas as pd

    name = str(getattr(bunch.target, "name", None) or "target")
    try:
        if is_sparse(bunch.data):
            raise TypeError("a sparse matrix")
        frame = pd.DataFrame(bunch.data, columns=bunch.get("feature_names")).assign(**{name: np.asarray(bunch.target)})
    except (TypeError, ValueError) as error:
        raise DataError(
            "the Bunch does not hold a table (sample, column) and one target for each sample",
            got=str(error).replace("\n", " "),
            hint="make a dataset with Dataset.from_arrays(bunch.data, bunch.target)",
        ) from None
    return frame, {name: [*map(str, bunch.get("target_names", ()))]}
