"""Results and samples as the page shows them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.page import Card, Cards, Figure, Image, Parts, Section, Table
from cutaway.results.result import Result
from cutaway.results.table import Table as ResultTable
from cutaway.results.table import columns_of

from .sample_list import SampleList, SampleRow
from .sample_rows import sample_rows
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
    heading: str = "Curves",
    tables: Iterable[ResultTable] | None,
    first: Iterable[Section] = (),
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
        heading: What several panels show; the title of a single one is its heading.
        tables: What is listed; the tables of the results if None.
        first: What only the page has, such as images, above the panels.
        more: The same below the tables.
    """
    drawn = [panel for each in results for panel in each.panels()] if panels is None else panels
    listed = [table for each in results for table in each.tables()] if tables is None else tables
    notes = " ".join(dict.fromkeys(note for each in results for note in each.notes()))
    parts = list(first)
    if len(drawn) == 1:  # its title is the heading, which a narrow screen does not cut off
        drawn, heading = [replace(drawn[0], title="")], drawn[0].title
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


def sample_section(
    context: RunContext,
    name: str,
    title: str,
    samples: SampleList,
    table: ResultTable,
    *,
    lead: str,
    subtitle: str,
    label: str = "Label",
    entries: int | None = None,
    more: Mapping[str, Sequence[str]] | None = None,
) -> Section:
    """A list of samples as the page shows it: rows of their table, or a card with the image or the values of each.

    Args:
        context: The run.
        name: See `Section`.
        title: See `Section`.
        samples: The samples.
        table: What is shown of them, one row for each.
        lead: See `Section`.
        subtitle: What cards show in bold: names of columns in braces stand for their texts.
        label: The heading of the column with what each is labeled.
        entries: See `Section`.
        more: Texts about each sample that only the page shows, by heading; "" for samples without one.
    """
    where = {each.heading for each in columns_of(SampleRow)}
    texts = [{heading: text for heading, text in row.items() if heading not in where} for row in table.texts()]
    said = [{**row, **{h: each[i] for h, each in (more or {}).items()}} for i, row in enumerate(texts)]
    told = {heading: [row[heading] for row in said] for heading in said[0]} if said else {}
    meanings = table.meanings()
    if (rows := sample_rows(context, samples.ids, told, label=label)) is not None:
        return Table(
            name=name,
            title=title,
            lead=lead,
            entries=entries,
            caption=rows.words,
            rows=rows.rows,
            marked=rows.marked,
            samples=rows.samples,
            below=rows.nearest,
            meanings=meanings,
            sortable=True,
        )
    others = [heading for heading in told if f"{{{heading}}}" not in subtitle]
    ids = context.named(samples.ids).names()
    cards = [
        Card(
            title=called,
            images=images,
            values=values,
            subtitle=subtitle.format_map(row),
            text=tuple(f"{heading}: {row[heading]}" for heading in others if row[heading]),
            samples=(each,),
        )
        for each, row, (called, images, values) in zip(
            ids, said, shown_samples(context, samples.ids, name=True), strict=True
        )
    ]
    explained = " ".join(f"{heading}: {meanings[heading]}" for heading in others if heading in meanings)
    size = "small" if any(each.images for each in cards) else "medium"
    return Cards(name=name, title=title, lead=lead, entries=entries, caption=explained, cards=tuple(cards), size=size)


def shown_samples(
    context: RunContext, ids: SampleIds, *, name: bool = False
) -> list[tuple[str, tuple[Image, ...], str]]:
    """Samples as cards show them.

    Args:
        context: The run.
        ids: The samples.
        name: Whether the title also says the place in the data, unless the name has it.

    Returns:
        For each: its title; its image, or nothing; and its first values, or "" if there is an image.
    """
    from cutaway.plots import image_png

    ids = context.named(ids)
    places, labels = ids.places(), context.task.texts(context.data.y(ids))
    images = context.data.images(ids)
    values = values_of(context, ids) if images is None else []
    found: list[tuple[str, tuple[Image, ...], str]] = []
    for i in range(len(ids)):
        title = ids[i] if not name or places[i] in ids[i] else f"{ids[i]} ({places[i]})"
        if images is not None:
            alt = f"{ids[i]}, labeled {labels[i]}"
            found.append((title, (Image(image_png(images[i], scale=3), alt),), ""))
        else:
            found.append((title, (), values[i]))
    return found
