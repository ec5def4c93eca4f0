"""Two models on the same samples: the probabilities that each gives the true classes, one against the other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cutaway.errors import DataError

from .displays.bokeh_display import shown_in_notebooks
from .legend import legend_below
from .theme import BLUE, GRAY, INK, LINE, MUTED, ORANGE, point_alpha, point_size

if TYPE_CHECKING:
    from bokeh.plotting import figure as BokehFigure
    from matplotlib.figure import Figure

_CHANGES = (
    ("right in both", LINE, "circle", "o"),
    ("wrong in both", GRAY, "square", "s"),
    ("fixed", BLUE, "triangle", "^"),
    ("broken", ORANGE, "inverted_triangle", "v"),
)
"""What became of a sample, its color and its markers, in the order in which points are drawn."""

_NUMBERS = {"right in both": 0, "fixed": 1, "broken": 2, "wrong in both": 3}


def confidence_scatter(first: ArrayLike, second: ArrayLike, changes: ArrayLike, *, runs: Sequence[str]) -> "Figure":
    """Draw the probabilities with matplotlib; on the diagonal both models are equally confident.

    Args:
        first: Probability of the true class by the first model, floats (sample,) in 0..1.
        second: By the second model.
        changes: What became of each sample, integers (sample,): 0 right in both, 1 fixed (right in the second only), 2
            broken (right in the first only), 3 wrong in both.
        runs: Names of both models.

    Raises:
        DataError: The arrays do not fit together.
    """
    from .notebook import NotebookFigure

    points, codes = _checked(first, second, changes)
    figure = NotebookFigure(figsize=(6.5, 6.8), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=1, zorder=0)
    for name, color, _, marker in _CHANGES:
        chosen = codes == _NUMBERS[name]
        size = (0.75 * _size(name, len(points))) ** 2
        label = _label(name, chosen)
        axes.scatter(*points[chosen].T, c=color, marker=marker, s=size, alpha=0.8, linewidths=0, label=label)
    for axis, run in zip((axes.xaxis, axes.yaxis), runs, strict=True):
        axis.set_label_text(f"probability of the true class, {run}", color=MUTED).set_parse_math(False)
    axes.set_aspect("equal")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("Fixed above the diagonal, broken below it", loc="left", color=INK, fontsize="medium")
    figure.legend(loc="outside lower left", frameon=False, ncols=2, labelcolor=INK)
    return figure


@shown_in_notebooks
def confidence_scatter_bokeh(
    first: ArrayLike,
    second: ArrayLike,
    changes: ArrayLike,
    *,
    runs: Sequence[str],
    names: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    predicted: tuple[Sequence[str], Sequence[str]] | None = None,
) -> "BokehFigure":
    """Draw the probabilities with Bokeh: a click on the legend hides points, a tooltip shows the sample.

    Args:
        first: As for `confidence_scatter`.
        second: As for `confidence_scatter`.
        changes: As for `confidence_scatter`.
        runs: Names of both models.
        names: Name of each sample, such as "test[7]".
        labels: Name of the true class of each.
        predicted: Names of the classes that both models predict.

    Raises:
        DataError: The arrays do not fit together.
    """
    from bokeh.models import ColumnDataSource, HoverTool, Range1d, Slope
    from bokeh.plotting import figure

    points, codes = _checked(first, second, changes)
    columns: dict[str, NDArray[Any]] = {"x": points[:, 0], "y": points[:, 1]}
    for key, values in (("name", names), ("label", labels), *zip(("a", "b"), predicted or (None, None), strict=True)):
        if values is not None:
            columns[key] = np.array(values, object)
    plot = figure(
        height=560,
        sizing_mode="stretch_width",
        max_width=640,
        x_range=Range1d(start=-0.02, end=1.02),
        y_range=Range1d(start=-0.02, end=1.02),
        tools="pan,wheel_zoom,box_zoom,reset,save",
        toolbar_location="above",
        output_backend="webgl",
        x_axis_label=f"probability of the true class, {runs[0]}",
        y_axis_label=f"probability of the true class, {runs[1]}",
    )
    plot.toolbar.logo = None
    plot.outline_line_color = None
    plot.axis.axis_label_text_font_style = "normal"
    plot.axis.minor_tick_line_color = None
    plot.grid.grid_line_alpha = 0.4
    plot.add_layout(Slope(gradient=1, y_intercept=0, line_color=LINE, line_width=1))
    renderers = []
    for name, color, marker, _ in _CHANGES:
        chosen = codes == _NUMBERS[name]
        data = {key: column[chosen] for key, column in columns.items()}
        source = ColumnDataSource({k: v.tolist() if v.dtype == object else v for k, v in data.items()})
        renderers.append(
            plot.scatter(
                *("x", "y"),
                source=source,
                color=color,
                marker=marker,
                size=_size(name, len(points)),
                alpha=point_alpha(len(points)) if name.endswith("both") else 0.9,
                line_color=None,
                hit_dilation=1.5,
                legend_label=_label(name, chosen),
            )
        )
    lines = ["<div>A @{x}{0.000}, B @{y}{0.000}</div>"]
    lines[:0] = ["<div><b>@{name}</b></div>"] * (names is not None) + ["<div>class @{label}</div>"] * (
        labels is not None
    )
    lines += ["<div>A predicts @{a}, B @{b}</div>"] * (predicted is not None)
    plot.add_tools(HoverTool(tooltips="".join(lines), limit=1, visible=False, renderers=renderers))
    legend_below(plot, columns=2)
    return plot


def _size(name: str, count: int) -> float:
    """A point's diameter in pixels: those whose prediction changed are few, and must be seen among all others."""
    return point_size(count) if name.endswith("both") else max(point_size(count), 7.0)


def _label(name: str, chosen: NDArray[np.bool_]) -> str:
    return f"{name} ({int(chosen.sum()):,})"


def _checked(first: ArrayLike, second: ArrayLike, changes: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    codes = np.asarray(changes, np.int64)
    arrays = [np.asarray(values, np.float32) for values in (first, second)]
    if any(array.shape != codes.shape or array.ndim != 1 or not np.isfinite(array).all() for array in arrays):
        raise DataError(
            "two models are compared by one finite probability for each sample and model",
            got=f"the shapes {arrays[0].shape}, {arrays[1].shape} and {codes.shape}",
            hint="take all three from one comparison",
        )
    if codes.size and not 0 <= codes.min() <= codes.max() < len(_CHANGES):
        raise DataError("changes are integers from 0 to 3", got=f"{codes.min()} to {codes.max()}", hint="see the names")
    return np.stack(arrays, axis=1), codes
