"""How the preparation of a table is fitted: on the training samples alone, with scikit-learn's scalers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cutaway.data.preparation import (
    DAY,
    PARTS,
    CategoryStep,
    DateStep,
    HashStep,
    NumberStep,
    Preparation,
    Step,
    date_part,
)
from cutaway.errors import DataError

from .cells import value_counts
from .column import Column, left_out

if TYPE_CHECKING:
    import pyarrow as pa

RARE = 10
"""Samples, or 1% of all if that is less, that a category needs for an input of its own; rarer ones share one."""

MOST_INPUTS = 50_000
"""Maximum number of inputs of all columns together."""

QUANTILES = 200
"""Quantiles that are kept of a number that becomes its rank."""

HASHED = 32
"""Inputs of a category with very many values."""

YEAR = 365.25 * DAY


def fit_preparation(columns: Sequence[Column], cells: "Mapping[str, pa.ChunkedArray]", *, numbers: str) -> Preparation:
    """Fit the preparation of the feature columns on training samples, with scikit-learn's scalers and imputer.

    Args:
        columns: All columns of the table.
        cells: The training samples: the feature columns by name.
        numbers: "standard", "robust", "quantile" or "none".

    Raises:
        DataError: There would be too many inputs.
    """
    steps: list[Step] = []
    for column in columns:
        if column.use != "feature":
            continue
        values = cells[column.name]
        steps.append(_fit(column, values, numbers))
    rows = len(next(iter(cells.values())))
    prepared = Preparation(steps=tuple(steps), rows=rows, left_out=left_out(columns))  # type: ignore[arg-type]
    if len(prepared.features) > MOST_INPUTS:
        widest = max(prepared.steps, key=lambda step: len(step.features))
        raise DataError(
            f"the columns become {len(prepared.features):,} inputs, more than {MOST_INPUTS:,}; "
            f'{len(widest.features):,} of them come from "{widest.column}"',
            hint="ignore some of the columns",
        )
    return prepared


def _fit(column: Column, values: "pa.ChunkedArray", numbers: str) -> Step:
    indicator = values.null_count > 0
    if column.kind == "category":
        counts = value_counts(values)
        if column.reason == "many values":
            return HashStep(column=column.name, inputs=HASHED)
        least = min(RARE, max(len(values) // 100, 1))
        # a value of a thousand characters is no name of a category
        kept = sorted(value for value, count in counts.items() if count >= least and len(value) < 1000)
        return CategoryStep(column=column.name, values=tuple(kept), other=len(kept) < len(counts), indicator=indicator)
    known = values.drop_null().to_numpy().astype(np.float64)
    if not len(known):  # known in other samples only
        known = np.zeros(1)
    if column.kind == "date":
        return _fit_date(column, known, indicator)
    return _fit_number(column.name, known, indicator, numbers)


def _fit_number(name: str, known: np.ndarray, indicator: bool, numbers: str) -> NumberStep:
    from sklearn.preprocessing import QuantileTransformer, RobustScaler, StandardScaler

    center, scale, quantiles = 0.0, 1.0, None
    if numbers == "quantile":
        count = min(QUANTILES, max(2, len(known)))
        fitted: Any = QuantileTransformer(n_quantiles=count, subsample=cast(Any, None), output_distribution="normal")
        if len(known) >= 2:
            quantiles = tuple(np.maximum.accumulate(fitted.fit(known[:, None]).quantiles_[:, 0]).tolist())
    elif numbers == "robust":
        robust: Any = RobustScaler().fit(known[:, None])
        center, scale = float(robust.center_[0]), float(robust.scale_[0])
    elif numbers == "standard":
        standard: Any = StandardScaler().fit(known[:, None])
        center, scale = float(standard.mean_[0]), float(standard.scale_[0])
    return NumberStep(
        column=name,
        fill=float(np.median(known)),
        indicator=indicator,
        center=center,
        scale=scale,
        quantiles=quantiles,
        low=float(known.min()),
        high=float(known.max()),
    )


def _fit_date(column: Column, known: np.ndarray, indicator: bool) -> DateStep:
    from sklearn.preprocessing import StandardScaler

    standard: Any = StandardScaler().fit(known[:, None])
    span = float(known.max() - known.min())
    # a part is an input if it differs between samples, and if the dates span more than one of its periods
    spans = {"time": 0.0, "month": YEAR, "weekday": 7 * DAY, "hour": DAY}
    parts = [part for part in PARTS if span >= spans[part.split()[0]] and np.ptp(date_part(known, part)) > 1e-9]
    return DateStep(
        column=column.name,
        date_format=column.date_format,
        parts=cast(Any, tuple(parts) or ("time",)),
        fill=float(np.median(known)),
        indicator=indicator,
        center=float(standard.mean_[0]),
        scale=float(standard.scale_[0]),
    )
