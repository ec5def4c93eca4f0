"""A drawn or photographed digit as MNIST would show it: white on black, scaled, and centered by its mass."""

import numpy as np

SIDE = 28
BOX = 20
"""MNIST's digits fit into 20 x 20 pixels, and their center of mass is the center of 28 x 28.

Source: LeCun, Cortes and Burges, the MNIST database of handwritten digits.
"""

LIGHT = 0.5
"""Mean of the border above which the background counts as light, as of ink on paper."""


def center_digit(picture: np.ndarray) -> np.ndarray:
    """Prepare a picture of one digit as MNIST's were.

    A light background is inverted; what differs from the background is cut out, scaled into 20 x 20 pixels with its
    proportions, and placed so that its center of mass is the center.

    Args:
        picture: uint8 (row, column), of any size.

    Returns:
        uint8 (28, 28), white on black; all zeros if the picture has no contrast.
    """
    from PIL import Image

    values = picture.astype(np.float32) / 255
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    if border.mean() > LIGHT:
        values = 1 - values
        border = 1 - border
    # paper is not evenly lit: everything up to the brightest border is background
    floor = float(np.quantile(border, 0.95))
    values = np.clip((values - floor) / max(1e-6, float(values.max()) - floor), 0, 1)
    ink = values > 0.3
    if not ink.any():
        return np.zeros((SIDE, SIDE), np.uint8)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    cut = values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    ratio = BOX / max(cut.shape)
    height, width = (max(1, round(side * ratio)) for side in cut.shape)
    scaled = Image.fromarray((cut * 255).astype(np.uint8)).resize((width, height), Image.Resampling.LANCZOS)
    return _centered(np.asarray(scaled))


def _centered(digit: np.ndarray) -> np.ndarray:
    weights = digit.astype(np.float64)
    height, width = digit.shape
    total = weights.sum()
    middle = [(weights.sum(axis=1 - axis) @ np.arange(digit.shape[axis])) / total for axis in (0, 1)]
    # center of mass to the center, (13.5, 13.5), as far as the digit stays inside
    top, left = (round((SIDE - 1) / 2 - center) for center in middle)
    top, left = min(max(top, 0), SIDE - height), min(max(left, 0), SIDE - width)
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    canvas[top : top + height, left : left + width] = digit
    return canvas
