"""A drawn or photographed digit as MNIST would show it: white on black, scaled, and centered by its mass."""

import numpy as np

SIDE = 28
BOX = 20
"""MNIST's digits fit into 20 x 20 pixels, and their center of mass is the center of 28 x 28.

Source: LeCun, Cortes and Burges, the MNIST database of handwritten digits.
"""

CONTRAST = 0.15
"""Difference between ink and paper, of 1 between black and white, below which nothing is drawn."""

STROKE = 2.0
"""Pixels that a stroke has at least in 20 x 20; MNIST's have about 2.5. A thinner one would fade when it is scaled."""


def center_digit(picture: np.ndarray) -> np.ndarray | None:
    """Prepare a picture of one digit as MNIST's were.

    Ink is told from paper by Otsu's threshold, and is what the border has less of. What is ink is cut out, scaled into
    20 x 20 pixels with its proportions, made thicker if it is much thinner than MNIST's, and placed so that its center
    of mass is the center.

    Args:
        picture: uint8 (row, column), of any size.

    Returns:
        uint8 (28, 28), white on black; None if nothing is drawn.

    Source:
        Otsu 1979, "A threshold selection method from gray-level histograms".
    """
    from PIL import Image, ImageFilter

    threshold = _otsu(picture)
    light = picture > threshold
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    ink = ~light if border.mean() > 0.5 else light
    if not ink.any() or ink.all():
        return None
    paper, drawn = float(np.median(picture[~ink])), float(np.median(picture[ink]))
    if abs(drawn - paper) < 255 * CONTRAST:
        return None
    values = np.clip((picture.astype(np.float32) - paper) / (drawn - paper), 0, 1) * (255 * _near(ink))
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    cut = Image.fromarray(values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8))
    ratio = BOX / max(cut.size)
    for _ in range(_missing_pixels(ink, ratio)):
        cut = cut.filter(ImageFilter.MaxFilter(3))
    width, height = (max(1, round(side * ratio)) for side in cut.size)
    return _centered(np.asarray(cut.resize((width, height), Image.Resampling.LANCZOS)))


def _otsu(picture: np.ndarray) -> int:
    """The level that separates the pixels into the two groups whose means differ most, weighted by their sizes."""
    counts = np.bincount(picture.reshape(-1), minlength=256).astype(np.float64)
    below, mass = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (mass / below - (mass[-1] - mass) / above) ** 2
    return int(np.nan_to_num(between).argmax())


def _near(ink: np.ndarray) -> np.ndarray:
    """Ink and the pixels beside it, whose gray is the edge of a stroke and not a shadow on the paper."""
    padded = np.pad(ink, 1)
    near = padded[1:-1, 1:-1].copy()
    for rows in (slice(None, -2), slice(1, -1), slice(2, None)):
        for columns in (slice(None, -2), slice(1, -1), slice(2, None)):
            near |= padded[rows, columns]
    return near


def _missing_pixels(ink: np.ndarray, ratio: float) -> int:
    """How often a stroke is to be thickened by a pixel on each side, so that it does not fade when it is scaled.

    The width of a stroke is estimated as twice the area over the length of its outline.
    """
    padded = np.pad(ink, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    outline = int((ink & ~inside).sum())
    width = 2 * int(ink.sum()) / max(outline, 1)
    return max(0, min(round((STROKE / ratio - width) / 2), 100)) if ratio < 1 else 0


def _centered(digit: np.ndarray) -> np.ndarray:
    weights = digit.astype(np.float64)
    height, width = digit.shape
    total = weights.sum()
    middle = [(weights.sum(axis=1 - axis) @ np.arange(digit.shape[axis])) / total for axis in (0, 1)]
    # MNIST's centers of mass are at (14, 14) in the mean; the digit stays inside
    top, left = (round(SIDE / 2 - center) for center in middle)
    top, left = min(max(top, 0), SIDE - height), min(max(left, 0), SIDE - width)
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    canvas[top : top + height, left : left + width] = digit
    return canvas
