"""Names for the labels of files that hold numbers, or for the folders of images."""

from collections.abc import Mapping, Sequence

import numpy as np

from cutaway.data.labels import SHUFFLE, check_count
from cutaway.errors import DataError


def numbered_labels(arrays: Mapping[str, np.ndarray], names: Sequence[str]) -> dict[str, np.ndarray]:
    """Arrays whose labels are numbers from 0, which `names` are for, if they are others: 1 to 26 for letters.

    Raises:
        UsageError: The labels are others, and not as many as the names.
        DataError: A label of test is none of train.
    """
    labels = np.unique(arrays["y_train"])
    if not len(labels) or (labels[0] >= 0 and labels[-1] < len(names)):
        return dict(arrays)
    check_count(names, labels.tolist())
    parts = [part for part in ("y_train", "y_test") if part in arrays]
    for part in parts:
        unknown = ~np.isin(arrays[part], labels)
        if unknown.any():
            first = int(unknown.argmax())
            raise DataError(
                f"test[{first}] has the label {arrays[part][first]}, which train does not have",
                hint=f"correct or drop such samples{SHUFFLE}",
            )
    return {**arrays, **{part: np.searchsorted(labels, arrays[part]) for part in parts}}
