"""A matplotlib figure that notebooks display, light ones and dark ones.

Imported only inside functions that draw with matplotlib, because it loads matplotlib.
"""

import io
from collections.abc import Collection
from typing import Any, TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from cutaway.errors import DataError

from .theme import INK, LINE

Drawn = TypeVar("Drawn", bound=Figure)


class NotebookFigure(Figure):
    """A matplotlib figure that a notebook shows as an image, whatever its backend is set to.

    There it has no background, and after `finished` everything on it is legible on light and dark pages. A file that a
    user saves has a white one, as other figures of matplotlib do.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(facecolor="none", **settings)

    def savefig(self, fname: Any, **settings: Any) -> None:
        """Save the figure, as matplotlib does, on white if `facecolor` says nothing else."""
        super().savefig(fname, **{"facecolor": "white", **settings})

    def png(self) -> bytes:
        """The bytes of a PNG without a background, cut to what is drawn."""
        file = io.BytesIO()
        self.savefig(file, format="png", bbox_inches="tight", facecolor="none")
        return file.getvalue()

    _repr_png_ = png


def axes_grid(
    contents: Collection[Any],
    *,
    columns: int,
    size: tuple[float, float],
    more: tuple[float, float] = (0.0, 0.0),
    title: str = "",
) -> tuple[NotebookFigure, list[Axes]]:
    """A figure with axes in rows.

    Args:
        contents: What is to be drawn, at least one.
        columns: Maximum number of axes in a row.
        size: Inches of each, width and height.
        more: Inches of the figure besides.
        title: Set above all of them.

    Returns:
        The figure, and its axes, one for each of the contents.

    Raises:
        DataError: There is nothing to draw, or no column to draw it in.
    """
    count = len(contents)
    if not count or columns < 1:
        raise DataError(
            "a figure needs something to draw, and at least 1 column",
            got=f"{count} images or panels, and {columns} columns",
            hint="pass columns=4",
        )
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = NotebookFigure(figsize=(columns * size[0] + more[0], rows * size[1] + more[1]), layout="constrained")
    set_title(figure, title)
    every = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes in every[count:]:
        axes.set_visible(False)
    return figure, every[:count]


def set_title(figure: Figure, title: str) -> None:
    """Set a title above all axes of a figure, if there is one."""
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize="medium")


def label_axes(axes: Axes, title: str, x_label: str = "", y_label: str = "", *, bold: bool = True) -> None:
    """Give axes their title and labels, and leave only the bottom and the left line, without ticks."""
    axes.set_title(title, loc="left", fontsize="medium", fontweight="bold" if bold else "normal")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)


def draw_grid(axes: Axes) -> None:
    """Draw thin lines behind what axes show."""
    axes.grid(color=LINE, alpha=0.35, linewidth=0.6)
    axes.set_axisbelow(True)


def finished(figure: Drawn) -> Drawn:
    """A figure whose texts stay as they are, without formulas between dollar signs, and are legible on every page.

    Texts inside axes keep their colors.
    """
    for axes in figure.axes:
        axes.set_facecolor("none")
        axes.tick_params(which="both", color=LINE, labelcolor=INK)
        axes.spines[:].set_color(LINE)
    inside = {text for axes in figure.axes for text in axes.texts}
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_parse_math(False)
        if text not in inside:
            text.set_color(INK)
    return figure
