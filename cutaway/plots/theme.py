"""Colors, markers and sizes that all figures share."""

from dataclasses import dataclass

CLASS_COLORS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
"""Ten colors; class k has the k-th in every figure. They differ under all three common color-vision deficiencies.

Source: Petroff (2021), "Accessible Color Sequences for Data Visualization", arXiv:2107.02270, ten-color sequence.
"""

TRAINING_COLOR = CLASS_COLORS[0]
VALIDATION_COLOR = CLASS_COLORS[6]
RIGHT_COLOR = CLASS_COLORS[8]
WRONG_COLOR = CLASS_COLORS[6]

SEQUENTIAL_COLORS = ("#4a3f9e", "#2c7fb0", "#35a88f", "#9cc25a", "#f0d043")
"""Small to large, for numbers: their lightness grows steadily, and blue to yellow differs for color-blind eyes."""

MISSING_COLOR = "#8a8f98"
"""Of samples without a value."""

# These grays are legible on white and on dark pages; the report replaces them with its own.
INK = "#2b2f36"
MUTED = "#6b7280"
LINE = "#9aa1ab"

_BOKEH_MARKERS = ("circle", "triangle", "square", "diamond", "inverted_triangle", "hex")
_MATPLOTLIB_MARKERS = ("o", "^", "s", "D", "v", "h")

LOOKS = len(CLASS_COLORS) * len(_BOKEH_MARKERS)
"""Classes that look different: 60."""


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
    """Return a point's opacity, 0.45 to 0.9: the more points, the lower, so that overlaps are visible."""
    return max(0.45, 0.9 - 0.45 * max(count - 200, 0) / 20_000)
