"""Findings as a list: a mark for how serious each is, its title, and its text."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cutaway.plots.theme import BLUE, GRAY, INK, MUTED, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = {"warning": (ORANGE, "^"), "note": (BLUE, "o"), "good": (GRAY, "s")}
"""Color and marker of each severity."""

CHARACTERS = 125
"""Characters of a line."""

LINE_HEIGHT = 0.2
"""Inches of a line."""


def finding_list(severities: Sequence[str], titles: Sequence[str], texts: Sequence[str]) -> "Figure":
    """Draw findings with matplotlib, in their order: a triangle for a warning, a circle for a note, a square for good.

    Args:
        severities: "warning", "note" or "good", one for each finding.
        titles: A few words for each.
        texts: Sentences for each.
    """
    from cutaway.plots.notebook import NotebookFigure, finished

    wrapped = [textwrap.wrap(" ".join(text.split()), CHARACTERS) for text in texts]
    heights = [(len(lines) + 1.9) * LINE_HEIGHT for lines in wrapped]
    total = sum(heights) + LINE_HEIGHT if heights else 3 * LINE_HEIGHT
    figure = NotebookFigure(figsize=(8.5, total))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 8.5)
    axes.set_ylim(total, 0)
    axes.set_axis_off()
    top = LINE_HEIGHT
    for severity, title, lines, height in zip(severities, titles, wrapped, heights, strict=True):
        color, marker = MARKS[severity]
        axes.plot([0.2], [top + 0.06], color=color, marker=marker, markersize=8, linestyle="")
        axes.text(0.42, top, f"{severity}: {title}", color=INK, fontweight="bold", fontsize=9.5, va="top")
        below = top + 1.15 * LINE_HEIGHT
        axes.text(0.42, below, "\n".join(lines), color=MUTED, fontsize=8.5, linespacing=1.4, va="top")
        top += height
    if not titles:
        axes.text(0.2, LINE_HEIGHT, "no findings", color=MUTED, va="top")
    return finished(figure)
