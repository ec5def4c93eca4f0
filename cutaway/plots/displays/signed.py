"""Images on axes: samples in gray, and weights or contributions in two colors."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cutaway.plots.theme import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_image(axes: "Axes", image: ArrayLike, title: str, *, size: float = 8) -> None:
    """Draw an image (row, column), or (row, column, 3) in color, in 0..1 or uint8, with 0 in black, as everywhere."""
    values = np.asarray(image)
    axes.imshow(values, cmap="gray", vmin=0, vmax=255 if values.dtype == np.uint8 else 1, interpolation="nearest")
    _bare(axes, title, size)


def draw_signed(axes: "Axes", values: ArrayLike, title: str, *, size: float = 8) -> None:
    """Draw numbers (row, column): orange above 0, blue below, white at 0; the largest absolute value is full color."""
    from matplotlib.colors import LinearSegmentedColormap

    numbers = np.asarray(values, np.float64)
    most = float(np.abs(numbers[np.isfinite(numbers)]).max(initial=0)) or 1.0
    colors = LinearSegmentedColormap.from_list("signed", [BLUE, "#ffffff", ORANGE])
    axes.imshow(numbers, cmap=colors, vmin=-most, vmax=most, interpolation="nearest")
    _bare(axes, title, size)


def _bare(axes: "Axes", title: str, size: float) -> None:
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=size, loc="left")
