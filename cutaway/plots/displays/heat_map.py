"""A matrix of shares as a heat map, such as the similarity of layers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cutaway.errors import DataError
from cutaway.plots.theme import INK, LINE, MUTED, ON_LIGHT, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUMBERED = 14
"""Rows and columns at most whose values are written into the cells."""

NAMED = 40
"""Names along an axis at most; of more, evenly spaced ones are written."""


def heat_map(
    values: ArrayLike,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str = "",
    x_label: str = "",
    y_label: str = "",
) -> "Figure":
    """Draw a matrix with values in [0, 1] with matplotlib: white at 0, dark blue at 1, gray where a value is missing.

    Args:
        values: ``(row, column)``, finite or NaN.
        rows: Name of each row.
        columns: Name of each column.
        title: Set above.
        x_label: What the columns are.
        y_label: What the rows are.

    Raises:
        DataError: There are not as many names as rows and columns, or none.
    """
    from matplotlib import colormaps

    from cutaway.plots.notebook import NotebookFigure

    matrix = np.asarray(values, np.float64)
    if matrix.shape != (len(rows), len(columns)) or not matrix.size:
        raise DataError(
            "a heat map needs a name for each row and column, at least one",
            got=f"a matrix of shape {matrix.shape}, {len(rows)} and {len(columns)} names",
            hint="pass as many names",
        )
    size = max(matrix.shape)
    side = float(np.clip(0.55 * size, 2.6, 7.5))
    longest = max(len(shortened(name)) for name in (*rows, *columns))
    figure = NotebookFigure(figsize=(side + 1.4 + 0.05 * longest, side + 0.9), layout="constrained")
    axes = figure.subplots()
    colors = colormaps["Blues"].with_extremes(bad="#d5d8dd")
    image = axes.imshow(np.ma.masked_invalid(matrix), cmap=colors, vmin=0, vmax=1)
    if size <= NUMBERED:
        for (row, column), value in np.ndenumerate(matrix):
            text = "–" if np.isnan(value) else f"{value:.2f}"
            color = "white" if value > 0.6 else ON_LIGHT
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize=8)
    for axis, names in ((axes.xaxis, columns), (axes.yaxis, rows)):
        places = named_places(len(names), NAMED)
        for label in axis.set_ticks(places, [shortened(names[place]) for place in places]):
            label.label1.set_parse_math(False)
    if max(len(shortened(name)) for name in columns) * len(columns) > 9 * side:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    axes.set_title(title, loc="left", color=INK, fontsize="medium", fontweight="bold").set_parse_math(False)
    axes.set_xlabel(x_label, color=MUTED).set_parse_math(False)
    axes.set_ylabel(y_label, color=MUTED).set_parse_math(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=[0, 0.5, 1])
    bar.ax.tick_params(color=LINE, labelcolor=INK)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    return figure


def named_places(count: int, most: int) -> list[int]:
    """Positions along an axis whose names are written: all, or evenly spaced ones from the first on."""
    return list(range(0, count, -(-count // most)))
