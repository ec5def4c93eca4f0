"""What an image is, and how it becomes smaller."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class ImageShape:
    """The shape of a sample that is an image: gray, ``(row, column)`` or ``(row, column, 1)``, or in three colors.

    Attributes:
        rows: Pixels of a side, from 1.
        columns: Pixels of the other side, from 1.
        channels: 1 or 3.
    """

    rows: int
    columns: int
    channels: int

    @classmethod
    def of(cls, shape: Sequence[int]) -> "ImageShape | None":
        """The image that a sample of this shape is; None if it is none."""
        rows, columns, channels = (*shape, 1) if len(shape) == 2 else shape if len(shape) == 3 else (0, 0, 0)
        return cls(rows, columns, channels) if channels in (1, 3) and min(rows, columns) > 0 else None

    @property
    def is_gray(self) -> bool:
        """Whether it has one channel."""
        return self.channels == 1

    def pixel(self, number: int) -> str:
        """Where a value of the image is, such as "row 4, column 6", counted from 1; its number counts from 0."""
        place, channel = divmod(number, self.channels)
        row, column = divmod(place, self.columns)
        return f"row {row + 1}, column {column + 1}{'' if self.is_gray else f', channel {channel + 1}'}"


def input_names(names: "Sequence[str] | None", shape: Sequence[int]) -> "Sequence[str]":
    """What the values of a sample are called.

    Args:
        names: Their names, if they have any; they stay as they are.
        shape: The shape of a sample.

    Returns:
        The names; or else "column 1" and so on, or of an image "row 1, column 1".
    """
    image, size = ImageShape.of(shape), math.prod(shape)
    return names or [f"column {k + 1}" if image is None else image.pixel(k) for k in range(size)]


def smaller(images: "np.ndarray", side: int) -> "np.ndarray":
    """Every second, third, ... row and column of images ``(sample, row, column[, 3])``, at most `side` of each."""
    step = max(1, -(-max(images.shape[1:3]) // max(side, 1)))
    return images[:, ::step, ::step]
