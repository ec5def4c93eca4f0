"""Colors, markers, sizes and ticks that all figures share."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.ticker import MaxNLocator

CLASS_COLORS = (
    "#636ed8",
    "#f6a122",
    "#c36076",
    "#00a3ab",
    "#216e4b",
    "#932804",
    "#9cc18e",
    "#812483",
    "#897f00",
    "#e29dfe",
)
"""Ten colors; class k has the k-th in every figure: indigo, amber, rose, teal, green, brick, sage,
purple, olive and lilac.

They were found by simulated annealing over sRGB, which raised the smallest CIEDE2000 difference between any two of
them, as normal eyes see them (counted 0.6) and with simulated protanopia, deuteranopia and tritanopia. Every color
has a contrast of at least 2.0 with a white page (#ffffff) and with a dark one (#1b1e22), and a chroma from 0.08 to
0.17 in OKLCH: none is gray and none is glaring. The smallest differences are 25.7 for normal eyes and 15.4 for
each deficiency. The digits that are most often confused, 4 and 9, 3 and 8, 3 and 5, 7 and 9, differ by at least 36.

Source: Sharma, Wu, Dalal 2005, "The CIEDE2000 color-difference formula"; Machado, Oliveira, Fernandes 2009, "A
    physiologically-based model for simulation of color vision deficiency", severity 1.0.
"""

PAGE_COLORS = tuple(
    f"light-dark({pair})"
    for pair in (
        "#3742bd, #5b7ef0",
        "#bd891f, #fabf02",
        "#9c365d, #f65f95",
        "#15748d, #30b7b8",
        "#039a80, #0a7c57",
        "#6c0613, #a65406",
        "#667d41, #cfeba0",
        "#511c5e, #845a98",
        "#6d5301, #999551",
        "#aa74d6, #ecc0fe",
    )
)
"""The same hues for the map of a light and of a dark page, as CSS writes them; class k has the k-th.

They were found like `CLASS_COLORS`. Each has a contrast of at least 3.1 with the map's background, and differs by at
least 13 from the page's colors of right, wrong, warnings and links. The smallest differences of two of them are 19.2
for normal eyes and 11.8 for each deficiency on light pages, and 22.7 and 14.1 on dark ones.
"""

BLUE = "#3f90da"
ORANGE = "#e76300"
GRAY = "#717581"
PURPLE = "#832db6"
"""Colors of lines and of meanings, which have a contrast of at least 2.3 with white and dark pages.

Source: Petroff 2021, "Accessible Color Sequences for Data Visualization", arXiv:2107.02270.
"""

LINE_COLORS = (BLUE, ORANGE, GRAY, PURPLE)
"""Colors of the series of a panel, in their order."""

RIGHT_COLOR = GRAY
WRONG_COLOR = ORANGE
COMPARED_COLORS = (RIGHT_COLOR, BLUE, "light-dark(#832db6, #b57edc)", WRONG_COLOR)
"""Of samples that both of two runs predict correctly, the first only, the second only, neither; for a page."""

SEQUENTIAL_COLORS = ("#4a3f9e", "#2c7fb0", "#35a88f", "#9cc25a", "#f0d043")
"""Small to large, for numbers: their lightness grows steadily, and blue to yellow differs for color-blind eyes."""

DIVERGING_COLORS = ("#1f66c2", "#6ea6dd", "#a9aeb6", "#ee9a5a", "#c84e00")
"""Below 0, at 0, and above 0: the farther from 0, the stronger. Blue and orange differ for color-blind eyes; gray shows
on light and on dark pages."""

RANGE = (0.01, 0.99)
"""Quantiles between which a ramp lies: beyond them all have the color of its end, so that one outlier does not make all
others alike."""

MISSING_COLOR = "#8a8f98"
"""Of samples without a value."""

# Figures have no background, and may be on any page. This gray has a contrast of 4.1 with white and
# with our dark page, and 4.6 with JupyterLab's; a darker or a lighter one loses on one of them. Reports and the studio
# replace it with their own.
INK = MUTED = "#787d88"
LINE = "#9aa1ab"
ON_LIGHT = "#2b2f36"
"""Text on cells and cards that are light on every page."""

_BOKEH_MARKERS = ("circle", "triangle", "square", "diamond", "inverted_triangle", "hex")
_MATPLOTLIB_MARKERS = ("o", "^", "s", "D", "v", "h")

LOOKS = len(CLASS_COLORS) * len(_BOKEH_MARKERS)
"""Classes that look different: 60."""


LONGEST_NAME = 28
"""Characters of a name that are shown; the middle of a longer one is left out."""


@dataclass(frozen=True)
class ClassStyle:
    """The look of the points of one class.

    Attributes:
        color: Hex color, one of `CLASS_COLORS`.
        marker: Bokeh's name of the marker.
        matplotlib_marker: matplotlib's code of the same marker.
    """

    color: str
    marker: str
    matplotlib_marker: str


OTHER_STYLE = ClassStyle(LINE, _BOKEH_MARKERS[0], _MATPLOTLIB_MARKERS[0])
"""The look of classes that have none of their own."""


def class_style(index: int) -> ClassStyle:
    """Return the look of class ``index``: after ten classes the colors repeat with another marker.

    Args:
        index: Index of the class, from 0; after `LOOKS` classes the looks repeat.
    """
    turn = index // len(CLASS_COLORS) % len(_BOKEH_MARKERS)
    return ClassStyle(CLASS_COLORS[index % len(CLASS_COLORS)], _BOKEH_MARKERS[turn], _MATPLOTLIB_MARKERS[turn])


def point_size(count: int) -> float:
    """Return a point's diameter in pixels: 10 for a few points, down to about 2.3 for 70,000."""
    return min(10.0, 10.0 * (200 / max(count, 1)) ** 0.25)


def point_alpha(count: int) -> float:
    """Return a point's opacity, 0.45 to 0.9: the more points, the lower, to make overlaps visible."""
    return max(0.45, 0.9 - 0.45 * max(count - 200, 0) / 20_000)


def ramp_range(values: ArrayLike) -> tuple[float, float]:
    """The ends of a ramp for numbers: their quantiles `RANGE`, or all of them where these are equal; without NaN."""
    numbers = np.asarray(values, np.float64)
    numbers = numbers[np.isfinite(numbers)]
    low, high = np.quantile(numbers, RANGE).tolist() if len(numbers) else (0.0, 1.0)
    return (low, high) if low < high or not len(numbers) else (float(numbers.min()), float(numbers.max()))


def shortened(name: Any, longest: int = LONGEST_NAME) -> str:
    """A name on one line, without the middle of a long one."""
    text = " ".join(str(name).split())
    if len(text) <= longest:
        return text
    first = (longest - 1) * 2 // 3
    return f"{text[:first]}…{text[len(text) - (longest - 1 - first) :]}"


def are_whole(columns: Iterable[ArrayLike]) -> bool:
    """Whether all numbers are whole, those that are missing aside: they count epochs, units or samples."""
    numbers = np.concatenate([np.ravel(np.asarray(column, np.float64)) for column in columns])
    numbers = numbers[np.isfinite(numbers)]
    return bool(len(numbers) and (numbers == np.rint(numbers)).all())


def whole_ticks(most: int = 10) -> "MaxNLocator":
    """Ticks of matplotlib for counts: nothing lies halfway between two epochs."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(most, integer=True, min_n_ticks=1)
