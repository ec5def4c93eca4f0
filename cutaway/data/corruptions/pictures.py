"""Corruptions of images: noise, shift, rotation, occlusion."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .traits import PictureTraits


def noise(x: np.ndarray, severity: float, traits: PictureTraits, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise on every pixel, clipped to the range; the severity is its standard deviation / the range."""
    added = rng.standard_normal(x.shape, dtype=np.float32) * np.float32(severity * (traits.high - traits.low))
    return np.clip(x + added, traits.low, traits.high)


def shift(x: np.ndarray, severity: float, traits: PictureTraits, rng: np.random.Generator) -> np.ndarray:
    """A shift in a random direction; the severity is the distance / the shorter side. Background moves in."""
    from scipy import ndimage

    distance = severity * min(x.shape[1:3])
    angles = rng.uniform(0, 2 * math.pi, len(x))
    steps = distance * np.stack([np.sin(angles), np.cos(angles)], axis=1)

    def moved(plane: np.ndarray, sample: int, background: float) -> Any:
        return ndimage.shift(plane, steps[sample], order=1, mode="grid-constant", cval=background)

    return _each_plane(x, traits, moved)


def rotation(x: np.ndarray, severity: float, traits: PictureTraits, rng: np.random.Generator) -> np.ndarray:
    """A rotation about the center, to the left or to the right by chance; the severity is the angle in degrees."""
    from scipy import ndimage

    angles = severity * np.where(rng.random(len(x)) < 0.5, -1.0, 1.0)

    def turned(plane: np.ndarray, sample: int, background: float) -> Any:
        turn: Any = ndimage.rotate
        return turn(plane, angles[sample], reshape=False, order=1, mode="grid-constant", cval=background)

    return _each_plane(x, traits, turned)


def occlusion(x: np.ndarray, severity: float, traits: PictureTraits, rng: np.random.Generator) -> np.ndarray:
    """A rectangle of background at a random place; the severity is its share of the area."""
    rows, columns = x.shape[1:3]
    height = max(1, round(math.sqrt(severity) * rows))
    width = round(severity * rows * columns / height)
    places = rng.random((len(x), 2)) * (rows - height + 1, columns - width + 1)
    covered, background = x.copy(), traits.background if x.ndim == 4 else traits.background[0]
    for picture, (top, left) in zip(covered, places.astype(int).tolist(), strict=True):
        picture[top : top + height, left : left + width] = background
    return covered


def _each_plane(
    x: np.ndarray, traits: PictureTraits, function: Callable[[np.ndarray, int, float], np.ndarray]
) -> np.ndarray:
    """Apply a function to the rows and columns of every sample, and of colors channel by channel."""
    out = np.empty_like(x)
    planes, changed = (array if array.ndim == 4 else array[..., None] for array in (x, out))
    for sample, picture in enumerate(planes):
        for channel, background in enumerate(traits.background.tolist()):
            changed[sample, ..., channel] = function(picture[..., channel], sample, background)
    return np.clip(out, traits.low, traits.high, out=out)
