"""A drawn or photographed digit as the images of a dataset show it: cut out, scaled and centered by the same rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cutaway.errors import UsageError
from cutaway.words import shown

Rule = Literal["mass", "upright"]

CONTRAST = 0.15
"""Difference between ink and paper, of 1 between black and white, below which nothing is drawn."""

STROKE = 2.0
"""Pixels that a stroke has at least in the scaled ink; MNIST's have about 2.5. A thinner one would fade."""

BLOCK = 4
"""Side of the blocks whose pixels are counted where the rule is "upright"."""

LITTLE_INK, MUCH_INK = (256 / 1024, 108 / 1024), (412 / 1024, 560 / 1024)
"""Shares of the pixels below which strokes are made thicker by a pixel on each side, and above which thinner, where the
rule is "upright": once beyond the first, twice beyond the second."""


@dataclass(frozen=True)
class Centering:
    """How images of single digits or letters were made from ink on paper.

    The ink is cut out, and then, by the rule

    - "mass", scaled with its proportions into 20 of 28 pixels, and placed so that its center of mass is the center of
      the image, as MNIST's digits were;
    - "upright", scaled to fill 32 rows and 20 columns of a bitmap of 32 x 32, brought to a usual amount of ink, sheared
      so that its first pixels in the top and the bottom row are below each other, and counted in blocks of 4 x 4, as
      NIST's programs and UCI's digits did.

    Attributes:
        rule: "mass" or "upright". Its sizes are shares of the size of the images.
        dark_ink: Whether the images show dark ink on light paper; MNIST's are white on black.

    Source:
        LeCun, Cortes and Burges, the MNIST database of handwritten digits. Garris and others 1994, "NIST form-based
        handprint recognition system", NISTIR 5469; Alpaydin and Kaynak 1998, UCI optical recognition of handwritten
        digits.
    """

    rule: Rule
    dark_ink: bool = False


def as_centering(rule: Any, x: np.ndarray) -> Centering | None:
    """How some images were made, from the rule that a user gives.

    Args:
        rule: "mass", "upright", or None for images that are not centered.
        x: The images ``(sample, row, column)``; the borders of the first 200 tell whether their paper is light.

    Raises:
        UsageError: There is no such rule, or these are no gray images.
    """
    if rule is None:
        return None
    if rule not in ("mass", "upright"):
        raise UsageError(
            f'centering must be "mass" or "upright", not {shown(rule)}',
            hint='pass "mass" for images made as MNIST\'s were, or leave it out',
        )
    if x.ndim != 3:
        raise UsageError(
            f"centering is for gray images (row, column), not for samples of {x.shape[1:]}", hint="leave it out"
        )
    few = x[:200]
    return Centering(rule, dark_ink=bool(2 * paper_level(few) > float(few.min()) + float(few.max())))


def paper_level(x: np.ndarray) -> float:
    """The median of the outermost pixels of images ``(sample, row, column[, 3])``, which is their background."""
    edges = (x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1])
    return float(np.median(np.concatenate([edge.reshape(-1) for edge in edges])))


def center_ink(image: np.ndarray, *, shape: tuple[int, int], centering: Centering) -> np.ndarray | None:
    """Prepare an image of one digit or letter as those of a dataset were.

    Otsu's threshold separates ink from paper; ink is what the border has less of. It is made thicker if it is so thin
    that it would fade.

    Args:
        image: uint8 (row, column), of any size.
        shape: (rows, columns) of the images of the dataset.
        centering: How they were made.

    Returns:
        uint8 of that shape, 0 to 255; None if nothing is drawn.

    Source:
        Otsu 1979, "A threshold selection method from gray-level histograms".
    """
    from scipy import ndimage

    light = image > _otsu(image)
    ink = light ^ (paper_level(light[None]) > 0.5)
    if not ink.any() or ink.all():
        return None
    paper, drawn = float(np.median(image[~ink])), float(np.median(image[ink]))
    if abs(drawn - paper) < 255 * CONTRAST:
        return None
    # the pixels next to ink too: their gray is the edge of a stroke and not a shadow on the paper
    near = 255 * ndimage.maximum_filter(ink, 3)
    values = np.clip((image.astype(np.float32) - paper) / (drawn - paper), 0, 1) * near
    (box,) = ndimage.find_objects(ink.astype(int))
    cut = values[box].astype(np.uint8), ink[box]
    if centering.rule == "mass":
        found = _centered(*cut, shape)
    elif image.shape == shape:  # its blocks are counted already
        found = 255 - image if paper > drawn else image
    else:
        found = _upright(*cut, shape)
    return 255 - found if centering.dark_ink else found


def _otsu(image: np.ndarray) -> int:
    """The level that separates the pixels into the two groups whose means differ most, weighted by their sizes."""
    counts = np.bincount(image.reshape(-1), minlength=256).astype(np.float64)
    below, mass = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (mass / below - (mass[-1] - mass) / above) ** 2
    return int(np.nan_to_num(between).argmax())


def _scaled(cut: np.ndarray, ink: np.ndarray, ratio: float, shape: Sequence[int]) -> np.ndarray:
    """The ink brought to (rows, columns), by about `ratio`; before, strokes that would fade are made thicker.

    The width of a stroke is estimated as twice the area over the length of its outline.
    """
    from PIL import Image
    from scipy import ndimage

    width = 2 * ink.sum() / (ink.sum() - np.sum(ndimage.binary_erosion(ink)))
    missing = max(0, min(round((STROKE / ratio - width) / 2), 100))
    thicker = Image.fromarray(ndimage.maximum_filter(cut, 2 * missing + 1))
    return np.asarray(thicker.resize((shape[1], shape[0]), Image.Resampling.LANCZOS))


def _centered(cut: np.ndarray, ink: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The rule "mass"."""
    ratio = min(max(1, round(side * 20 / 28)) / drawn for side, drawn in zip(shape, cut.shape, strict=True))
    digit = _scaled(cut, ink, ratio, [max(1, round(side * ratio)) for side in cut.shape])
    mass = (np.indices(digit.shape) * digit).sum(axis=(1, 2)) / max(digit.sum(), 1)
    room = np.subtract(shape, digit.shape)
    # MNIST's centers of mass are at (14, 14) in the mean; the digit stays inside
    before = np.clip(np.round(np.divide(shape, 2) - mass), 0, room).astype(int)
    return np.pad(digit, np.transpose([before, room - before]))


def _upright(cut: np.ndarray, ink: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The rule "upright"."""
    from scipy import ndimage

    height, width = (BLOCK * side for side in shape)
    box = max(1, round(width * 20 / 32))
    levels = _scaled(cut, ink, min(height / len(cut), box / cut.shape[1]), (height, box))
    left = (width - box) // 2
    bitmap = np.pad(levels >= levels.max() / 2, ((0, 0), (left, width - box - left)))
    share = bitmap.mean()
    bitmap = ndimage.maximum_filter(bitmap, 1 + 2 * sum(share < limit for limit in LITTLE_INK))
    for limit in MUCH_INK:
        thinner = ndimage.minimum_filter(bitmap, 3)
        if share > limit and thinner.any():  # of narrow stripes nothing would be left
            bitmap = thinner
    rows, columns = np.nonzero(bitmap)
    lean = (bitmap[rows[-1]].argmax() - columns[0]) / max(rows[-1] - rows[0], 1)
    columns = columns - np.floor(lean * (rows - height / 2) + 0.5)
    columns += (width - 1 - columns.min() - columns.max()) // 2
    # at the middles of pixels: none is at an edge of a block
    counts, _, _ = np.histogram2d(rows + 0.5, columns + 0.5, shape, ((0, height), (0, width)))
    return np.round(counts * (255 / BLOCK**2)).astype(np.uint8)
