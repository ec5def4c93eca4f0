"""The records that a page is made of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from cutaway.errors import UsageError

if TYPE_CHECKING:
    from cutaway.plots import Panel


@dataclass(frozen=True, kw_only=True)
class Section:
    """What every section has; use one of its kinds, such as `Text`, `Table`, `Cards` or `Explorer`.

    Attributes:
        name: One lowercase word: the address of the section in the page and its entry in the navigation.
        title: The heading.
        lead: A paragraph above the content; may be empty.
        caption: A paragraph below the content; may be empty.
        summary: If not empty, the content is collapsed and this line opens it.
        view: The view of the page that holds it; the sections of a view are shown together, and no others.
        entries: Number of things in it, shown in the link to its view if it is the first section there; None for none.
    """

    template: ClassVar[str]

    name: str
    title: str
    lead: str = ""
    caption: str = ""
    summary: str = ""
    view: str = "overview"
    entries: int | None = None


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
        long: The heading of a column whose entries continue on a new line, and no others; "" for none.
        spare: Headings of columns that are left out where the page is narrow.
        meanings: Heading -> one sentence on what its column means, as a tooltip.
        marked: (number of the row, heading) of each cell that is marked.
        samples: For each row the name of its sample, which a button shows in the explorer of the page; may be empty.
        below: For each row further rows with the same keys, which a button opens below it; may be empty.
        sortable: Whether a click on a heading sorts the rows.
    """

    template: ClassVar[str] = "table.html"

    rows: tuple[Mapping[str, str], ...]
    wrap: bool = False
    long: str = ""
    spare: tuple[str, ...] = ()
    meanings: Mapping[str, str] = field(default_factory=dict[str, str])
    marked: frozenset[tuple[int, str]] = frozenset()
    samples: tuple[str, ...] = ()
    below: tuple[tuple[Mapping[str, str], ...], ...] = ()
    sortable: bool = False


@dataclass(frozen=True, kw_only=True)
class Figure(Section):
    """Panels side by side, which the page draws.

    Attributes:
        panels: From left to right; one below the other where space is narrow.
    """

    template: ClassVar[str] = "figure.html"

    panels: tuple["Panel", ...]


@dataclass(frozen=True)
class Image:
    """An image on a card.

    Attributes:
        png: Bytes of a PNG.
        alt: The image in words, for those who do not see it.
        frame: Whether to draw a line around it, for images that are transparent at their edges.
        caption: A word or two below it; may be empty.
    """

    png: bytes
    alt: str
    frame: bool = False
    caption: str = ""


@dataclass(frozen=True)
class Level:
    """A line of a list of values on a card: its name, and a value with its range on a scale from 0 to 1.

    Attributes:
        name: What it is of.
        value: The value.
        low: The lower end of its range.
        high: The upper end.
        words: The value in words.
        beside: A few words more; may be empty.
        span: Its range in words, for those who do not see it; percentages if empty.
    """

    name: str
    value: float
    low: float
    high: float
    words: str
    beside: str = ""
    span: str = ""


@dataclass(frozen=True, kw_only=True)
class Card:
    """One of several things of a kind, from top to bottom.

    Attributes:
        title: A few words.
        severity: "good", "note" or "warning", shown above the title with its color; None for cards that are not judged.
        images: Side by side, all of one height; below the text on large cards.
        values: Text in a monospace font, for samples that are not images; may be empty.
        subtitle: A few words in bold; may be empty.
        text: Paragraphs.
        panels: Small charts below the text, which the page draws.
        levels: Values on one scale, below the text; may be empty.
        help: What to do, below the text and its charts; may be empty.
        rows: A small table, a line of headings first; may be empty.
        details: Paragraphs below a line that opens them.
        consequences: Title and text of each finding that follows from it, below a line that opens them.
        samples: Names of the samples that it is about, which a button shows in the explorer of the page.
        search: A search of the explorer, which a button shows instead; may be empty.
        anchor: Its address in the page, for links to it; may be empty.
        remedy: Kind of the finding whose remedy the studio can try; may be empty.
    """

    title: str
    severity: Literal["good", "note", "warning"] | None = None
    images: tuple[Image, ...] = ()
    values: str = ""
    subtitle: str = ""
    text: tuple[str, ...] = ()
    panels: tuple["Panel", ...] = ()
    levels: tuple[Level, ...] = ()
    help: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    details: tuple[str, ...] = ()
    consequences: tuple[tuple[str, str], ...] = ()
    samples: tuple[str, ...] = ()
    search: str = ""
    anchor: str = ""
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Cards(Section):
    """Cards in a grid.

    Attributes:
        cards: In reading order.
        size: "large" for cards of text, "medium" for images with text, "small" for images.
    """

    template: ClassVar[str] = "cards.html"

    cards: tuple[Card, ...]
    size: Literal["small", "medium", "large"] = "medium"


@dataclass(frozen=True)
class Mark:
    """A value on the scale of a `Summary`.

    Attributes:
        name: What has this value, in a few words, with the value.
        at: Its place, 0..1 from left to right.
        low: The place of the lower end of its interval, or None.
        high: That of the upper end, or None.
        row: 0 for the value that the page is about, with its name above the scale; from 1 on, rows of names below it.
    """

    name: str
    at: float
    low: float | None = None
    high: float | None = None
    row: int = 0


def scaled(share: float, least: float) -> float:
    """The place of a share on a scale from `least` to 1; both are 0..1."""
    return (share - least) / (1 - least) if least < 1 else 1.0


@dataclass(frozen=True)
class SummaryLine:
    """One thing that a reader should know, and what to do about it.

    Attributes:
        title: A few words.
        text: A sentence.
        severity: "good", "note" or "warning".
        action: What to do, in words; may be empty.
        target: The name of the section where that is done; may be empty.
        command: The command for it; may be empty.
        card: Its details, which a click on the line opens: `title`, `help` and the first paragraph are not shown there.
    """

    title: str
    text: str
    severity: Literal["good", "note", "warning"]
    action: str = ""
    target: str = ""
    command: str = ""
    card: Card | None = None


@dataclass(frozen=True, kw_only=True)
class Summary(Section):
    """What a reader should know first.

    Attributes:
        answer: The answer in a sentence, shown large.
        number: The number that the answer is about, shown larger; may be empty.
        beside: What it is compared with; may be empty.
        marks: The same values on a scale; may be empty.
        lines: The most important first.
        small: Sentences in small print below them.
        panels: Small charts at the end, which a narrow page does not show.
    """

    template: ClassVar[str] = "summary.html"

    answer: str
    number: str = ""
    beside: str = ""
    marks: tuple[Mark, ...] = ()
    lines: tuple[SummaryLine, ...] = ()
    small: tuple[str, ...] = ()
    panels: tuple["Panel", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Parts(Section):
    """Several sections below each other under one heading, with one entry in the navigation.

    Attributes:
        parts: From top to bottom; none has parts itself.
    """

    template: ClassVar[str] = "parts.html"

    parts: tuple[Section, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page, ready to be rendered.

    Attributes:
        title: The heading.
        subtitle: One line below it.
        sections: From top to bottom.
        footer: The last line.

    Raises:
        UsageError: A section's name is not of lowercase letters and _, or two sections have the same name.
    """

    title: str
    subtitle: str = ""
    sections: tuple[Section, ...] = ()
    footer: str = ""

    def __post_init__(self) -> None:
        names = [section.name for section in self.all_sections]
        for name in names:
            if not re.fullmatch("[a-z_]+", name) or names.count(name) > 1:
                raise UsageError(
                    f'"{name}" cannot name a section among {", ".join(names)}',
                    hint='give each its own name of lowercase letters and _, for example "layers"',
                )

    @property
    def views(self) -> dict[str, list[Section]]:
        """The sections of each view, in order."""
        found: dict[str, list[Section]] = {}
        for section in self.sections:
            found.setdefault(section.view, []).append(section)
        return found

    @property
    def all_sections(self) -> tuple[Section, ...]:
        """The sections, each followed by its parts."""
        return tuple(each for section in self.sections for each in with_parts(section))


def with_parts(section: Section) -> tuple[Section, ...]:
    """A section, followed by its parts, if it has some."""
    return (section, *(section.parts if isinstance(section, Parts) else ()))
