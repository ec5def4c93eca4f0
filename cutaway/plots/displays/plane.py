"""A plane through inputs of a network: areas of the classes, linear regions, the decision boundary and samples."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cutaway.plots.legend import class_styles
from cutaway.plots.theme import INK, MUTED, ON_LIGHT, OTHER_STYLE, shortened

from .signed import draw_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 6.0
"""Inches of a side of the window."""

FAINT = 0.55
"""Share of the color of a class in its areas; the rest is white, on dark pages as well, where lines must be seen."""

LETTERS = 72
"""Letters of a line of the title, which is as wide as the window."""

NAMED = 10
"""Classes of the legend at most, those with the largest areas."""


@dataclass(frozen=True, eq=False)
class DrawnPlane:
    """What is drawn of a plane. Polygons repeat their last corner where they have fewer than others.

    Attributes:
        title: Set above.
        window: float ``(4, 2)``, corners of the part of the plane that is drawn.
        regions: float ``(region, corner, 2)``, whose edges are drawn.
        corners: float ``(polygon, corner, 2)``, which are filled.
        classes: int ``(polygon,)``, the class of each.
        class_names: Name of each class.
        boundary: float ``(piece, 2, 2)``, ends of the pieces of the boundary.
        points: float ``(sample, 2)``.
        names: Name of each sample.
        texts: What is written below its picture, or below its name.
        pictures: ``(sample, row, column[, 3])`` in 0..1; None for samples that are not images.
    """

    title: str
    window: NDArray[Any] = field(repr=False)
    regions: NDArray[Any] = field(repr=False)
    corners: NDArray[Any] = field(repr=False)
    classes: NDArray[Any] = field(repr=False)
    class_names: Sequence[str] = field(repr=False)
    boundary: NDArray[Any] = field(repr=False)
    points: NDArray[Any] = field(repr=False)
    names: Sequence[str] = field(repr=False)
    texts: Sequence[str] = field(repr=False)
    pictures: NDArray[Any] | None = field(default=None, repr=False)


def drawn_plane(plane: DrawnPlane) -> "Figure":
    """Draw a plane with matplotlib: classes in their colors, thin edges of linear regions, a bold decision boundary.

    The pictures of the samples stand beside it.
    """
    from cutaway.plots.notebook import NotebookFigure

    is_beside = plane.pictures is not None
    figure = NotebookFigure(figsize=(SIDE + 2.0 * is_beside, SIDE + 0.9), layout="constrained")
    title = "\n".join(fill(line, LETTERS) for line in plane.title.split("; "))
    figure.suptitle(title, color=INK, fontsize="medium", x=0.01, ha="left").set_parse_math(False)
    grid = figure.add_gridspec(len(plane.names), 2 if is_beside else 1, width_ratios=[SIDE, 1.7] if is_beside else [1])
    axes = figure.add_subplot(grid[:, 0])
    _draw_polygons(axes, plane)
    _draw_samples(axes, plane)
    if plane.pictures is not None:
        for row, (picture, name, text) in enumerate(zip(plane.pictures, plane.names, plane.texts, strict=True)):
            beside = figure.add_subplot(grid[row, 1])
            draw_picture(beside, picture, f"{shortened(name)}\n{text}")
    return figure


def _draw_polygons(axes: "Axes", plane: DrawnPlane) -> None:
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    styles, _ = class_styles(plane.classes, count=len(plane.class_names))
    looks = [styles.get(k, OTHER_STYLE).color for k in range(len(plane.class_names))]
    colors = 1 - FAINT * (1 - np.array([to_rgb(look) for look in looks]))
    corners: Any = plane.corners  # matplotlib takes arrays at once, and lists one by one
    regions: Any = plane.regions
    # without smoothing, since that would draw a bright line between neighbors; as pixels in files of lines
    axes.add_collection(PolyCollection(corners, facecolors=colors[plane.classes], antialiased=False, rasterized=True))
    # the more edges, the fainter: 200,000 regions would be black
    alpha = float(np.clip(12 / np.sqrt(len(plane.regions)), 0.06, 0.5))
    edges: Any = {"facecolors": "none", "edgecolors": ON_LIGHT, "linewidths": 0.35, "alpha": alpha}
    axes.add_collection(PolyCollection(regions, **edges, rasterized=True))
    axes.add_collection(LineCollection(list(plane.boundary), colors=ON_LIGHT, linewidths=1.8, capstyle="round"))
    (left, bottom), (right, top) = plane.window[0], plane.window[2]
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.set_xlabel("u", color=MUTED)
    axes.set_ylabel("v", color=MUTED)
    present, count = np.unique(plane.classes, return_counts=True)
    shown = np.sort(present[np.argsort(-count, kind="stable")[:NAMED]]).tolist()
    patches = [Patch(color=tuple(colors[k]), label=shortened(plane.class_names[k], 14)) for k in shown]
    place: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.09), "ncols": min(5, len(patches))}
    for text in axes.legend(handles=patches, frameon=False, labelcolor=INK, **place).get_texts():
        text.set_parse_math(False)


def _draw_samples(axes: "Axes", plane: DrawnPlane) -> None:
    from matplotlib.patheffects import withStroke

    axes.scatter(*plane.points.T, s=60, color="white", edgecolors=ON_LIGHT, linewidths=1.5, zorder=5)
    for (u, v), name, text in zip(plane.points, plane.names, plane.texts, strict=True):
        words = shortened(name) if plane.pictures is not None else f"{shortened(name)}\n{text}"
        axes.annotate(
            words,
            (u, v),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            color=ON_LIGHT,
            fontsize=9,
            zorder=6,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            parse_math=False,
        )
