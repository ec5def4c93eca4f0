"""Images: samples in gray or color, alone, on one sprite sheet or in rows with titles, and weights in two colors."""

import base64
import math
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cutaway.errors import DataError

from .theme import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POSITIVE, NEGATIVE = ORANGE, BLUE


def sprite_sheet(images: ArrayLike, *, columns: int | None = None) -> tuple[bytes, int]:
    """Arrange images on one PNG, row by row.

    Args:
        images: (sample, height, width), or (sample, height, width, 3) in color; uint8 in 0..255 or floats in 0..1.
        columns: Images in a row; None makes the sheet about square.

    Returns:
        The PNG's bytes and the number of columns: image i is in row i // columns and column i % columns.

    Raises:
        DataError: The images have another shape or range.
    """
    pixels = _pixels(images)
    count, height, width, *channels = pixels.shape
    columns = math.ceil(math.sqrt(count)) if columns is None else columns
    rows = math.ceil(count / columns)
    cells = np.zeros((rows * columns, height, width, *channels), np.uint8)
    cells[:count] = pixels
    sheet = cells.reshape(rows, columns, height, width, *channels).swapaxes(1, 2)
    return _png(sheet.reshape(rows * height, columns * width, *channels)), columns


def image_png(image: ArrayLike, *, scale: int = 1) -> bytes:
    """Return one image as a PNG.

    Args:
        image: (height, width), or (height, width, 3) in color; uint8 in 0..255 or floats in 0..1.
        scale: Each pixel becomes a square of this many pixels.

    Raises:
        DataError: The image has another shape or range, or the scale is below 1.
    """
    if scale < 1:
        raise DataError(f"scale must be 1 or more, not {scale}", hint="pass scale=1")
    pixels = _pixels(np.asarray(image)[np.newaxis])[0]
    return _png(pixels.repeat(scale, axis=0).repeat(scale, axis=1))


def signed_png(values: ArrayLike, *, scale: int = 1) -> bytes:
    """Return positive and negative numbers as a PNG: orange above 0, blue below, the more transparent the closer to 0.

    Transparent at 0, not white: it suits light and dark pages.

    Args:
        values: (height, width), finite; the largest absolute value is opaque.
        scale: Each number becomes a square of this many pixels.
    """
    array = np.asarray(values, np.float64)
    most = np.abs(array).max()
    colors = np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in (NEGATIVE, POSITIVE)], np.uint8)
    opacity = np.rint(255 * np.abs(array) / (most or 1.0)).astype(np.uint8)
    pixels = np.concatenate([colors[(array > 0).astype(int)], opacity[..., np.newaxis]], axis=2)
    return _png(pixels.repeat(scale, axis=0).repeat(scale, axis=1))


def image_grid(images: ArrayLike, titles: Sequence[str], *, columns: int = 10) -> "Figure":
    """Draw images in rows with matplotlib, 0 as black and the highest value as white, as all images here.

    Args:
        images: (sample, height, width), or (sample, height, width, 3) in color; uint8 in 0..255 or floats in 0..1,
            at least one.
        titles: What stands above each, one or two short lines.
        columns: Images in a row, at least 1.

    Raises:
        DataError: The images have another shape or range, or there are none.
    """
    from .notebook import axes_grid, finished

    shown = _pixels(images)
    figure, every = axes_grid(shown, columns=columns, size=(1.25, 1.6))
    for axes, image, title in zip(every, shown, titles, strict=True):
        axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(title, fontsize=7)
        axes.set_axis_off()
    return finished(figure)


def data_uri(image: bytes, kind: str = "png") -> str:
    """Return the bytes of an image as a data URI, which a page shows without fetching anything."""
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def _pixels(images: ArrayLike) -> NDArray[np.uint8]:
    """Images (sample, height, width[, 3]), uint8 in 0..255 or floats in 0..1, as uint8.

    Raises:
        DataError: They have another shape or range.
    """
    array = np.asarray(images)
    if array.ndim not in (3, 4) or array.shape[3:] not in ((), (3,)) or array.size == 0:
        raise DataError(
            "images must be an array (sample, height, width) or (sample, height, width, 3) with at least one pixel",
            got=f"shape {array.shape}",
            hint="reshape the samples, for example x.reshape(-1, 28, 28)",
        )
    if array.dtype == np.uint8:
        return array
    # NaN fails both comparisons, so it is refused as well
    if array.dtype.kind != "f" or not (array.min() >= 0 and array.max() <= 1):
        got = f"{array.dtype} in {array.min()}..{array.max()}"
        raise DataError("images must be uint8 or floats from 0 to 1", got=got, hint="scale them to 0..1 first")
    return np.rint(array * 255).astype(np.uint8)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
