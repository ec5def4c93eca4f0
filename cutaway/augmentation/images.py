"""Images that are changed at random as they are read."""

from typing import Any

import numpy as np

from cutaway.errors import DataError

CHANNELS = (1, 3)
"""Gray and color, as of `cutaway.data.Dataset.is_image`."""


class AugmentedRows:
    """Rows of images, each of which is changed at random when it is read; the same way whenever it is read again.

    Args:
        x: Raw images ``(image, *shape)``, uint8 or float32: an array, or an object that gives rows for row numbers.
        limits: float32 (9,): how far each property changes, in the order of `cutaway.augmentation.kernels.warp`.
        seed: Random seed, a whole number from 0.
        epoch: Number of the epoch, from 0: another one gives other images.
    """

    def __init__(self, x: Any, limits: np.ndarray, *, seed: int, epoch: int) -> None:
        self._x, self._limits = x, limits
        self._key = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """The changed images of some row numbers, ``(*rows.shape, *shape)``."""
        from .kernels import warp  # Numba takes 0.3 s to load

        taken = np.asarray(self._x[rows])
        shape = taken.shape[rows.ndim :]
        check_images(shape)
        images = np.ascontiguousarray(taken.reshape(-1, *shape[:2], *(shape[2:] or (1,))))
        out = np.empty_like(images)
        warp(images, np.ascontiguousarray(rows.reshape(-1), np.int64), self._key, self._limits, out)
        return out.reshape(taken.shape)


def check_images(shape: tuple[int, ...]) -> None:
    """Check that samples of a shape are images, of 2 x 2 pixels or more.

    Raises:
        DataError: They are not.
    """
    if len(shape) in (2, 3) and min(shape[:2]) >= 2 and (len(shape) == 2 or shape[2] in CHANNELS):
        return
    numbers = " x ".join(f"{side:,}" for side in shape) or "one"
    raise DataError(
        "augmentation changes images, of height x width or height x width x 1 or 3",
        got=f"samples of {numbers} {'numbers' if shape else 'number'}",
        hint='pass augment="none", or reshape the samples to images',
    )
