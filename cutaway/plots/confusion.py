"""The confusion matrix: which class is read as which."""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cutaway.errors import DataError

from .theme import INK, MUTED, RIGHT_COLOR, WRONG_COLOR

if TYPE_CHECKING:
    from bokeh.plotting import figure as BokehFigure
    from matplotlib.figure import Figure

# Above this many classes a count no longer fits into its cell; the hover and the colors still tell.
_CLASSES_WITH_COUNTS = 25


def confusion_matrix(matrix: ArrayLike, class_names: Sequence[str]) -> "Figure":
    """Draw a confusion matrix with matplotlib: rows are true classes, columns predicted ones.

    The diagonal is gray and pale, an error is the stronger orange the larger its share of the row.

    Args:
        matrix: Integer counts (true class, predicted class).
        class_names: One name a class.

    Raises:
        DataError: The matrix is not square in the number of classes or holds anything but counts.
    """
    from matplotlib.colors import to_rgb

    from .drawing import Drawing

    counts = _counts(matrix, class_names)
    size = len(class_names)
    cells = np.empty((size, size, 4))
    cells[..., :3] = np.where(np.eye(size, dtype=bool)[..., None], to_rgb(RIGHT_COLOR), to_rgb(WRONG_COLOR))
    cells[..., 3] = _opacity(counts)
    inches = min(12.0, 2.5 + 0.45 * size)
    figure = Drawing(figsize=(inches, inches), layout="constrained")
    axes = figure.subplots()
    axes.imshow(cells)
    if size <= _CLASSES_WITH_COUNTS:
        for true, read in np.argwhere(counts):
            axes.text(read, true, str(counts[true, read]), ha="center", va="center", color=INK, fontsize=8)
    axes.set_xlabel("predicted class", color=MUTED)
    axes.set_ylabel("true class", color=MUTED)
    for label in (
        *axes.set_xticks(range(size), list(class_names), rotation=45 if _long(class_names) else 0),
        *axes.set_yticks(range(size), list(class_names)),
    ):
        label.label1.set_parse_math(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def confusion_matrix_bokeh(matrix: ArrayLike, class_names: Sequence[str]) -> "BokehFigure":
    """Draw a confusion matrix with Bokeh; the hover reads "true 4 read as 9: 12 of 982 (1.2 %)".

    Args:
        matrix: As for `confusion_matrix`.
        class_names: As for `confusion_matrix`.

    Raises:
        DataError: The matrix is not square in the number of classes or holds anything but counts.
    """
    from bokeh.models import ColumnDataSource, HoverTool, Range1d
    from bokeh.plotting import figure

    counts = _counts(matrix, class_names)
    size = len(class_names)
    plot = figure(
        x_range=Range1d(start=-0.5, end=size - 0.5),
        y_range=Range1d(start=size - 0.5, end=-0.5),
        sizing_mode="stretch_width",
        height=560,
        max_width=640,
        styles={"height": "min(560px, round(98vw, 1px))"},
        tools="save",
        toolbar_location="above",
        x_axis_label="predicted class",
        y_axis_label="true class",
    )
    source = ColumnDataSource(_columns(counts, class_names))
    cells = plot.rect(
        "read", "true", 0.96, 0.96, source=source, fill_color="color", fill_alpha="opacity", line_color=None
    )
    if size <= _CLASSES_WITH_COUNTS:
        font = "11px" if size <= 12 else "8px"
        plot.text(
            "read",
            "true",
            text="written",
            source=source,
            text_align="center",
            text_baseline="middle",
            text_font_size=font,
            text_color=INK,
        )
    sentence = "true @{true_name} read as @{read_name}: @{count} of @{total} (@{percent} %)"
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


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each count as a share 0..1 of its row; a class without samples has shares of 0."""
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _opacity(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the strength 0..0.65 of each cell: the diagonal on its own pale scale, errors up to the worst one.

    Both stay so thin that dark ink on a white page, or light ink on a dark one, keeps a contrast of 4.5 in every cell.
    """
    shares = _shares(counts)
    right = np.eye(len(counts), dtype=bool)
    worst = shares[~right].max(initial=0)
    # The root lifts small errors: half the strength for a quarter of the worst share.
    errors = 0.65 * np.sqrt(shares / worst) if worst else shares
    return np.where(right, 0.22 * shares, errors)


def _columns(counts: NDArray[np.int64], class_names: Sequence[str]) -> dict[str, Any]:
    size = len(class_names)
    pairs = list(product(range(size), repeat=2))
    totals = counts.sum(axis=1).tolist()
    return {
        "true": [true for true, _ in pairs],
        "read": [read for _, read in pairs],
        "true_name": [class_names[true] for true, _ in pairs],
        "read_name": [class_names[read] for _, read in pairs],
        "count": counts.ravel().tolist(),
        "total": [totals[true] for true, _ in pairs],
        "percent": [f"{100 * share:.1f}" for share in _shares(counts).flat],
        "written": [str(count) if count else "" for count in counts.flat],
        "color": [RIGHT_COLOR if true == read else WRONG_COLOR for true, read in pairs],
        "opacity": _opacity(counts).ravel().tolist(),
    }


def _label(plot: "BokehFigure", class_names: Sequence[str]) -> None:
    from bokeh.models import FixedTicker, PlainText

    plot.toolbar.logo = None
    plot.outline_line_color = None
    plot.grid.visible = False
    for axis in plot.axis:
        axis.ticker = FixedTicker(ticks=list(range(len(class_names))))
        # PlainText, because Bokeh reads $$...$$ in a string as a formula and would fetch a renderer for it.
        axis.major_label_overrides = {i: PlainText(text=name) for i, name in enumerate(class_names)}
        axis.axis_line_color = None
        axis.major_tick_line_color = None
        axis.axis_label_text_font_style = "normal"
    if _long(class_names):
        plot.xaxis.major_label_orientation = 0.8


def _long(class_names: Sequence[str]) -> bool:
    return max(map(len, class_names)) > 3
