"""Scatter plots of an embedding, colored by class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cutaway.errors import DataError

from .hover import hover_pictures
from .legend import class_styles, legend_below
from .theme import INK, LINE, OTHER_STYLE, ClassStyle, point_alpha, point_size

if TYPE_CHECKING:
    from bokeh.plotting import figure as BokehFigure
    from matplotlib.figure import Figure

# Bokeh opens one tooltip per class under the mouse, in drawing order; only that of the point on top is shown.
_ONE_TOOLTIP = "body > .bk-Tooltip:has(~ .bk-Tooltip) { visibility: hidden; }"


def embedding_scatter(xy: ArrayLike, labels: ArrayLike, class_names: Sequence[str], *, title: str = "") -> "Figure":
    """Draw an embedding with matplotlib, with the legend beside it.

    Args:
        xy: Coordinates (sample, 2); both axes have the same scale. Points are drawn in this order.
        labels: Class of each sample, integers (sample,) in 0..len(class_names)-1.
        class_names: One name per class; classes without a point are not in the legend. Of more than 60
            with points, the smaller ones are gray and share one entry.
        title: Set above the points.

    Raises:
        DataError: The coordinates are not finite pairs, or the labels do not fit them or the class names.
    """
    from matplotlib.lines import Line2D

    from .notebook import NotebookFigure

    points, classes = _checked(xy, labels, class_names)
    styles, others = class_styles(classes, count=len(class_names))
    colors = np.full(len(class_names), OTHER_STYLE.color)
    markers = np.full(len(class_names), OTHER_STYLE.matplotlib_marker)
    for number, style in styles.items():
        colors[number], markers[number] = style.color, style.matplotlib_marker
    figure = NotebookFigure(figsize=(8, 6.5), layout="constrained")
    axes = figure.subplots()
    for marker in dict.fromkeys(markers[np.unique(classes)].tolist()):
        # One call per marker, not per class: points are drawn in the order of the samples, so no class covers another.
        chosen = markers[classes] == marker
        axes.scatter(
            *points[chosen].T,
            c=colors[classes[chosen]].tolist(),
            marker=marker,
            s=(0.75 * point_size(len(points))) ** 2,
            alpha=point_alpha(len(points)),
            linewidths=0,
            rasterized=True,
        )
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color(LINE)
    axes.set_title(title, loc="left", color=INK).set_parse_math(False)
    entries = [(class_names[number], style) for number, style in styles.items()]
    if others:
        entries.append((_others(others), OTHER_STYLE))
    handles = [
        Line2D([], [], color=style.color, marker=style.matplotlib_marker, linestyle="", label=name)
        for name, style in entries
    ]
    legend = figure.legend(handles=handles, loc="outside right upper", frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def embedding_scatter_bokeh(
    xy: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    predicted: ArrayLike | None = None,
    pictures: ArrayLike | None = None,
) -> "BokehFigure":
    """Draw an embedding with Bokeh: a click on the legend hides a class, a tooltip shows the sample.

    Args:
        xy: Coordinates (sample, 2); both axes have the same scale.
        labels: Class of each sample, integers (sample,) in 0..len(class_names)-1.
        class_names: One name per class; as for `embedding_scatter`.
        names: Name of each sample, such as "test[7]".
        predicted: Class that the model predicts for each sample, integers (sample,).
        pictures: (sample, height, width), uint8 or floats in 0..1, embedded as a few sprite sheets.

    Raises:
        DataError: The coordinates are not finite pairs, or one of the other arrays does not fit them.
    """
    points, classes = _checked(xy, labels, class_names)
    columns: dict[str, NDArray] = {"x": points[:, 0], "y": points[:, 1]}
    lines = ["<div>class $name</div>"]
    if names is not None:
        columns["name"] = _checked_length("names", np.array(names, object), len(points))
        lines.insert(0, "<div><b>@{name}</b></div>")
    if predicted is not None:
        indices = _classes(_checked_length("predicted", np.asarray(predicted), len(points)), class_names)
        columns["predicted"] = np.array(class_names, object)[indices]
        lines.append("<div>predicted as @{predicted}</div>")
    css = [_ONE_TOOLTIP]
    if pictures is not None:
        shown = hover_pictures(_checked_length("pictures", np.asarray(pictures), len(points)))
        columns |= shown.columns
        css.append(shown.css)
        lines.insert(0, shown.div)
    plot = _empty_plot(css)
    single, together = _add_classes(plot, columns, classes, class_names)
    _add_hover(plot, "".join(lines), single)
    if together:
        _add_hover(plot, "".join(lines).replace("$name", "@{class}"), together)
    # At most about 300 px wide, which fits a phone: 34 px for the marker and 7 px per character.
    widest = max(len(renderer.name) for renderer in (*single, *together))
    legend_below(plot, columns=int(np.clip(300 // (34 + 7 * widest), 1, 5)))
    return plot


def _checked(
    xy: ArrayLike, labels: ArrayLike, class_names: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    points = np.asarray(xy, np.float32)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0 or not np.isfinite(points).all():
        raise DataError(
            "an embedding is an array (sample, 2) of finite numbers with at least one sample",
            got=f"shape {points.shape}" + ("" if np.isfinite(points).all() else " with NaN or infinity"),
            hint="embed the layer again",
        )
    return points, _classes(_checked_length("labels", np.asarray(labels), len(points)), class_names)


def _checked_length(what: str, array: NDArray, count: int) -> NDArray:
    if array.ndim == 0 or len(array) != count:
        raise DataError(
            f"{what} has one entry for each of the {count} points",
            got=f"shape {array.shape}",
            hint="pass one entry per sample, in the order of the embedding's ids",
        )
    return array


def _classes(labels: NDArray, class_names: Sequence[str]) -> NDArray[np.intp]:
    size = len(class_names)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= size:
        raise DataError(
            f"a label is an integer from 0 to {size - 1}, one for each class name",
            got=f"{labels.dtype} of shape {labels.shape}, {labels.min()}..{labels.max()}",
            hint="pass class indices, and one name per class",
        )
    return labels.astype(np.intp)


def _empty_plot(css: Sequence[str]) -> "BokehFigure":
    from bokeh.models import GlobalInlineStyleSheet
    from bokeh.plotting import figure

    plot = figure(
        output_backend="webgl",
        match_aspect=True,
        sizing_mode="stretch_width",
        height=640,
        styles={"height": "min(640px, round(120vw, 1px))"},
        tools="pan,wheel_zoom,box_zoom,reset,save",
        toolbar_location="above",
        stylesheets=[GlobalInlineStyleSheet(css=text) for text in css],
    )
    plot.toolbar.logo = None
    plot.axis.visible = False
    plot.grid.visible = False
    plot.outline_line_color = None
    return plot


def _add_classes(
    plot: "BokehFigure", columns: dict[str, NDArray], classes: NDArray[np.intp], class_names: Sequence[str]
) -> tuple[list[Any], list[Any]]:
    """Draw the points class by class; of more than `LOOKS` classes, the smaller ones together and first.

    Returns:
        The renderers of single classes, and the one of the others, whose column "class" names them.
    """
    styles, others = class_styles(classes, count=len(class_names))
    together: list[Any] = []
    if others:
        chosen = ~np.isin(classes, list(styles))
        named = {**columns, "class": np.array(class_names, object)[classes]}
        together.append(_add_points(plot, named, chosen, OTHER_STYLE, _others(others)))
    single = [
        _add_points(plot, columns, classes == number, style, class_names[number]) for number, style in styles.items()
    ]
    return single, together


def _others(count: int) -> str:
    return f"{count:,} other {'class' if count == 1 else 'classes'}"


def _add_points(
    plot: "BokehFigure", columns: dict[str, NDArray], chosen: NDArray[np.bool_], style: ClassStyle, name: str
) -> Any:
    from bokeh.models import ColumnDataSource

    data = {key: column[chosen] for key, column in columns.items()}
    return plot.scatter(
        "x",
        "y",
        source=ColumnDataSource({k: v.tolist() if v.dtype == object else v for k, v in data.items()}),
        marker=style.marker,
        color=style.color,
        line_color=None,
        size=point_size(len(chosen)),
        alpha=point_alpha(len(chosen)),
        hit_dilation=1.5,
        legend_label=name,
        name=name,
    )


def _add_hover(plot: "BokehFigure", tooltips: str, renderers: list[Any]) -> None:
    from bokeh.models import HoverTool

    # Without a limit every point under the mouse adds a block to the tooltip (bokeh issues 6948 and 10234).
    shown = f'<div class="cutaway-hover">{tooltips}</div>'
    plot.add_tools(HoverTool(tooltips=shown, limit=1, visible=False, renderers=renderers))
