"""A matplotlib figure that notebooks display, light ones and dark ones.

Imported only inside functions that draw with matplotlib, because it loads matplotlib.
"""

import io
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .theme import INK, LINE


class NotebookFigure(Figure):
    """A matplotlib figure that a notebook shows as an image, whatever its backend is set to.

    There it has no background, and axes whose names, ticks and lines are legible on light and dark pages. A file that
    a user saves has a white one, as other figures of matplotlib do.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(facecolor="none", **settings)

    def add_subplot(self, *args: Any, **settings: Any) -> Any:
        """Add axes, as matplotlib does, in the colors of a figure without background."""
        axes: Axes = super().add_subplot(*args, **settings)
        axes.set_facecolor("none")
        axes.tick_params(which="both", color=LINE, labelcolor=INK)
        axes.spines[:].set_color(LINE)
        return axes

    def savefig(self, fname: Any, **settings: Any) -> None:
        """Save the figure, as matplotlib does, on white if `facecolor` says nothing else."""
        super().savefig(fname, **{"facecolor": "white", **settings})

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", bbox_inches="tight", facecolor="none")
        return file.getvalue()
