"""Units of a layer: what they look for, as images, and one unit with what makes it fire."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cutaway.plots.theme import class_style

from .bars import BAR, Bars, draw_bars
from .signed import draw_image, draw_signed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CLASSES = 20
"""Maximum number of classes whose mean activations are drawn."""


def weight_grid(weights: NDArray[np.floating], titles: Sequence[str], *, title: str) -> "Figure":
    """Draw the incoming weights of units in rows with matplotlib, each on its own scale: orange above 0, blue below.

    Args:
        weights: ``(unit, row, column)``, at least one unit.
        titles: What stands above each.
        title: Set above all.
    """
    from cutaway.plots.notebook import axes_grid, finished

    figure, every = axes_grid(weights, columns=8, size=(1.3, 1.6), more=(1.0, 0.5), title=title)
    for axes, image, words in zip(every, weights, titles, strict=True):
        draw_signed(axes, image, words)
    return finished(figure)


@dataclass(frozen=True, eq=False, repr=False)
class DrawnUnit:
    """What is drawn of a unit.

    Attributes:
        sentence: The unit in words, set above; "" for none.
        weights: ``(row, column)``, its incoming weights as an image, or None.
        class_mean: float ``(class,)``, its mean activation within each class.
        class_names: Name of each class.
        images: ``(sample, row, column[, 3])`` in 0..1, the samples with the highest activation; None for other data.
        activations: float ``(sample,)``, its activation for these.
        names: What these samples are called.
    """

    sentence: str
    weights: NDArray[np.floating] | None
    class_mean: NDArray[np.floating]
    class_names: Sequence[str]
    images: NDArray[np.floating] | None
    activations: NDArray[np.floating]
    names: Sequence[str]


def drawn_unit(unit: DrawnUnit) -> "Figure":
    """Draw a unit with matplotlib: its weights, its mean activation in each class, and its top activating samples."""
    from cutaway.plots.notebook import NotebookFigure, finished, set_title

    order = np.arange(len(unit.class_mean))
    if len(order) > MOST_CLASSES:
        order = np.argsort(-np.nan_to_num(unit.class_mean, nan=-np.inf), kind="stable")[:MOST_CLASSES]
    means = Bars(
        "mean activation by class",
        [unit.class_names[k] for k in order.tolist()],
        unit.class_mean[order],
        colors=[class_style(k).color for k in order.tolist()],
    )
    widths = [2.6] * (unit.weights is not None) + [3.4, 4.2]
    height = max(3.0, 1.3 + BAR * len(order))
    figure = NotebookFigure(figsize=(sum(widths), height), layout="constrained")
    set_title(figure, unit.sentence)
    parts = figure.subfigures(1, len(widths), width_ratios=widths, squeeze=False)[0].tolist()
    if unit.weights is not None:
        draw_signed(parts.pop(0).subplots(), unit.weights, "incoming weights", size=10)
    draw_bars(parts.pop(0).subplots(), means)
    if unit.images is not None and len(unit.images):
        every = parts[0].subplots(4, 4, squeeze=False).ravel().tolist()
        for axes, image, value in zip(every, unit.images, unit.activations.tolist(), strict=False):
            draw_image(axes, image, f"{value:.3g}")
        for axes in every[len(unit.images) :]:
            axes.set_axis_off()
    elif len(unit.names):
        draw_bars(parts[0].subplots(), Bars("highest activations", unit.names, unit.activations))
    return finished(figure)
