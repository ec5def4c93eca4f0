"""The digits of scikit-learn."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.data.dataset import Dataset
from cutaway.data.images import Centering

from .record import DatasetInfo, DataSource

INFO = DatasetInfo(
    name="digits",
    samples=1_797,
    shape=(8, 8),
    classes=10,
    provenance="handwritten digits, Alpaydin and Kaynak, UCI repository; comes with scikit-learn",
    license="CC BY 4.0 (UCI repository)",
    centering=Centering("upright"),
)


def load(_: str | Path) -> Dataset:
    """Load the digits from the installed scikit-learn."""
    from sklearn.datasets import load_digits

    digits: Any = load_digits()
    # scikit-learn has them as float64; the values are counts of pixels, 0 to 16, which uint8 holds exactly
    images = digits.images.astype(np.uint8)
    names = tuple("0123456789")
    dataset = Dataset.from_arrays(images, digits.target, name=INFO.name, class_names=names, scale=16)
    return replace(dataset, origin={"kind": "named", "name": INFO.name}, centering=INFO.centering)


SOURCE = DataSource("scikit-learn's digits", lambda where: where == INFO.name, load, INFO)
