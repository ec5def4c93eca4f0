"""The datasets of scikit-learn, and what fetch_openml returns."""

from typing import Any, cast

import numpy as np


def is_bunch(value: Any) -> bool:
    """Whether a value is a Bunch of scikit-learn with data and a target."""
    return isinstance(value, dict) and hasattr(value, "data") and hasattr(value, "target")


def bunch_table(bunch: Any) -> tuple[Any, str, tuple[str, ...]]:
    """The samples of a Bunch as one DataFrame, the name of its label, and the names of its classes, if it has some.

    Whether it was made with ``as_frame=True`` does not matter.
    """
    import pandas as pd

    data, target = bunch.data, bunch.target
    if not hasattr(data, "columns"):
        names = bunch.get("feature_names")
        data = pd.DataFrame(data, columns=[f"x{number}" for number in range(data.shape[1])] if names is None else names)
    label = getattr(target, "name", None) or "target"
    names: Any = bunch.get("target_names")
    numbered = np.asarray(target).dtype.kind in "iu" and names is not None
    classes = tuple(str(name) for name in cast(Any, names)) if numbered else ()
    return data.assign(**{str(label): np.asarray(target)}), str(label), classes
