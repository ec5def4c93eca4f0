"""The confusion matrix: which class is mistaken for which."""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cutaway.errors import DataError

from .displays.bokeh_display import shown_in_notebooks
from .theme import MUTED, ON_LIGHT, RIGHT_COLOR, WRONG_COLOR, shortened

if TYPE_CHECKING:
    from bokeh.plotting import figure as BokehFigure
    from matplotlib.figure import Figure

# With more classes than this, a count does not fit into its cell; tooltips and colors still show it.
_CLASSES_WITH_COUNTS = 25

_LARGEST = 11.0
"""Inches of the longer side of all cells of a matplotlib figure."""

_LABEL = 0.19
"""Inches that a name takes; of more classes than fit, evenly spaced ones are named."""

_SIDE_BY_SIDE = 45
"""Characters of the longest name times the number of names that fit side by side below a Bokeh figure."""

_LONGEST = 22
"""Characters of a name at an axis."""


def confusion_matrix(matrix: ArrayLike, class_names: Sequence[str]) -> "Figure":
    """Draw a confusion matrix with matplotlib: rows are true classes, columns predicted ones.

    The diagonal is gray; errors are orange, the stronger the larger their share of the row.

    Args:
        matrix: Integer counts (true class, predicted class).
        class_names: One name per class.

    Raises:
        DataError: The matrix is not square in the number of classes or holds anything but counts.
    """
    from matplotlib.colors import to_rgb

    from .notebook import NotebookFigure

    counts = _counts(matrix, class_names)
    size = len(class_names)
    cells = np.empty((size, size, 4))
    cells[..., :3] = np.where(np.eye(size, dtype=bool)[..., None], to_rgb(RIGHT_COLOR), to_rgb(WRONG_COLOR))
    opacity = _opacity(_shares(counts, counts.sum(axis=1)))[..., None]
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
    if size <= _CLASSES_WITH_COUNTS:
        for true, predicted in np.argwhere(counts):
            count = str(counts[true, predicted])
            axes.text(predicted, true, count, ha="center", va="center", color=ON_LIGHT, fontsize=8)
    axes.set_xlabel("predicted class", color=MUTED)
    axes.set_ylabel("true class", color=MUTED)
    places = range(0, size, -(-size // max(int(side / _LABEL), 1)))
    looks: Any = {"rotation": 90} if turned else {}
    for label in (
        *axes.set_xticks(places, [names[place] for place in places], **looks),
        *axes.set_yticks(places, [names[place] for place in places]),
    ):
        label.label1.set_parse_math(False)
    axes.tick_params(labelsize=8 if size > 12 else 9)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


@shown_in_notebooks
def confusion_matrix_bokeh(
    matrix: ArrayLike, class_names: Sequence[str], *, samples: ArrayLike | None = None
) -> "BokehFigure":
    """Draw a confusion matrix with Bokeh; the tooltip says "true 4 predicted as 9: 12 of 982 (1.2%)".

    Args:
        matrix: As for `confusion_matrix`.
        class_names: As for `confusion_matrix`.
        samples: Samples of each true class, of which counts are shares; the sums of the rows if None. Given where the
            matrix is a part of one with more columns.

    Raises:
        DataError: The matrix is not square in the number of classes or holds anything but counts.
    """
    from bokeh.models import ColumnDataSource, HoverTool, Range1d
    from bokeh.plotting import figure

    counts = _counts(matrix, class_names)
    size = len(class_names)
    height = 560 if size <= _CLASSES_WITH_COUNTS else 760
    plot = figure(
        x_range=Range1d(start=-0.5, end=size - 0.5),
        y_range=Range1d(start=size - 0.5, end=-0.5),
        sizing_mode="stretch_width",
        height=height,
        max_width=height + 80,
        styles={"height": f"min({height}px, round(98vw, 1px))"},
        tools="save",
        toolbar_location="above",
        x_axis_label="predicted class",
        y_axis_label="true class",
    )
    totals = counts.sum(axis=1) if samples is None else np.asarray(samples)
    source = ColumnDataSource(_columns(counts, class_names, totals))
    cells = plot.rect(
        "predicted", "true", 0.96, 0.96, source=source, fill_color="color", fill_alpha="opacity", line_color=None
    )
    if size <= _CLASSES_WITH_COUNTS:
        font_size = "11px" if size <= 12 else "8px"
        plot.text(
            "predicted",
            "true",
            text="cell_text",
            source=source,
            text_align="center",
            text_baseline="middle",
            text_font_size=font_size,
            text_color=ON_LIGHT,
        )
    sentence = "true @{true_name} predicted as @{predicted_name}: @{count} of @{total} (@{percent}%)"
    plot.add_tools(HoverTool(tooltips=f"<div>{sentence}</div>", renderers=[cells], visible=False))
    _label(plot, class_names)
    return plot


def _counts(matrix: ArrayLike, class_names: Sequence[str]) -> NDArray[np.int64]:
    counts = np.asarray(matrix)
    size = len(class_names)
    if counts.shape != (size, size) or size == 0 or counts.dtype.kind not in "iu" or counts.min() < 0:
        raise DataError(
            f"a confusion matrix holds counts, one row and one column for each of the {size} class names",
            got=f"{counts.dtype} of shape {counts.shape}" + (", some below 0" if counts.min(initial=0) < 0 else ""),
            hint="pass sklearn.metrics.confusion_matrix(true, predicted)",
        )
    return counts.astype(np.int64)


def _shares(counts: NDArray[np.int64], totals: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each count as a share 0..1 of the samples of its row; a class without samples has shares of 0."""
    return counts / np.maximum(totals[:, None], 1)


def _opacity(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the opacity 0..0.65 of each cell: one scale for the diagonal, another for errors up to the worst one.

    Both are low enough that dark text on a white page, and light text on a dark one, keeps a contrast of 4.5.
    """
    right = np.eye(len(shares), dtype=bool)
    worst = shares[~right].max(initial=0)
    # The square root makes small errors visible: half the opacity for a quarter of the worst share.
    errors = 0.65 * np.sqrt(shares / worst) if worst else shares
    return np.where(right, 0.22 * shares, errors)


def _columns(counts: NDArray[np.int64], class_names: Sequence[str], samples: NDArray[np.int64]) -> dict[str, Any]:
    size = len(class_names)
    pairs = list(product(range(size), repeat=2))
    totals, shares = samples.tolist(), _shares(counts, samples)
    return {
        "true": [true for true, _ in pairs],
        "predicted": [predicted for _, predicted in pairs],
        "true_name": [class_names[true] for true, _ in pairs],
        "predicted_name": [class_names[predicted] for _, predicted in pairs],
        "count": counts.ravel().tolist(),
        "total": [totals[true] for true, _ in pairs],
        "percent": [f"{100 * share:.1f}" for share in shares.flat],
        "cell_text": [str(count) if count else "" for count in counts.flat],
        "color": [RIGHT_COLOR if true == predicted else WRONG_COLOR for true, predicted in pairs],
        "opacity": _opacity(shares).ravel().tolist(),
    }


def _label(plot: "BokehFigure", class_names: Sequence[str]) -> None:
    from bokeh.models import FixedTicker, NoOverlap, PlainText

    names = [shortened(name, _LONGEST) for name in class_names]
    plot.toolbar.logo = None
    plot.outline_line_color = None
    plot.grid.visible = False
    for axis in plot.axis:
        axis.ticker = FixedTicker(ticks=list(range(len(class_names))))
        # PlainText, because Bokeh takes $$...$$ in a string for a formula and would fetch a renderer for it.
        axis.major_label_overrides = {i: PlainText(text=name) for i, name in enumerate(names)}
        axis.major_label_policy = NoOverlap(min_distance=1)
        axis.axis_line_color = None
        axis.major_tick_line_color = None
        axis.axis_label_text_font_style = "normal"
    if max(map(len, names)) * len(names) > _SIDE_BY_SIDE or len(names) > _CLASSES_WITH_COUNTS:
        plot.xaxis.major_label_orientation = "vertical"
    if len(class_names) > 12:
        plot.axis.major_label_text_font_size = "10px"
