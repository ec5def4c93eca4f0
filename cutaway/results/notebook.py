"""How notebooks show a result: a one-line summary, its figure, and the first rows of its table."""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cutaway.errors import CutawayError
from cutaway.log import survive

if TYPE_CHECKING:
    from cutaway.plots import Figure

    from .table import Table

ROWS = 10
"""Rows of a table that are shown."""

CHARACTERS = 200
"""Characters of a cell that are shown."""

# Colors that suit a light and a dark notebook: text is as the notebook has it.
_CELL = "padding: 2px 10px; border-bottom: 1px solid rgba(128, 128, 128, 0.3); vertical-align: top; max-width: 420px"
_TABLE = "border-collapse: collapse; font-size: 13px; margin: 6px 0; width: max-content"
_QUIET = "opacity: 0.75; font-size: 13px"


class NotebookDisplay:
    """A record that a notebook shows: its ``repr`` as a line, its ``plot()``, and its table if it has one."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        figure, table = figure_html(self._shown_figure(), alt=repr(self)), self._shown_table()
        return joined_html(line_html(self), figure, folded_html(table) if figure else table)

    def _shown_figure(self) -> "Figure | None":
        """What is drawn; None where nothing can be."""
        plot = getattr(self, "plot", None)
        with survive(__name__, "drawing a result", CutawayError):  # for example, the samples are not images
            return None if plot is None else plot()
        return None

    def _shown_table(self) -> str:
        """HTML of the table; "" for none."""
        return ""


def joined_html(*parts: str) -> str:
    """Parts of a display, those that are empty left out. Formulas in them are never typeset."""
    return f'<div class="tex2jax_ignore mathjax_ignore">{"".join(filter(None, parts))}</div>'


def folded_html(table: str) -> str:
    """A table that is folded until a reader opens it; "" for none."""
    summary = f'<summary style="cursor: pointer; {_QUIET}">table</summary>'
    return f"<details>{summary}{table}</details>" if table else ""


def line_html(record: Any) -> str:
    """The ``repr`` of a record as a line of HTML."""
    text = repr(record)
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    return f"<div>{_escaped(text)}</div>"


def figure_html(figure: "Figure | None", *, alt: str) -> str:
    """A figure as an image, which suits light and dark notebooks; "" for None."""
    if figure is None:
        return ""
    from cutaway.plots import data_uri

    drawn: Any = figure  # a NotebookFigure, which is its type where matplotlib is loaded
    return picture_html(data_uri(drawn.png()), alt=alt)


def picture_html(uri: str, *, alt: str, still: str | None = None) -> str:
    """An image.

    Args:
        uri: A data URI.
        alt: What it shows, for those who cannot see it.
        still: A data URI of an image that does not move, for those who want no animations.
    """
    style = "max-width: 100%; height: auto; border-radius: 6px; margin: 6px 0"
    image = f'<img src="{_escaped(uri)}" alt="{_escaped(alt)}" style="{style}">'
    if still is not None:
        source = f'<source media="(prefers-reduced-motion: reduce)" srcset="{_escaped(still)}">'
        image = f"<picture>{source}{image}</picture>"
    return f"<div>{image}</div>"


def notes_html(notes: Sequence[str]) -> str:
    """Sentences below a table as HTML; "" for none."""
    return "".join(f'<div style="{_QUIET}">{_escaped(note)}</div>' for note in notes)


def declared_html(table: "Table", *, rows: int = ROWS) -> str:
    """The first rows of a declared table as HTML, with the sentences below it; headings tell what columns mean."""
    texts, meanings = table.texts(), table.meanings()
    right = {each.heading: each.unit.right for each in table.columns}
    headings = list(texts[0]) if texts else list(meanings)
    sides = ["right" if right.get(heading, True) else "left" for heading in headings]
    cells = [("th", heading, meanings.get(heading, "")) for heading in headings]
    lines = [_html_row(cells, sides)]
    for row in texts[:rows]:
        # the first cell of a turned table is the heading of a column
        first = meanings.get(next(iter(row.values())), "") if table.turned else ""
        told = [("td", text, "" if place else first) for place, text in enumerate(row.values())]
        lines.append(_html_row(told, sides))
    notes = [f"{rows:,} of {len(texts):,} rows"] if len(texts) > rows else []
    below = notes_html((*notes, *table.notes))
    above = f'<div style="margin-top: 12px">{_escaped(table.title)}</div>' if table.title else ""
    return f'{above}<div style="overflow-x: auto"><table style="{_TABLE}">{"".join(lines)}</table></div>{below}'


def _html_row(cells: list[tuple[str, str, str]], sides: list[str]) -> str:
    inner = "".join(
        f'<{tag} style="{_CELL}; text-align: {side}"{_tooltip(meaning)}>{_escaped(text[:CHARACTERS])}</{tag}>'
        for (tag, text, meaning), side in zip(cells, sides, strict=True)
    )
    return f"<tr>{inner}</tr>"


def _tooltip(text: str) -> str:
    return f' title="{_escaped(text)}"' if text else ""


def lines_html(lines: Iterable[str]) -> str:
    """Sentences as lines of HTML, everything in them escaped."""
    return "".join(f"<div>{_escaped(line)}</div>" for line in lines)


def facts_html(facts: Mapping[str, str]) -> str:
    """Names and values as a table of two columns, everything in it escaped."""
    lines = [
        f'<tr><td style="{_CELL}; {_QUIET}; text-align: left">{_escaped(name)}</td>'
        f'<td style="{_CELL}; text-align: left">{_escaped(value)}</td></tr>'
        for name, value in facts.items()
    ]
    return f'<table style="{_TABLE}">{"".join(lines)}</table>'


def _escaped(text: str) -> str:
    return html.escape(text, quote=True)
