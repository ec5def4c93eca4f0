"""Images in the tooltips of a Bokeh figure, without any JavaScript.

All images are on a few sprite sheets, each a CSS custom property of the page's root. Bokeh attaches its tooltips to
the page's body, outside the figure, but custom properties are inherited there through every shadow root. Three columns
of the data say which cell of which sheet a tooltip shows.
"""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from cutaway.errors import DataError

from .image import data_uri, sprite_sheet

# Chromium drops a custom property above 2 MiB in var(), and the image with it. 700,000 pixels are at most
# 0.94 MB in base64 even if they do not compress; they hold 892 digits of MNIST.
_SHEET_PIXELS = 700_000

# The longer side of an image in a tooltip, in pixels; small images are enlarged to about this by a whole factor.
_SIDE = 84
_LARGEST_SIDE = 168


@dataclass(frozen=True)
class HoverImages:
    """What a figure needs to show images in tooltips.

    Attributes:
        css: Style sheet for the page: one custom property for each sprite sheet.
        div: HTML of the image in the tooltip, with Bokeh's placeholders for ``columns``.
        columns: Data columns (sample,): the sheet, and the column and row of the cell on it.
    """

    css: str
    div: str
    columns: dict[str, NDArray[np.uint16]]


def hover_images(images: NDArray) -> HoverImages:
    """Arrange images on sprite sheets.

    Args:
        images: (sample, height, width), or (sample, height, width, 3) in color; uint8 in 0..255 or floats in 0..1.

    Raises:
        DataError: The images have another shape or range, or one of them is larger than a sheet.
    """
    pixels = int(np.prod(images.shape[1:]))
    if pixels > _SHEET_PIXELS:
        raise DataError(
            f"the hover images have {pixels:,} pixels, more than {_SHEET_PIXELS:,}", hint="pass smaller images"
        )
    room = _SHEET_PIXELS // max(pixels, 1)
    columns = max(1, int(np.sqrt(room)))
    sheets = [sprite_sheet(images[i : i + room], columns=columns)[0] for i in range(0, max(len(images), 1), room)]
    # the digest keeps two figures on one page from using each other's sheets
    name = f"--cutaway-{sha256(b''.join(sheets)).hexdigest()[:12]}"
    properties = "".join(f"{name}-{i}: url({data_uri(sheet)});" for i, sheet in enumerate(sheets))
    sample = np.arange(len(images))
    return HoverImages(
        css=f":root {{ {properties} }}",
        div=_div(name, images, columns=columns),
        columns={
            "sheet": (sample // room).astype(np.uint16),
            "sheet_column": (sample % room % columns).astype(np.uint16),
            "sheet_row": (sample % room // columns).astype(np.uint16),
        },
    )


def _div(name: str, images: NDArray, *, columns: int) -> str:
    side = max(images.shape[1:3])
    scale = max(1, round(_SIDE / side)) if side <= _LARGEST_SIDE else _LARGEST_SIDE / side
    height, width = (scale * length for length in images.shape[1:3])
    style = {
        "width": f"{width:g}px",
        "height": f"{height:g}px",
        "margin-bottom": "4px",
        "background-image": f"var({name}-@{{sheet}})",
        "background-size": f"{columns * width:g}px auto",
        "background-position": f"calc(-{width:g}px * @{{sheet_column}}) calc(-{height:g}px * @{{sheet_row}})",
        "image-rendering": "pixelated" if scale >= 1 else "auto",
    }
    return f'<div class="cutaway-image" style="{"; ".join(f"{k}: {v}" for k, v in style.items())}"></div>'
