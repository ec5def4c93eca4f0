"""A table of docutils, for the directives next to this file."""

from collections.abc import Iterable, Sequence

from docutils import nodes

Cell = str | nodes.Node | list[nodes.Node]


def table(titles: Sequence[str], rows: Iterable[Sequence[Cell]], *, widths: Sequence[int], name: str) -> nodes.table:
    """A table with a head; `name` is its class in the page, which the style sheet knows."""
    group = nodes.tgroup(cols=len(titles))
    group += [nodes.colspec(colwidth=width) for width in widths]
    head, body = nodes.thead(), nodes.tbody()
    head += _row(titles)
    body += [_row(row) for row in rows]
    group += [head, body]
    return nodes.table("", group, classes=[name])


def _row(cells: Sequence[Cell]) -> nodes.row:
    return nodes.row("", *[nodes.entry("", nodes.paragraph("", "", *_inline(cell))) for cell in cells])


def _inline(cell: Cell) -> list[nodes.Node]:
    if isinstance(cell, str):
        return [nodes.Text(cell)]
    return cell if isinstance(cell, list) else [cell]
