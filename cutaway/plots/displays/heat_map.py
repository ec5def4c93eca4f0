"""A matrix of shares as a heat map, such as the similarity of layers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cutaway.plots.theme import ON_LIGHT, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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
    """
    from matplotlib import colormaps

    from cutaway.plots.notebook import NotebookFigure, finished, label_axes

    matrix = np.asarray(values, np.float64)
    size = max(matrix.shape)
    side = float(np.clip(0.55 * size, 2.6, 7.5))
    longest = max(len(shortened(name)) for name in (*rows, *columns))
    figure = NotebookFigure(figsize=(side + 1.4 + 0.05 * longest, side + 0.9), layout="constrained")
    axes = figure.subplots()
    colors = colormaps["Blues"].with_extremes(bad="#d5d8dd")
    image = axes.imshow(np.ma.masked_invalid(matrix), cmap=colors, vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(matrix) if size <= NUMBERED else ():
        write_cell(axes, row, column, "–" if np.isnan(value) else f"{value:.2f}", "white" if value > 0.6 else ON_LIGHT)
    label_axes(axes, title, x_label, y_label)
    name_cells(axes, [*map(shortened, rows)], [*map(shortened, columns)], most=NAMED)
    if max(len(shortened(name)) for name in columns) * len(columns) > 9 * side:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=[0, 0.5, 1])
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    return finished(figure)


def write_cell(axes: "Axes", row: int, column: int, text: str, color: str) -> None:
    """Write into a cell of a matrix."""
    axes.text(column, row, text, ha="center", va="center", color=color, fontsize=8)


def name_cells(axes: "Axes", rows: Sequence[str], columns: Sequence[str], *, most: int) -> None:
    """Name the rows and columns of a matrix: all, or evenly spaced ones from the first on, at most so many."""
    for axis, names in ((axes.xaxis, columns), (axes.yaxis, rows)):
        step = -(-len(names) // most)
        axis.set_ticks(range(0, len(names), step), names[::step])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
