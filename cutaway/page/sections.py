"""The records that a page is made of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from cutaway.errors import UsageError

if TYPE_CHECKING:
    from bokeh.models import UIElement


@dataclass(frozen=True, kw_only=True)
class Section:
    """What every section has; use one of its kinds, such as `Text`, `Table`, `Cards` or `Explorer`.

    Attributes:
        name: One lowercase word: the address of the section in the page and its entry in the navigation.
        title: The heading.
        lead: A paragraph above the content; may be empty.
        caption: A paragraph below the content; may be empty.
        summary: If not empty, the content is collapsed and this line opens it.
    """

    template: ClassVar[str]

    name: str
    title: str
    lead: str = ""
    caption: str = ""
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class Text(Section):
    """Paragraphs.

    Attributes:
        paragraphs: Plain text.
    """

    template: ClassVar[str] = "text.html"

    paragraphs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table(Section):
    """A table; columns that hold only numbers are aligned right.

    Attributes:
        rows: The same keys in each; the keys are the column headings.
        wrap: Whether long entries continue on a new line; otherwise a wide table scrolls sideways.
    """

    template: ClassVar[str] = "table.html"

    rows: tuple[Mapping[str, str], ...]
    wrap: bool = False


@dataclass(frozen=True, kw_only=True)
class Figure(Section):
    """A Bokeh figure.

    Attributes:
        figure: The Bokeh model, which must not be part of another page.
        beside: Whether the caption is set beside the figure on wide screens, for figures that are about square.
    """

    template: ClassVar[str] = "figure.html"

    figure: "UIElement"
    beside: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Matrix(Section):
    """A confusion matrix; a click on a cell selects its samples in the explorer of the page, if there is one.

    Attributes:
        names: Names of the classes that are shown.
        classes: The number of each, as the explorer knows it.
        counts: Integers (true, predicted), of the classes shown.
        samples: All samples of each class, also those predicted as a class that is not shown.

    Raises:
        UsageError: The sizes do not fit.
    """

    template: ClassVar[str] = "matrix.html"

    names: tuple[str, ...]
    classes: tuple[int, ...]
    counts: NDArray[np.integer[Any]]
    samples: NDArray[np.integer[Any]]

    def __post_init__(self) -> None:
        size = len(self.names)
        if self.counts.shape != (size, size) or len(self.samples) != size or len(self.classes) != size:
            raise UsageError(
                "a confusion matrix has a row and a column for each class",
                got=f"{size} names, {len(self.classes)} classes, {len(self.samples)} totals and counts of the shape "
                f"{self.counts.shape}",
                hint="pass counts (true, predicted)",
            )

    @property
    def cells(self) -> list[list[tuple[int, float, str]]]:
        """For each row: of each cell its count, its share of the samples of its class, and both in words."""
        return [
            [self._cell(true, predicted) for predicted in range(len(self.names))] for true in range(len(self.names))
        ]

    def _cell(self, true: int, predicted: int) -> tuple[int, float, str]:
        count, total = int(self.counts[true, predicted]), int(self.samples[true])
        share = count / max(total, 1)
        words = f"{self.names[true]} predicted as {self.names[predicted]}: {count:,} of {total:,} ({share:.2%})"
        return count, share, words

    @property
    def totals(self) -> list[int]:
        """Samples of each class."""
        return [int(total) for total in self.samples]

    @property
    def recalls(self) -> list[str]:
        """The share of each class that is predicted right, in words; a dash for a class without samples."""
        right = self.counts.diagonal()
        return [f"{r / n:.2%}" if n else "–" for r, n in zip(right, self.samples, strict=True)]


@dataclass(frozen=True)
class Picture:
    """A picture on a card.

    Attributes:
        png: Bytes of a PNG.
        alt: The picture in words, for those who do not see it.
        frame: Whether to draw a line around it, for pictures that are transparent at their edges.
        caption: A word or two below it; may be empty.
    """

    png: bytes
    alt: str
    frame: bool = False
    caption: str = ""


@dataclass(frozen=True)
class Line:
    """A line of a small plot.

    Attributes:
        name: A word for its legend; empty for none.
        points: (x, y) from 0 at the left and the bottom to 1; a gap where a y is None.
    """

    name: str
    points: tuple[tuple[float, float | None], ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """The points of each part between gaps, as SVG takes them, in a square of 100."""
        parts: list[list[str]] = [[]]
        for x, y in self.points:
            if y is None:
                parts.append([])
            else:
                parts[-1].append(f"{100 * x:.1f},{100 - 100 * y:.1f}")
        return tuple(" ".join(part) for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class SmallPlot:
    """A small plot on a card, without any script: lines or bars, and what the ends of its axes are.

    Attributes:
        alt: The plot in words.
        lines: Up to two lines.
        bars: (left, right, height), each from 0 to 1.
        diagonal: Whether to draw the line from the lower left to the upper right corner.
        mark: The place of a vertical line from 0 to 1, or None.
        x: What is at the left end, below the middle and at the right end of the horizontal axis.
        y: What is at the lower end and at the upper end of the vertical axis, and what it is.
    """

    alt: str
    lines: tuple[Line, ...] = ()
    bars: tuple[tuple[float, float, float], ...] = ()
    diagonal: bool = False
    mark: float | None = None
    x: tuple[str, str, str] = ("", "", "")
    y: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True, kw_only=True)
class Card:
    """One of several things of a kind, from top to bottom.

    Attributes:
        title: A few words.
        severity: "good", "note" or "warning", shown above the title with its color; None for cards that are not judged.
        pictures: Side by side, all of one height; below the text on large cards.
        values: Text in a monospace font, for samples that are not pictures; may be empty.
        subtitle: A few words in bold; may be empty.
        text: Paragraphs.
        plots: Small plots below the text.
        help: What to do, below the text and its plots; may be empty.
        small: Paragraphs in small print at the end.
        samples: Names of the samples that it is about, which a button shows in the explorer of the page.
    """

    title: str
    severity: Literal["good", "note", "warning"] | None = None
    pictures: tuple[Picture, ...] = ()
    values: str = ""
    subtitle: str = ""
    text: tuple[str, ...] = ()
    plots: tuple[SmallPlot, ...] = ()
    help: str = ""
    small: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Cards(Section):
    """Cards in a grid.

    Attributes:
        cards: In the order in which they should be read.
        size: "large" for cards of text, "medium" for pictures with text, "small" for pictures.
    """

    template: ClassVar[str] = "cards.html"

    cards: tuple[Card, ...]
    size: Literal["small", "medium", "large"] = "medium"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page, ready to be rendered.

    Attributes:
        title: The heading.
        subtitle: One line below it.
        facts: (label, value) pairs, shown large at the top.
        sections: From top to bottom.
        footer: The last line.

    Raises:
        UsageError: A section's name is not one lowercase word, or two sections have the same name.
    """

    title: str
    subtitle: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()
    footer: str = ""

    def __post_init__(self) -> None:
        names = [section.name for section in self.sections]
        for name in names:
            if not re.fullmatch("[a-z]+", name) or names.count(name) > 1:
                raise UsageError(
                    "each section of a page has a name of its own, one lowercase word",
                    got=f"{name!r} among {', '.join(names)}",
                    hint='name it for example "layers"',
                )
