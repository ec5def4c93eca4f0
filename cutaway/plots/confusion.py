"""The confusion matrix: which class is mistaken for which."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .displays.heat_map import name_cells, write_cell
from .theme import ON_LIGHT, RIGHT_COLOR, WRONG_COLOR, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# With more classes than this, a count does not fit into its cell; colors still show it.
_CLASSES_WITH_COUNTS = 25

_LARGEST = 11.0
"""Inches of the longer side of all cells of a matplotlib figure."""

_LABEL = 0.19
"""Inches that a name takes; of more classes than fit, evenly spaced ones are named."""

_LONGEST = 22
"""Characters of a name at an axis."""


def confusion_matrix(matrix: ArrayLike, class_names: Sequence[str]) -> "Figure":
    """Draw a confusion matrix with matplotlib: rows are true classes, columns predicted ones.

    The diagonal is gray; errors are orange, the stronger the larger their share of the row.

    Args:
        matrix: Integer counts (true class, predicted class).
        class_names: One name per class.
    """
    from matplotlib.colors import to_rgb

    from .notebook import NotebookFigure, finished

    counts = np.asarray(matrix)
    size = len(class_names)
    cells = np.empty((size, size, 4))
    cells[..., :3] = np.where(np.eye(size, dtype=bool)[..., None], to_rgb(RIGHT_COLOR), to_rgb(WRONG_COLOR))
    opacity = _opacity(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))[..., None]
    cells[..., :3] = 1 - opacity * (1 - cells[..., :3])  # as on white, so that the counts are legible on every page
    cells[..., 3] = counts > 0
    side = float(np.clip(0.45 * size, 3.6, _LARGEST))
    names = [shortened(name, _LONGEST) for name in class_names]
    longest = max(map(len, names))
    turned = 0.08 * longest > side / size  # a name is wider than its cell
    beside = 0.9 + 0.085 * longest
    figure = NotebookFigure(figsize=(side + beside, side + (beside if turned else 0.7)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(cells, interpolation="nearest")
    for true, predicted in np.argwhere(counts) if size <= _CLASSES_WITH_COUNTS else ():
        write_cell(axes, true, predicted, str(counts[true, predicted]), ON_LIGHT)
    axes.set(xlabel="predicted class", ylabel="true class")
    name_cells(axes, names, names, most=max(int(side / _LABEL), 1))
    axes.tick_params(labelsize=8 if size > 12 else 9)
    axes.tick_params(axis="x", rotation=90 if turned else 0)
    return finished(figure)


def _opacity(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the opacity 0..0.65 of each cell: one scale for the diagonal, another for errors up to the worst one.

    Both are low enough that dark text on a white page, and light text on a dark one, keeps a contrast of 4.5.
    """
    right = np.eye(len(shares), dtype=bool)
    worst = shares[~right].max(initial=0)
    # The square root makes small errors visible: half the opacity for a quarter of the worst share.
    errors = 0.65 * np.sqrt(shares / worst) if worst else shares
    return np.where(right, 0.22 * shares, errors)
