"""Pictures in rows, each with a few words above it."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from cutaway.errors import DataError

from .picture import as_gray

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def picture_grid(pictures: ArrayLike, titles: Sequence[str], *, columns: int = 10) -> "Figure":
    """Draw pictures in rows with matplotlib.

    Args:
        pictures: (sample, height, width), uint8 in 0..255 or floats in 0..1, at least one.
        titles: What stands above each, one or two short lines.
        columns: Pictures in a row, at least 1.

    Raises:
        DataError: The pictures have another shape or range, or there are not as many titles.
    """
    from .notebook import NotebookFigure

    gray = as_gray(pictures)
    if not len(gray) or len(titles) != len(gray) or columns < 1:
        raise DataError(
            "a grid has a title for each of at least one picture, and at least 1 column",
            got=f"{len(gray)} pictures, {len(titles)} titles and {columns} columns",
            hint="pass as many titles as pictures",
        )
    columns = min(columns, len(gray))
    rows = math.ceil(len(gray) / columns)
    figure = NotebookFigure(figsize=(1.25 * columns, 1.6 * rows), layout="constrained")
    for axes, picture, title in zip(figure.subplots(rows, columns, squeeze=False).flat, gray, titles, strict=False):
        axes.imshow(picture, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(title.replace("$", r"\$"), fontsize=7)
    for axes in figure.axes:
        axes.set_axis_off()
    return figure
