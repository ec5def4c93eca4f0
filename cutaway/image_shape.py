"""What an image is, and how it becomes smaller."""

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


def smaller(images: "np.ndarray", side: int) -> "np.ndarray":
    """Every second, third, ... row and column of images ``(sample, row, column[, 3])``, at most `side` of each."""
    step = max(1, -(-max(images.shape[1:3]) // max(side, 1)))
    return images[:, ::step, ::step]
