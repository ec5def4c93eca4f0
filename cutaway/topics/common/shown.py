"""Results and samples as the page shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.page import Figure, Image, Parts, Section, Table
from cutaway.results.result import Result
from cutaway.results.table import Table as ResultTable

from .sample_values import values_of

if TYPE_CHECKING:
    from cutaway.plots import Panel


def result_section(
    name: str,
    title: str,
    *results: Result,
    lead: str = "",
    panels: "Sequence[Panel] | None" = None,
    figure: str = "",
    tables: Iterable[ResultTable] | None = None,
    more: Iterable[Section] = (),
) -> Section:
    """Results as a section of the page: their panels, their tables, and the notes that belong to them.

    Args:
        name: See `Section`.
        title: See `Section`.
        results: The results.
        lead: What only the page says, above them.
        panels: What is drawn; the panels of the results if None.
        figure: How the figure is read.
        tables: What is listed; the tables of the results if None.
        more: What only the page has, such as images, below them.
    """
    drawn = [panel for each in results for panel in each.panels()] if panels is None else panels
    listed = [table for each in results for table in each.tables()] if tables is None else tables
    notes = " ".join(dict.fromkeys(note for each in results for note in each.notes()))
    parts: list[Section] = []
    if len(drawn) == 1:  # its title is the heading, which a narrow screen does not cut off
        drawn, heading = [replace(drawn[0], title="")], drawn[0].title
    else:
        heading = "Curves"
    if drawn:
        parts.append(Figure(name=f"{name}figure", title=heading, panels=tuple(drawn), caption=figure))
    parts += [result_table(f"{name}table{chr(97 + place)}", table) for place, table in enumerate(listed)]
    parts += more
    if len(parts) == 1:
        caption = " ".join(filter(None, (parts[0].caption, notes)))
        return replace(parts[0], name=name, title=title, lead=lead, caption=caption)
    return Parts(name=name, title=title, lead=lead, caption=notes, parts=tuple(parts))


def result_table(name: str, table: ResultTable, **chosen: Any) -> Table:
    """A table of a result as the page shows it.

    Args:
        name: See `Section`.
        table: The table, whose title is the heading, and whose notes stand below it.
        chosen: What only the page has; see `cutaway.page.Table`.
    """
    given: dict[str, Any] = {"title": table.title, "caption": " ".join(table.notes), **chosen}
    return Table(name=name, rows=tuple(table.texts()), meanings=table.meanings(), **given)


def shown_samples(
    context: RunContext, ids: SampleIds, *, name: bool = False
) -> list[tuple[str, tuple[Image, ...], str]]:
    """Samples as cards show them.

    Args:
        context: The run.
        ids: The samples.
        name: Whether the title also says the place in the data, where it is not part of the name.

    Returns:
        For each: its title; its image, or nothing; and its first values, or "" where there is an image.
    """
    from cutaway.plots import image_png

    ids = context.named(ids)
    places, classes = ids.places(), context.data.y(ids)
    images = context.data.images(ids)
    values = values_of(context, ids) if images is None else []
    found: list[tuple[str, tuple[Image, ...], str]] = []
    for i in range(len(ids)):
        title = ids[i] if not name or places[i] in ids[i] else f"{ids[i]} ({places[i]})"
        if images is not None:
            alt = f"{ids[i]}, labeled {context.class_names[int(classes[i])]}"
            found.append((title, (Image(image_png(images[i], scale=3), alt),), ""))
        else:
            found.append((title, (), values[i]))
    return found
