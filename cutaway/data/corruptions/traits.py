"""What corruptions need to know of samples: the range of images and their background, the columns of tables."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.data.dataset import Dataset
from cutaway.data.preparation import Preparation


@dataclass(frozen=True, eq=False)
class PictureTraits:
    """What is known of images.

    Attributes:
        low: Smallest value that a pixel can have.
        high: Largest.
        background: float32 ``(channel,)``, what a pixel is that nothing is on: the median of all pixels at an edge.
    """

    low: float
    high: float
    background: np.ndarray


@dataclass(frozen=True, eq=False)
class ColumnTraits:
    """What is known of the columns of a table, or of an array ``(sample, column)``.

    Attributes:
        widths: int64 ``(column,)``, the number of inputs that each column became, in their order.
        numbers: int64 ``(number,)``, the inputs that are numbers.
        indicators: int64 ``(number,)``, for each the input that says whether it is missing; -1 where there is none.
        spread: float32 ``(number,)``, standard deviation of each among the samples in which it is known.
        low: float32 ``(number,)``, its smallest value among the samples.
        high: float32 ``(number,)``, its largest.
        missing: float32 ``(input,)``, what the preparation makes of a row in which nothing is known; None without one.
    """

    widths: np.ndarray
    numbers: np.ndarray
    indicators: np.ndarray
    spread: np.ndarray
    low: np.ndarray
    high: np.ndarray
    missing: np.ndarray | None


@dataclass(frozen=True, eq=False)
class SampleTraits:
    """What is known of samples.

    Attributes:
        shape: Shape of one.
        pictures: If they are images.
        columns: If they are not.
    """

    shape: tuple[int, ...]
    pictures: PictureTraits | None
    columns: ColumnTraits | None


def traits_of(data: Dataset, x: np.ndarray) -> SampleTraits:
    """Find out what corruptions need to know.

    Args:
        data: The dataset.
        x: ``(sample, *shape)``, raw samples of it, at least one: those that are corrupted.
    """
    if data.is_image:
        return SampleTraits(data.shape, _picture_traits(x, data.scale), None)
    return SampleTraits(data.shape, None, _column_traits(x.reshape(len(x), -1), data.preparation))


def _picture_traits(x: np.ndarray, scale: float) -> PictureTraits:
    low, high = float(x.min()), float(x.max())
    if low >= 0 and high <= scale:  # not only what these samples happen to hold; digits are bytes up to 16
        low, high = 0.0, scale
    channels = x if x.ndim == 4 else x[..., None]
    edges = (channels[:, 0], channels[:, -1], channels[:, :, 0], channels[:, :, -1])
    background = np.median(np.concatenate(edges, axis=1), axis=(0, 1))
    return PictureTraits(low, high, background.astype(np.float32))


def _column_traits(x: np.ndarray, preparation: Preparation | None) -> ColumnTraits:
    if preparation is None:
        widths = np.ones(x.shape[1], np.int64)
        numbers, missing = np.arange(x.shape[1]), None
        indicators = np.full(x.shape[1], -1)
    else:
        widths = np.array([len(step.features) for step in preparation.steps], np.int64)
        first, places = np.cumsum(widths) - widths, [step.kind == "number" for step in preparation.steps]
        numbers, missing = first[places], missing_inputs(preparation)
        indicators = np.where(widths[places] > 1, numbers + 1, -1)
    values = x[:, numbers].astype(np.float64)
    known = np.ones(values.shape, bool)
    has = indicators >= 0
    known[:, has] = x[:, indicators[has]] == 0
    mean = np.where(known, values, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    spread = np.sqrt((np.where(known, values - mean, 0) ** 2).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    return ColumnTraits(
        widths=widths,
        numbers=numbers.astype(np.int64),
        indicators=indicators.astype(np.int64),
        spread=spread.astype(np.float32),
        low=values.min(axis=0).astype(np.float32),
        high=values.max(axis=0).astype(np.float32),
        missing=missing,
    )


def missing_inputs(preparation: Preparation) -> np.ndarray:
    """What a preparation makes of a row in which nothing is known, float32 ``(input,)``."""
    import pyarrow as pa

    cells: dict[str, Any] = {
        column: pa.chunked_array([pa.nulls(1, pa.string() if kind == "category" else pa.float64())])
        for column, kind in preparation.columns.items()
    }
    return preparation.apply(cells)[0][0]
