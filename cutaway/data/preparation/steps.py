"""How each column becomes inputs: plain numbers and strings, fitted once and applied to every sample."""

import itertools
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    import pyarrow as pa

Name = Annotated[str, Field(max_length=1_000)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Scale = Annotated[float, Field(ge=1e-150, allow_inf_nan=False)]

DAY = 86_400.0
Part = Literal["time", "month sin", "month cos", "weekday sin", "weekday cos", "hour sin", "hour cos"]
PARTS: tuple[Part, ...] = get_args(Part)
"""What a date can become: seconds since 1970, and its place in the year, the week and the day, on a circle."""

LARGEST = 1e6
"""An input is at most this large: beyond, sums of products in float32 lose everything else, or overflow."""

OUTSIDE = 1.0
"""A number is far from all training samples if it is beyond their range by more than this many of its widths."""

Notes = dict[str, tuple[int, str]]
"""What was unusual, with how many cells, and an example."""


class Step(BaseModel):
    """How one column becomes inputs.

    Attributes:
        column: Name of the column.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: Name

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs."""
        raise NotImplementedError

    def apply(self, cells: "pa.ChunkedArray", out: np.ndarray) -> Notes:
        """Write the inputs of a column.

        Args:
            cells: float64 for numbers and dates (seconds since 1970), strings for categories; null where not known.
            out: float32 (row, input), written.

        Returns:
            What was unusual.
        """
        raise NotImplementedError


class NumberStep(Step):
    """A number: filled in if it is not known, then ``(x - center) / scale``, or its rank as a normal deviate.

    Attributes:
        kind: "number".
        fill: What stands for a number that is not known: the median of the training samples.
        indicator: Whether another input marks missing numbers; it does if a training sample lacks one.
        center: Subtracted.
        scale: Divided by.
        quantiles: Quantiles of the training samples, ascending, for ranks; None for ``(x - center) / scale``.
        low: Smallest number in the training samples.
        high: Largest.
    """

    kind: Literal["number"] = "number"
    fill: Finite
    indicator: bool = False
    center: Finite = 0.0
    scale: Scale = 1.0
    quantiles: Annotated[tuple[Finite, ...], Field(min_length=2, max_length=1_000)] | None = None
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _ascends(self) -> "NumberStep":
        if self.low > self.high:
            raise ValueError("must have a low that is not above its high")
        if self.quantiles and any(a > b for a, b in itertools.pairwise(self.quantiles)):
            raise ValueError("must have ascending quantiles")
        return self

    @property
    def features(self) -> tuple[str, ...]:
        """The name of the column, and one for the indicator."""
        return (self.column, f"{self.column} is missing") if self.indicator else (self.column,)

    def apply(self, cells: "pa.ChunkedArray", out: np.ndarray) -> Notes:
        """Write one input, or two with the indicator."""
        values = _float64(cells)
        unknown = np.isnan(values)
        far = self._far(values)
        filled = np.where(unknown, self.fill, values)
        scaled = _ranks(filled, self.quantiles) if self.quantiles else (filled - self.center) / self.scale
        out[:, 0] = np.clip(scaled, -LARGEST, LARGEST)
        if self.indicator:
            out[:, 1] = unknown
        notes: Notes = {}
        if unknown.any() and not self.indicator:
            notes[f'"{self.column}" is empty, which it never was in training: {self.fill:g} is filled in'] = (
                int(unknown.sum()),
                "",
            )
        if far.any():
            rule = f'"{self.column}" is far outside of {self.low:g} to {self.high:g}, its range in training'
            notes[rule] = (int(far.sum()), f"{values[far][0]:g}")
        return notes

    def _far(self, values: np.ndarray) -> np.ndarray:
        beyond = OUTSIDE * (self.high - self.low)
        return (values < self.low - beyond) | (values > self.high + beyond)


class CategoryStep(Step):
    """A category with an input for each of its frequent values.

    Attributes:
        kind: "category".
        values: The values with an input of their own.
        other: Whether one more input stands for all other values; so if rare ones were pooled.
        indicator: Whether another input marks missing values.
    """

    kind: Literal["category"] = "category"
    values: Annotated[tuple[Name, ...], Field(max_length=10_000)]
    other: bool = False
    indicator: bool = False

    @model_validator(mode="after")
    def _differ(self) -> "CategoryStep":
        if len(set(self.values)) < len(self.values):
            raise ValueError("must have values that differ")
        return self

    @property
    def features(self) -> tuple[str, ...]:
        """``column=value`` for each value, then one for the others and one for those not known."""
        extra = [f"{self.column} is another value"] if self.other else []
        extra += [f"{self.column} is missing"] if self.indicator else []
        return (*(f"{self.column}={value}" for value in self.values), *extra)

    def apply(self, cells: "pa.ChunkedArray", out: np.ndarray) -> Notes:
        """Write a one in the input of each row's value, and zeros elsewhere."""
        place = {value: number for number, value in enumerate(self.values)}
        codes, distinct = _encode(cells)
        known = [place.get(value, -1) for value in distinct]
        places = np.array([*known, -2])[codes]
        out[:] = 0
        rows = np.flatnonzero(places >= 0)
        out[rows, places[rows]] = 1
        unknown = np.flatnonzero(places == -1)
        notes: Notes = {}
        if self.other:
            out[unknown, len(self.values)] = 1
        elif len(unknown):
            rule = f'"{self.column}" has a value that no training sample has'
            notes[rule] = (len(unknown), distinct[int(codes[unknown[0]])])
        if self.indicator:
            out[places == -2, -1] = 1
        return notes


class HashStep(Step):
    """A category of very many values: each adds 1 or -1 to one of a few inputs, chosen by its hash (MurmurHash3).

    Source: Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009.

    Attributes:
        kind: "hash".
        inputs: Number of inputs.
    """

    kind: Literal["hash"] = "hash"
    inputs: Annotated[int, Field(ge=1, le=1_000)]

    @property
    def features(self) -> tuple[str, ...]:
        """``column#0``, ``column#1``, ..."""
        return tuple(f"{self.column}#{number}" for number in range(self.inputs))

    def apply(self, cells: "pa.ChunkedArray", out: np.ndarray) -> Notes:
        """Write 1 or -1 into one input of each row; a missing value has none."""
        from sklearn.utils import murmurhash3_32

        codes, distinct = _encode(cells)
        hashes = np.array([murmurhash3_32(value, seed=0) for value in distinct] or [0], np.int64)
        out[:] = 0
        rows = np.flatnonzero(codes >= 0)
        of_row = hashes[codes[rows]]
        out[rows, np.abs(of_row) % self.inputs] = np.where(of_row < 0, -1, 1)
        return {}


class DateStep(Step):
    """A date: when it is, and where in the year, the week and the day.

    Attributes:
        kind: "date".
        parts: Which of `PARTS` become inputs.
        fill: Seconds since 1970 for a date that is not known.
        indicator: Whether another input marks missing dates.
        center: Seconds since 1970, subtracted from the time.
        scale: Seconds that become 1.
        date_format: How dates are written in text, one of `cells.DATE_FORMATS`; "" if they came typed.
    """

    kind: Literal["date"] = "date"
    parts: Annotated[tuple[Part, ...], Field(min_length=1, max_length=len(PARTS))]
    fill: Finite
    indicator: bool = False
    center: Finite
    scale: Scale
    date_format: Name = ""

    @property
    def features(self) -> tuple[str, ...]:
        """``column time``, ``column month sin``, ..."""
        extra = (f"{self.column} is missing",) if self.indicator else ()
        return (*(f"{self.column} {part}" for part in self.parts), *extra)

    def apply(self, cells: "pa.ChunkedArray", out: np.ndarray) -> Notes:
        """Write one input a part."""
        seconds = _float64(cells)
        unknown = np.isnan(seconds)
        seconds = np.where(unknown, self.fill, seconds)
        for number, part in enumerate(self.parts):
            out[:, number] = date_part(seconds, part, center=self.center, scale=self.scale)
        if self.indicator:
            out[:, -1] = unknown
        return {}


AnyStep = Annotated[NumberStep | CategoryStep | HashStep | DateStep, Field(discriminator="kind")]


def date_part(seconds: np.ndarray, part: str, *, center: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """One of `PARTS` of dates.

    Args:
        seconds: float64 (row,), since 1970.
        part: Which.
        center: Subtracted from the time.
        scale: Divides the time.

    Returns:
        float64 (row,).
    """
    if part == "time":
        return (seconds - center) / scale
    period, function = part.split()
    if period == "month":
        days = (seconds // DAY).astype("datetime64[D]")
        year = days.astype("datetime64[Y]")
        turn = (days - year).astype(float) / ((year + 1).astype("datetime64[D]") - year).astype(float)
    elif period == "weekday":
        turn = (seconds // DAY + 3) % 7 / 7  # 1970 began on a Thursday
    else:
        turn = seconds % DAY / DAY
    angle = 2 * np.pi * turn
    return np.sin(angle) if function == "sin" else np.cos(angle)


def _ranks(values: np.ndarray, quantiles: tuple[float, ...]) -> np.ndarray:
    """Ranks as normal deviates, as scikit-learn's QuantileTransformer computes them."""
    from scipy.special import ndtri

    known, share = np.asarray(quantiles), np.linspace(0, 1, len(quantiles))
    # from both sides, so that a value that occurs often gets the middle of its ranks
    rank = 0.5 * (np.interp(values, known, share) - np.interp(-values, -known[::-1], -share[::-1]))
    edge = 1e-7 - np.spacing(1)
    return np.clip(ndtri(rank), ndtri(edge), ndtri(1 - edge))


def _float64(cells: "pa.ChunkedArray") -> np.ndarray:
    return cells.to_numpy().astype(np.float64, copy=False)  # null becomes NaN


def _encode(cells: "pa.ChunkedArray") -> tuple[np.ndarray, list[str]]:
    """The number of each row's value among the distinct ones, -1 for a missing one; and the distinct values."""
    encoded = cast(Any, cells.combine_chunks()).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64), encoded.dictionary.to_pylist()
