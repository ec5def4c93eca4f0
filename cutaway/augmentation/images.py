"""Images that are changed at random as they are read."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cutaway.errors import DataError, Hint
from cutaway.image_shape import ImageShape

ImageFunction = Callable[[np.ndarray, np.random.Generator], Any]
"""A function of the user: from an image and a random generator to an image of the same shape."""


class AugmentedRows:
    """Rows of images. Each is changed at random when it is read, and the same way whenever it is read again.

    Args:
        x: Raw images ``(image, *shape)``, uint8 or float32: an array, or an object that gives rows for row numbers.
        limits: float32 (9,): how far each property changes, in the order of `cutaway.augmentation.kernels.warp`.
        seed: Random seed, a whole number from 0.
        epoch: Number of the epoch, from 0: another one gives other images.
        function: Changes each image after that; None for nothing.
    """

    def __init__(
        self, x: Any, limits: np.ndarray, *, seed: int, epoch: int, function: ImageFunction | None = None
    ) -> None:
        self._x, self._limits, self._function = x, limits, function
        self._key = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """The changed images of some row numbers, ``(*rows.shape, *shape)``."""
        from .kernels import warp  # Numba takes 0.3 s to load

        taken = np.asarray(self._x[rows])
        shape = taken.shape[rows.ndim :]
        check_images(shape)
        images = np.ascontiguousarray(taken.reshape(-1, *shape[:2], *(shape[2:] or (1,))))
        if not self._limits.any():
            out = images.copy()
        else:
            out = np.empty_like(images)
            warp(images, np.ascontiguousarray(rows.reshape(-1), np.int64), self._key, self._limits, out)
        if self._function is not None:
            for number, image in zip(rows.reshape(-1), out.reshape(-1, *shape), strict=True):
                image[...] = _changed(self._function, image, [int(self._key), int(number)])
        return out.reshape(taken.shape)


def _changed(function: ImageFunction, image: np.ndarray, seeds: list[int]) -> np.ndarray:
    """The result of a user's function for an image.

    Raises:
        DataError: It is not an image of the same shape, of bytes for bytes, and otherwise of finite real numbers.
    """
    returned = function(image.copy(), np.random.default_rng(seeds))
    try:
        changed = np.asarray(returned)
    except ValueError:  # a list of lists of different lengths
        changed = np.asarray(None)
    is_right = changed.dtype == np.uint8 if image.dtype == np.uint8 else changed.dtype.kind in "biuf"
    if changed.shape != image.shape or not is_right or np.ma.is_masked(returned):
        got = f"{changed.dtype} of shape {changed.shape}"
    elif image.dtype != np.uint8 and not np.isfinite(changed).all():
        got = f"values that are not finite, {changed.dtype} of shape {changed.shape}"
    else:
        return changed
    name = function.__name__
    is_float = image.dtype == np.uint8 and changed.shape == image.shape and changed.dtype.kind == "f"
    raise DataError(
        f"{name} must return {image.dtype} of shape {image.shape}, like its input, got {got}",
        hint="end with np.clip(np.rint(image), 0, 255).astype(np.uint8)" if is_float else f"change what {name} returns",
    )


def check_images(shape: tuple[int, ...]) -> None:
    """Check that samples of a shape are images, of 2 x 2 pixels or more.

    Raises:
        DataError: They are not.
    """
    image = ImageShape.of(shape)
    if image is not None and min(image.rows, image.columns) >= 2:
        return
    numbers = " x ".join(f"{side:,}" for side in shape) or "one"
    raise DataError(
        f"cannot augment samples of {numbers} {'numbers' if shape else 'number'}: they are not images",
        hint=Hint("pass {}, or give samples the shape height x width, or height x width x 1 or 3", augment="none"),
    )
