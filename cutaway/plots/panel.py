"""Panels as they are declared: curves and points with their intervals, axes and marks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .theme import LINE_COLORS, are_whole

LONGEST = 1000
"""Maximum number of points of a curve that are drawn."""


@dataclass(frozen=True, eq=False)
class Series:
    """A curve, or points, of a panel.

    Attributes:
        name: What the legend calls it.
        x: float ``(point,)``.
        y: float ``(point,)``; NaN leaves a gap.
        low: float ``(point,)``, lower ends of intervals: a band around a curve, and bars at points; None for none.
        high: float ``(point,)``, upper ends.
        color: Number of its color, from 0.
        points: Whether points are drawn.
        line: Whether they are joined by a line.
        dashed: Whether the line is dashed.
        bars: Distance between bars from 0 to each y, in units of x; 0 for no bars. Bars behind curves are pale, without
            numbers.
    """

    name: str
    x: NDArray[Any] = field(repr=False)
    y: NDArray[Any] = field(repr=False)
    low: NDArray[Any] | None = field(default=None, repr=False)
    high: NDArray[Any] | None = field(default=None, repr=False)
    color: int = 0
    points: bool = False
    line: bool = True
    dashed: bool = False
    bars: float = 0

    @classmethod
    def histogram(cls, heights: ArrayLike, low: float, high: float, *, color: int = 0) -> "Series":
        """Bars side by side.

        Args:
            heights: Of each bar, floats (bar,).
            low: Where the first one begins.
            high: Where the last one ends, above ``low``.
            color: Number of its color.
        """
        y = np.asarray(heights)
        width = (high - low) / len(y)
        return cls("", low + width * (np.arange(len(y)) + 0.5), y, color=color, bars=width)

    @property
    def hex_color(self) -> str:
        """Its color, such as "#3f90da"."""
        return LINE_COLORS[self.color % len(LINE_COLORS)]

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """What is drawn: ``x``, ``y``, and ``low`` and ``high`` of intervals; of long series, evenly spaced points."""
        named = {"x": self.x, "y": self.y, "low": self.low, "high": self.high}
        columns = {name: np.asarray(values, np.float64) for name, values in named.items() if values is not None}
        if len(self.x) <= LONGEST:
            return columns
        kept = np.unique(np.linspace(0, len(self.x) - 1, LONGEST).round().astype(int))
        return {name: values[kept] for name, values in columns.items()}

    def document(self) -> dict[str, Any]:
        """The series as plain data, where None leaves a gap."""
        columns = {name: _plain(values) for name, values in self.columns().items()}
        spans = list(zip(columns["low"], columns["high"], strict=True)) if "low" in columns else []
        return {
            "name": self.name,
            "color": self.hex_color,
            "points": list(zip(columns["x"], columns["y"], strict=True)),
            "spans": spans,
            "hasLine": self.line,
            "hasPoints": self.points,
            "dashed": self.dashed,
            "bars": self.bars,
        }


@dataclass(frozen=True)
class Mark:
    """A vertical line that marks a value of x.

    Attributes:
        x: Where it is.
        words: What is written above the panel.
        dash: How it is drawn.
    """

    x: float
    words: str
    dash: Literal["dashed", "dotted"] = "dashed"


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel of a figure.

    Attributes:
        title: What it shows.
        x_label: Name of the x axis.
        y_label: Name of the y axis.
        series: What is drawn, the first at the bottom.
        x_percent: Whether x is a share, written as a percentage.
        y_percent: Whether y is.
        x_log: Whether the x axis is logarithmic.
        x_ticks: Where the x axis has ticks, ascending; none for where they fit.
        x_names: What is written at them; whole numbers if empty.
        y_ends: Values that the y axis includes.
        marks: Values of x that are marked.
        diagonal: Whether a dashed line shows where x and y are equal.
    """

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series] = field(repr=False)
    x_percent: bool = False
    y_percent: bool = False
    x_log: bool = False
    x_ticks: Sequence[float] = ()
    x_names: Sequence[str] = ()
    y_ends: Sequence[float] = ()
    marks: Sequence[Mark] = ()
    diagonal: bool = False

    def document(self) -> dict[str, Any]:
        """The panel as plain data, which the page draws (`core/charts.js`)."""
        return {
            "title": self.title,
            "x": {
                "label": self.x_label,
                "isPercent": self.x_percent,
                "isWhole": self.x_whole,
                "isLog": self.x_log,
                "ticks": [(float(tick), text) for tick, text in zip(self.x_ticks, self.tick_texts(), strict=True)],
            },
            "y": {
                "label": self.y_label,
                "isPercent": self.y_percent,
                "isWhole": self.y_whole,
                "ends": [float(end) for end in self.y_ends],
            },
            "curves": [series.document() for series in self.series],
            "marks": [{"x": mark.x, "words": mark.words, "dash": mark.dash} for mark in self.marks],
            "diagonal": self.diagonal,
            "sharesX": self.shares_x,
        }

    @property
    def x_whole(self) -> bool:
        """Whether x counts something, such as epochs, and has ticks where they fit."""
        return not (self.x_log or self.x_percent or self.x_ticks) and are_whole(series.x for series in self.series)

    @property
    def x_ends(self) -> tuple[float, float]:
        """The ends of the axis, just beyond the counted values: a single epoch needs room, and no bar is cut."""
        x = np.concatenate([np.asarray(series.x, np.float64) for series in self.series])
        low, high = float(np.nanmin(x)), float(np.nanmax(x))
        padding = max(0.02 * (high - low), *(series.bars / 2 for series in self.series)) or 0.5
        return low - padding, high + padding

    @property
    def shares_x(self) -> bool:
        """Whether all series, bars behind curves aside, have values at the same x."""
        first, *others = [series for series in self.series if not series.bars] or self.series
        return all(np.array_equal(first.x, series.x) for series in others)

    def tick_texts(self) -> list[str]:
        """What is written at `x_ticks`."""
        return list(self.x_names) or [f"{tick:,.0f}" for tick in self.x_ticks]

    @property
    def y_whole(self) -> bool:
        """Whether y counts something."""
        return not self.y_percent and are_whole(series.y for series in self.series)


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]
