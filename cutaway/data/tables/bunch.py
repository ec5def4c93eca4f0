"""The datasets of scikit-learn, and what fetch_openml returns."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from cutaway.errors import UsageError


def is_bunch(value: Any) -> bool:
    """Whether a value is a Bunch of scikit-learn with data and a target."""
    return isinstance(value, dict) and hasattr(value, "data") and hasattr(value, "target")


def bunch_table(bunch: Any, *, label: Any = None) -> tuple[Any, str | None, tuple[str, ...]]:
    """The samples of a Bunch as one DataFrame, the name of its label, and the names of its classes, if it has some.

    Whether it was made with ``as_frame=True`` does not matter: columns of categories in an array are numbers, which are
    given their names again.

    Args:
        bunch: Of which `is_bunch` is true; its data are no sparse matrix.
        label: The name of the target, where there are several of them; the others are left out.

    Returns:
        The frame; the name of the label, None if there is no target; and the names of the classes in their order.

    Raises:
        UsageError: There are several targets, and `label` is none of them.
    """
    import pandas as pd

    data, target = bunch.data, _one_target(bunch.target, label)
    if not hasattr(data, "columns"):
        names = bunch.get("feature_names")
        data = pd.DataFrame(data, columns=[f"x{number}" for number in range(data.shape[1])] if names is None else names)
        data = data.assign(**_named_categories(data, bunch.get("categories")))
    if target is None:
        return data, None, ()
    name = str(getattr(target, "name", None) or _target_name(bunch) or "target")
    while name in data.columns and not hasattr(target, "name"):
        name += "_"
    return data.assign(**{name: np.asarray(target)}), name, class_names_of(bunch, target)


def class_names_of(bunch: Any, target: Any) -> tuple[str, ...]:
    """The names of the classes of a Bunch whose target holds their numbers; () if it has none."""
    names: Any = bunch.get("target_names")
    values = np.asarray(target)
    # fetch_openml has the name of the target there
    if names is None or values.dtype.kind not in "iu" or not 0 <= values.min() <= values.max() < len(names):
        return ()
    return tuple(str(name) for name in cast(Any, names))


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
