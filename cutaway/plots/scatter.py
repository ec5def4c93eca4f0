"""Scatter plots of an embedding, colored by class or by a number."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cutaway.errors import DataError
from cutaway.task import number_text

from .bokeh_display import show_in_notebooks
from .hover import hover_images
from .legend import class_styles
from .theme import (
    LONGEST_NAME,
    OTHER_STYLE,
    SEQUENTIAL_COLORS,
    ClassStyle,
    point_alpha,
    point_size,
    ramp_range,
    shortened,
)

if TYPE_CHECKING:
    from bokeh.plotting import figure as BokehFigure
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure

FEW = 20
"""Classes whose names are written nearly whole into the legend of a Bokeh figure."""

SHORT_NAME = 14
"""Characters of the names of more classes."""

LEGEND_LINE = 0.22
"""Inches that an entry of a legend takes."""

LEGEND_COLUMN, LEGEND_CHARACTER = 0.45, 0.075
"""Inches that a column of a legend takes, without its text and for a character of it."""

BAR_WIDTH = 0.9
"""Inches that the bar of colors of a number takes."""

# Bokeh opens one tooltip per class under the mouse, in drawing order; only the tooltip of the point on top is shown.
_ONE_TOOLTIP = "body > .bk-Tooltip:has(~ .bk-Tooltip) { visibility: hidden; }"


def embedding_scatter(xy: ArrayLike, labels: ArrayLike, class_names: Sequence[str], *, title: str = "") -> "Figure":
    """Draw an embedding with matplotlib, with the legend next to it.

    Args:
        xy: Coordinates (sample, 2); both axes have the same scale. Points are drawn in this order.
        labels: Class of each sample, integers (sample,) in 0..len(class_names)-1; or a number, floats.
        class_names: One name per class; classes without a point are not in the legend. Above 60
            with points, the smaller ones are gray and share one entry. Of numbers, the name of the number.
        title: Set above the points.

    Raises:
        DataError: The coordinates are not finite pairs, or the labels do not fit them or the class names.
    """
    from .notebook import NotebookFigure, finished

    points, classes = checked(xy, labels, class_names)
    figure = NotebookFigure(figsize=(6.6, 6.5), layout="constrained")
    axes = figure.subplots()
    draw_points(axes, points, classes, class_names)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_title(title, loc="left")
    legend_beside(figure, classes, class_names)
    return finished(figure)


def draw_points(
    axes: "Axes", points: NDArray[np.float32], classes: NDArray[Any], class_names: Sequence[str]
) -> "list[tuple[NDArray[np.bool_], PathCollection]]":
    """Draw points on axes without ticks, in the order of the samples, which lets no class cover another.

    Numbers have the colors of a ramp.

    Returns:
        For each marker, which points have it, and the artist that drew them.
    """
    size, alpha = (0.75 * point_size(len(points))) ** 2, point_alpha(len(points))
    looks: dict[str, Any] = {"s": size, "alpha": alpha, "linewidths": 0, "rasterized": True}
    axes.set(xticks=[], yticks=[])
    if classes.dtype.kind == "f":
        ramp = _ramp(classes)
        drawn_points = axes.scatter(*points.T, c=classes, cmap=ramp.cmap, norm=ramp.norm, **looks)
        return [(np.ones(len(points), bool), drawn_points)]
    styles, _ = class_styles(classes, count=len(class_names))
    colors = np.full(len(class_names), OTHER_STYLE.color)
    markers = np.full(len(class_names), OTHER_STYLE.matplotlib_marker)
    for number, style in styles.items():
        colors[number], markers[number] = style.color, style.matplotlib_marker
    drawn: list[tuple[NDArray[np.bool_], PathCollection]] = []
    for marker in dict.fromkeys(markers[np.unique(classes)].tolist()):
        chosen = markers[classes] == marker  # one call per marker, not per class
        points_drawn = axes.scatter(
            *points[chosen].T,
            c=colors[classes[chosen]].tolist(),
            marker=marker,
            **looks,
        )
        drawn.append((chosen, points_drawn))
    return drawn


def _ramp(numbers: NDArray[np.float32]) -> Any:
    """The colors of numbers, between their `ramp_range`."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    return ScalarMappable(Normalize(*ramp_range(numbers)), LinearSegmentedColormap.from_list("", SEQUENTIAL_COLORS))


def legend_beside(figure: "Figure", classes: NDArray[Any], class_names: Sequence[str]) -> None:
    """Name the classes with points next to the axes of a figure, in as many columns as fit its height.

    Of numbers, show what the colors mean.
    """
    from matplotlib.lines import Line2D

    if classes.dtype.kind == "f":
        shown = [axes for axes in figure.axes if axes.get_visible()]
        figure.set_figwidth(figure.get_figwidth() + BAR_WIDTH)
        bar = figure.colorbar(_ramp(classes), ax=shown, label=shortened(class_names[0]), extend="both", shrink=0.6)
        bar.ax.yaxis.set_major_formatter(lambda value, _: number_text(value))
        return

    styles, others = class_styles(classes, count=len(class_names))
    longest = LONGEST_NAME if len(styles) <= FEW else SHORT_NAME
    entries = [(shortened(class_names[number], longest), style) for number, style in styles.items()]
    if others:
        entries.append((_others(others), OTHER_STYLE))
    handles = [
        Line2D([], [], color=style.color, marker=style.matplotlib_marker, linestyle="", label=name)
        for name, style in entries
    ]
    fitting = max(int(figure.get_figheight() / LEGEND_LINE), 1)
    columns = -(-len(entries) // fitting)
    # the legend takes no room from the points
    width = LEGEND_COLUMN + LEGEND_CHARACTER * max(len(name) for name, _ in entries)
    figure.set_figwidth(figure.get_figwidth() + columns * width)
    figure.legend(
        handles=handles,
        loc="outside right upper",
        frameon=False,
        ncols=columns,
        fontsize="small",
        columnspacing=1.0,
    )


def embedding_scatter_bokeh(
    xy: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    predicted: ArrayLike | None = None,
    images: ArrayLike | None = None,
) -> "BokehFigure":
    """Draw an embedding with Bokeh: a click on the legend hides a class, a tooltip shows the sample.

    The legend of a number is a bar of colors.

    Args:
        xy: Coordinates (sample, 2); both axes have the same scale.
        labels: As for `embedding_scatter`.
        class_names: As for `embedding_scatter`.
        names: Name of each sample, such as "test[7]".
        predicted: Class or number that the model predicts for each sample (sample,).
        images: (sample, height, width), uint8 or floats in 0..1, embedded as a few sprite sheets.

    Raises:
        DataError: The coordinates are not finite pairs, or one of the other arrays does not fit them.
    """
    points, classes = checked(xy, labels, class_names)
    columns: dict[str, NDArray] = {"x": points[:, 0], "y": points[:, 1]}
    is_number = classes.dtype.kind == "f"
    lines = ["<div>@{number}</div>" if is_number else "<div>class $name</div>"]
    if is_number:
        columns["number"] = np.array([f"{class_names[0]} {number_text(each)}" for each in classes.tolist()], object)
    if names is not None:
        columns["name"] = _checked_length("names", np.array(names, object), len(points))
        lines.insert(0, "<div><b>@{name}</b></div>")
    if predicted is not None:
        found = _classes(_checked_length("predicted", np.asarray(predicted), len(points)), class_names)
        texts = [number_text(each) for each in found.tolist()] if is_number else np.array(class_names, object)[found]
        columns["predicted"] = np.array(texts, object)
        lines.append("<div>predicted as @{predicted}</div>")
    css = [_ONE_TOOLTIP]
    if images is not None:
        shown = hover_images(_checked_length("images", np.asarray(images), len(points)))
        columns |= shown.columns
        css.append(shown.css)
        lines.insert(0, shown.div)
    plot = _empty_plot(css)
    if is_number:
        _add_hover(plot, "".join(lines), [_add_numbers(plot, columns, classes, class_names[0])])
        show_in_notebooks(plot)
        return plot
    single, together = _add_classes(plot, columns, classes, class_names)
    _add_hover(plot, "".join(lines), single)
    if together:
        _add_hover(plot, "".join(lines).replace("$name", "@{class}"), together)
    # At most about 300 px wide, which fits a phone: 34 px for the marker and 7 px per character.
    legend: Any = plot.legend[0]
    labels_shown: list[str] = [item.label.value for item in legend.items]
    columns_shown = int(np.clip(300 // (34 + 7 * max(map(len, labels_shown))), 1, 5))
    # below the plot it covers no point; a click on an entry hides its class
    plot.add_layout(legend, "below")
    looks = {"margin": 0, "spacing": 10, "background_fill_alpha": 0, "border_line_color": None}
    legend.update(click_policy="hide", location="top_left", orientation="horizontal", ncols=columns_shown, **looks)
    # the legend takes no room from the points
    rows = -(-len(labels_shown) // columns_shown)
    below = 21 * (rows - 3)
    if below > 0:
        legend.update(label_text_font_size="11px", spacing=1, glyph_height=16)
        plot.height = 640 + below
        plot.styles = {"height": f"calc(min(640px, round(120vw, 1px)) + {below}px)"}
    show_in_notebooks(plot)
    return plot


def checked(xy: ArrayLike, labels: ArrayLike, class_names: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Coordinates and classes, or numbers, that fit one another.

    Raises:
        DataError: They do not.
    """
    points = np.asarray(xy, np.float32)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0 or not np.isfinite(points).all():
        raise DataError(
            "an embedding must be an array (sample, 2) of finite numbers with at least one sample",
            got=f"shape {points.shape}" + ("" if np.isfinite(points).all() else " with NaN or infinity"),
            hint="embed the layer again",
        )
    return points, _classes(_checked_length("labels", np.asarray(labels), len(points)), class_names)


def _checked_length(what: str, array: NDArray, count: int) -> NDArray:
    if array.ndim == 0 or len(array) != count:
        raise DataError(
            f"{what} must have one entry for each of the {count} points",
            got=f"shape {array.shape}",
            hint="pass one entry per sample, in the order of the embedding's ids",
        )
    return array


def _classes(labels: NDArray, class_names: Sequence[str]) -> NDArray[Any]:
    size = len(class_names)
    if labels.ndim == 1 and labels.dtype.kind == "f" and size == 1:
        return labels.astype(np.float32)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= size:
        raise DataError(
            f"a label must be an integer from 0 to {size - 1}, one for each class name",
            got=f"{labels.dtype} of shape {labels.shape}, {labels.min()}..{labels.max()}",
            hint="pass class indices, and one name per class",
        )
    return labels.astype(np.intp)


def _empty_plot(css: Sequence[str]) -> "BokehFigure":
    """A figure for many points, which is moved and zoomed, with style sheets for its page."""
    from bokeh.models import GlobalInlineStyleSheet
    from bokeh.plotting import figure

    plot = figure(
        height=640,
        styles={"height": "min(640px, round(120vw, 1px))"},
        match_aspect=True,
        output_backend="webgl",
        sizing_mode="stretch_width",
        tools="pan,wheel_zoom,box_zoom,reset,save",
        toolbar_location="above",
        stylesheets=[GlobalInlineStyleSheet(css=text) for text in css],
        outline_line_color=None,
    )
    plot.toolbar.logo = None
    plot.axis.visible = plot.grid.visible = False
    return plot


def _add_classes(
    plot: "BokehFigure", columns: dict[str, NDArray], classes: NDArray[np.intp], class_names: Sequence[str]
) -> tuple[list[Any], list[Any]]:
    """Draw the points class by class; above `LOOKS` classes, the smaller ones together and first.

    Returns:
        The renderers of single classes, and the renderer of the others, whose column "class" names them.
    """
    styles, others = class_styles(classes, count=len(class_names))
    together: list[Any] = []
    longest = LONGEST_NAME if len(styles) <= FEW else SHORT_NAME
    if others:
        chosen = ~np.isin(classes, list(styles))
        named = {**columns, "class": np.array(class_names, object)[classes]}
        together.append(_add_points(plot, named, chosen, OTHER_STYLE, _others(others), _others(others)))
    labels = _distinct([shortened(class_names[number], longest) for number in styles])
    single = [
        _add_points(plot, columns, classes == number, style, class_names[number], label)
        for (number, style), label in zip(styles.items(), labels, strict=True)
    ]
    return single, together


def _add_numbers(plot: "BokehFigure", columns: dict[str, NDArray], numbers: NDArray[np.float32], name: str) -> Any:
    """Draw the points in the colors of a number, with a bar below them that says what these mean."""
    from bokeh.models import ColorBar, ColumnDataSource, CustomJSTickFormatter, LinearColorMapper
    from bokeh.palettes import interp_palette

    low, high = ramp_range(numbers)
    mapper = LinearColorMapper(palette=interp_palette(SEQUENTIAL_COLORS, 256), low=low, high=high)
    data = {"value": numbers, **columns}
    drawn: Any = plot.scatter(
        "x",
        "y",
        source=ColumnDataSource({k: v.tolist() if v.dtype == object else v for k, v in data.items()}),
        color={"field": "value", "transform": mapper},
        line_color=None,
        size=point_size(len(numbers)),
        alpha=point_alpha(len(numbers)),
        hit_dilation=1.5,
    )
    text = CustomJSTickFormatter(code="return Number(tick.toPrecision(5)).toLocaleString('en')")
    looks: dict[str, Any] = {"background_fill_alpha": 0, "height": 12, "formatter": text}
    plot.add_layout(ColorBar(color_mapper=mapper, title=shortened(name), orientation="horizontal", **looks), "below")
    return drawn


def _distinct(labels: list[str]) -> list[str]:
    """Labels without duplicates, which shortened names may have: Bokeh's legend joins equal ones."""
    seen: dict[str, int] = {}
    for place, label in enumerate(labels):
        seen[label] = seen.get(label, 0) + 1
        if seen[label] > 1:
            labels[place] = f"{label} ({seen[label]})"
    return labels


def _others(count: int) -> str:
    return f"{count:,} other {'class' if count == 1 else 'classes'}"


def _add_points(
    plot: "BokehFigure",
    columns: dict[str, NDArray],
    chosen: NDArray[np.bool_],
    style: ClassStyle,
    name: str,
    label: str,
) -> Any:
    """Draw the points of one class; `label` is its entry in the legend."""
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
        legend_label=label,
        name=name,
    )


def _add_hover(plot: "BokehFigure", tooltips: str, renderers: list[Any]) -> None:
    """Show what a point is once the mouse is on it."""
    from bokeh.models import HoverTool

    # Without a limit every point under the mouse adds a block to the tooltip (bokeh issues 6948 and 10234).
    shown = f'<div class="cutaway-hover">{tooltips}</div>'
    plot.add_tools(HoverTool(tooltips=shown, limit=1, visible=False, renderers=renderers))
