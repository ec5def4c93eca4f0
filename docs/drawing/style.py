"""The style of every picture of the documentation: readable on a light and on a dark page, and a small file."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from cutaway.plots.theme import BLUE, CLASS_COLORS, GRAY, INK, LINE, MUTED, ORANGE, PURPLE

IMAGES = Path(__file__).parents[1] / "images" / "settings"
# Neither white nor gray: easy on the eyes on a light and on a dark page.
CARD = "#f6f5f1"
DOTS = 190
COLORS = 200
"""Entries of a picture's palette: the file is half as large, and small letters keep their color."""

LINES = (BLUE, ORANGE, PURPLE, GRAY, CLASS_COLORS[5])


def panels(count: int = 1, *, height: float = 2.1, width: float = 5.2) -> tuple[Figure, list[Axes]]:
    """Make a figure with panels side by side; width and height are in inches of `DOTS` dots."""
    figure = Figure(figsize=(width, height), dpi=DOTS, facecolor=CARD, layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, count)).tolist()
    for each in axes:
        each.set_facecolor(CARD)
        each.spines[["top", "right"]].set_visible(False)
        each.spines[:].set_color(LINE)
        each.tick_params(colors=MUTED, labelsize=8)
    return figure, axes


def name(axes: Axes, x: str = "", y: str = "", *, title: str = "") -> None:
    """Label the axes, and give them a title."""
    axes.set_xlabel(x, fontsize=8.5, color=INK)
    axes.set_ylabel(y, fontsize=8.5, color=INK)
    axes.set_title(title, fontsize=9, color=INK, loc="left")


def legend(axes: Axes, **settings: Any) -> None:
    """Add a legend in the style of the documentation."""
    axes.legend(fontsize=8, frameon=False, labelcolor=INK, **settings)


def curves(
    axes: Axes,
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    dots: bool = True,
    nested: bool = False,
) -> None:
    """Draw a line for each name, with a dot at each value; nested lines get thinner, so that all stay visible."""
    for place, (color, (label, (x, y))) in enumerate(zip(LINES, lines.items(), strict=False)):
        width = 6.5 / (place + 1.2) if nested else 1.6
        axes.plot(x, y, color=color, label=label, marker="o" if dots else "", markersize=2.2 * width**0.5, lw=width)


def by_epoch(axes: Axes, metric: str) -> None:
    """Label the axes of curves by epoch, with whole numbers as ticks."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    name(axes, "epoch", metric)


def bars(axes: Axes, values: Mapping[str, float], *, text: str = "{:.2f}") -> None:
    """Draw a horizontal bar for each name, the first on top, with its value next to it."""
    names = list(values)
    rectangles = axes.barh(range(len(names)), list(values.values()), color=LINES[: len(names)], height=0.6)
    axes.bar_label(rectangles, [text.format(value) for value in values.values()], padding=3, fontsize=8, color=INK)
    axes.set_yticks(range(len(names)), names, fontsize=8.5, color=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, max(values.values()) * 1.2)


def cloud(axes: Axes, xy: np.ndarray, labels: np.ndarray, *, title: str = "") -> None:
    """Draw an embedding as a scatter plot in the colors of its classes."""
    size = float(np.clip(6000 / len(xy), 0.15, 3))
    axes.scatter(*xy.T, c=np.array(CLASS_COLORS)[labels], s=size, alpha=0.7, linewidths=0)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=9, color=INK)


def save(figure: Figure, setting: str, *, folder: Path = IMAGES) -> None:
    """Write a figure as a PNG with a palette."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = BytesIO()
    figure.savefig(whole, format="png", facecolor=CARD)
    picture = Image.open(whole).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    picture.save(folder / f"{setting}.png", optimize=True)
