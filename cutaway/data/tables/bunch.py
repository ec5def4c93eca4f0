"""The datasets of scikit-learn, and what fetch_openml returns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cutaway.data.arrays import as_array
from cutaway.errors import DataError, UsageError

RESHAPE = "reshape them, or make a dataset with Dataset.from_arrays(x, y)"
TEXTS = "turn texts into numbers first, for example with sklearn.feature_extraction.text.TfidfVectorizer"


def is_bunch(value: Any) -> bool:
    """Whether a value is a Bunch of scikit-learn with data and a target."""
    return isinstance(value, dict) and hasattr(value, "data") and hasattr(value, "target")


def bunch_table(bunch: Any, *, label: Any = None) -> tuple[Any, str | None, tuple[str, ...]]:
    """The samples of a Bunch as one DataFrame, the name of its label, and the names of its classes, if it has some.

    Whether it was made with ``as_frame=True`` does not matter: columns of categories in an array are numbers, which are
    given their names again.

    Args:
        bunch: Of which `is_bunch` is true; its data are not a sparse matrix.
        label: The name of the target, where there are several of them; the others are left out.

    Returns:
        The frame; the name of the label, None if there is no target; and the names of the classes in their order.

    Raises:
        UsageError: There are several targets, and `label` is none of them.
        DataError: The data are no table, or are empty, or there is not one target for each sample.
    """
    data, targets = _samples(bunch), _targets(bunch)
    target = _one_target(targets, label)
    if target is None:
        return data, None, ()
    if np.shape(target) != (len(data),):
        raise DataError(
            "a Bunch has one target for each sample",
            got=f"{len(data):,} samples and targets of the shape {np.shape(target)}",
            hint="check that both were selected in the same way",
        )
    name = str(getattr(target, "name", None) or _target_name(bunch) or "target")
    while name in data.columns and not hasattr(target, "name"):
        name += "_"
    columns: Any = getattr(targets, "columns", ())
    several = len(columns) > 1  # then target_names are the names of the targets
    return data.assign(**{name: np.asarray(target)}), name, () if several else class_names_of(bunch, target)


def class_names_of(bunch: Any, target: Any) -> tuple[str, ...]:
    """The names of the classes of a Bunch whose target holds their numbers; () if it has none.

    Raises:
        DataError: Two classes have the same name.
    """
    given: Any = bunch.get("target_names")
    names = () if given is None else tuple(map(str, given))
    values = np.asarray(target)
    # fetch_openml has the name of the target there
    if values.dtype.kind not in "iu" or not values.size or not 0 <= values.min() <= values.max() < len(names):
        return ()
    for number, name in enumerate(names):
        if (first := names.index(name)) < number:
            raise DataError(
                "the classes of a Bunch have different names",
                got=f'"{name}" for {first} and for {number} in target_names',
                hint="change one of them in bunch.target_names",
            )
    return names


def _samples(bunch: Any) -> Any:
    """The data of a Bunch as a DataFrame.

    Raises:
        DataError: They are not a table, or empty, or their columns have more or fewer names.
    """
    import pandas as pd

    data, names = bunch.data, bunch.get("feature_names")
    framed = hasattr(data, "columns")
    values = data if framed else as_array(data, what="the data of a Bunch")
    if len(values.shape) != 2 or 0 in values.shape:
        texts = len(values.shape) == 1 and len(values) and isinstance(values[0], str | bytes)
        other = RESHAPE if 0 not in values.shape else "check how they were selected or read"
        raise DataError(
            "the data of a Bunch are a table (sample, column) that is not empty",
            got=f"{len(values):,} texts" if texts else f"{type(data).__name__} of the shape {values.shape}",
            hint=TEXTS if texts else other,
        )
    if framed:
        return data
    if names is None:
        names = [f"x{number}" for number in range(values.shape[1])]
    if len(names) != values.shape[1]:
        raise DataError(
            "a Bunch has one name for each column",
            got=f"{len(names):,} feature_names for {values.shape[1]:,} columns",
            hint="correct bunch.feature_names, or delete them",
        )
    frame = pd.DataFrame(values, columns=names)
    return frame.assign(**_named_categories(frame, bunch.get("categories")))


def _targets(bunch: Any) -> Any:
    """The target of a Bunch; several of them, if they are an array, as a DataFrame."""
    import pandas as pd

    target = bunch.target
    if target is None or hasattr(target, "columns"):
        return target
    values = as_array(target, what="the target of a Bunch")
    if values.ndim != 2:
        return target
    if values.shape[1] == 1:
        return values[:, 0]
    names = bunch.get("target_names")
    if names is None or len(names) != values.shape[1]:
        names = [f"target {number}" for number in range(1, values.shape[1] + 1)]
    return pd.DataFrame(values, columns=names)


def _one_target(target: Any, label: Any) -> Any:
    columns = [str(column) for column in getattr(target, "columns", ())]
    if not columns:
        return target
    if len(columns) > 1 and label not in columns:
        raise UsageError(
            "a Bunch of several targets needs the one that is the label",
            got=f"the targets {', '.join(columns[:12])}" + ("" if label is None else f" and label={label!r}"),
            hint=f'pass for example label="{columns[0]}"',
        )
    return target.rename(columns=str)[label if len(columns) > 1 else columns[0]]


def _target_name(bunch: Any) -> str | None:
    """The name of the only target of fetch_openml with ``as_frame=False``."""
    names: Any = bunch.get("target_names")
    return str(names[0]) if "details" in bunch and names is not None and len(names) == 1 else None


def _named_categories(data: Any, categories: Mapping[str, Any] | None) -> dict[str, Any]:
    """The columns of categories with their names for their numbers, None where they are not known."""
    named: dict[str, Any] = {}
    for column, values in (categories or {}).items():
        if column in data.columns:
            codes = data[column].to_numpy(float)
            named[column] = [None if np.isnan(code) else values[int(code)] for code in codes]
    return named
