"""How answers are printed: tables for people, one JSON document for programs."""

import json
import os
import re
import shlex
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO

from cutaway.errors import CutawayError, Hint, escaped, printable
from cutaway.options import typed_options
from cutaway.words import UNDEFINED, listed

if TYPE_CHECKING:
    from cutaway.results.result import Answer, Result
    from cutaway.results.table import Table
    from cutaway.topics.common.rows_file import Rows

LONG = 40
"""Cells up to this width are never broken: names can be copied."""

NAMED = 5
"""Samples or units of a finding that are named."""

NAME = 12
"""Longer names of layers and classes are shortened in tables that must fit 80 columns."""


UNLIMITED = 100_000
"""Width of a console that wraps nothing, in columns."""

LONGEST_TEXT = 4_000
"""Maximum number of characters of a finding's text to print."""


LEAST = 40
"""A terminal with fewer columns breaks lines itself."""

_LABEL = re.compile(r"  \S.*?\S? {2,}(?=\S)|trial +\d+  ")
"""What stands before the text of a line; further lines begin below the text."""

_COMMAND = re.compile(r"\bcutaway [a-z].*")


def print_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print one JSON document; characters that a terminal would obey are escaped, as JSON allows."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    print("\n".join(line if line.isprintable() else _escaped_json(line) for line in text.split("\n")))


def _escaped_json(line: str) -> str:
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def say(text: str = "", stream: TextIO | None = None) -> None:
    """Print lines of text to a stream, stdout if None; what a terminal would obey, and may be in a name, is escaped."""
    out = stream or sys.stdout
    print(wrapped(escaped(text), out), file=out)


def print_rows(parts: "Iterable[Rows]", **how: Any) -> None:
    """Print rows as CSV: a terminal gets them escaped, a pipe or a file as they are."""
    from cutaway.topics.common.rows_file import texts

    for text, _ in texts(parts, lines=False, **how):
        sys.stdout.write(escaped(text) if sys.stdout.isatty() else text)


def console() -> Any:
    """A rich console on stdout; in pipes and files nothing is wrapped or divided, unless COLUMNS says their width."""
    from rich.console import Console

    is_known = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return Console(highlight=False, width=None if is_known else UNLIMITED, soft_wrap=False)


def print_rich(renderable: Any) -> None:
    """Print what rich draws; in pipes and files without blanks at the ends of lines."""
    out = console()
    if out.is_terminal:
        out.print(renderable)
        return
    with out.capture() as captured:
        out.print(renderable)
    print("\n".join(line.rstrip() for line in captured.get().split("\n")), end="")


def print_table(
    rows: Sequence[Mapping[str, str]],
    *,
    title: str = "",
    right: Mapping[str, bool] = MappingProxyType({}),
    most: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Print rows as a table.

    Columns are aligned right where `right` says so; those it does not know, where every entry is a number.

    Of a table that is wider than the terminal, cells of the columns in `most` are cut to so many characters, and
    headings take several lines. If that is not enough, it goes on below, with its first column again.
    """
    width = console().width
    parts = _parts(rows, width)
    if len(parts) > 1:
        rows = [{head: shorten(text, most.get(head, UNLIMITED)) for head, text in row.items()} for row in rows]
        parts = _parts(rows, width)
    if len(parts) > 1:
        broken = {head: _broken(head, [row[head] for row in rows]) for head in rows[0]}
        rows = [{broken[head]: cell for head, cell in row.items()} for row in rows]
        right = {broken[head]: side for head, side in right.items() if head in broken}
        parts = _parts(rows, width)
    if title:  # as a title of the table it would be broken at the width of that
        print_rich(_text(title, "table.title"))
    for columns in parts:
        part = [{column: row[column] for column in columns} for row in rows]
        print_rich(_table(part, narrow=len(columns) <= 2, right=right))


def print_file(file: Path, document: Mapping[str, Any], *, as_json: bool) -> None:
    """Print where a page was written, as an address to click on, and its size; or a document that says so."""
    if as_json:
        print_json(document)
    else:
        say(f"{file.resolve().as_uri()}  ({file.stat().st_size / 1e6:.1f} MB)")


def print_answer(answer: "Answer | Result", *, run: Path, as_json: bool) -> None:
    """Print what a command answers about a run, for programs or for people."""
    if as_json:
        print_json({"run": str(run), **answer.to_json()})
    else:
        print_result(answer)


def print_result(result: "Answer | Result") -> None:
    """Print the tables of a result, and the sentences that belong to it."""
    print_tables(result.tables())
    for note in result.notes():
        say(as_typed(note))


def print_tables(tables: Sequence["Table"]) -> None:
    """Print declared tables, each with what its columns mean and the sentences that belong to it."""
    has_words = False
    for table in tables:
        if has_words:
            say()
        right = {each.heading: each.unit.right for each in table.columns}
        most = {} if table.turned else {each.heading: each.unit.most for each in table.columns if each.unit.most}
        print_table(table.texts(), title=table.title, right=right, most=most)
        words = [*(f"{each.heading}: {each.meaning}" for each in table.columns if each.explained), *table.notes]
        for line in words:
            say(as_typed(line))
        has_words = bool(words)


def _broken(head: str, cells: Sequence[str]) -> str:
    """A heading that is broken between words where no cell below it is as wide."""
    widest = max(width_of(printable(cell)) for cell in cells)
    return "\n".join(textwrap.wrap(head, max(widest, 1), break_long_words=False, break_on_hyphens=False))


def _parts(rows: Sequence[Mapping[str, Any]], width: int) -> list[list[str]]:
    """The columns of each part when a table is divided to fit."""
    if not rows:
        return []
    from rich.console import Console

    measured = Console(width=UNLIMITED)
    first, *others = rows[0]
    parts = [[first]]
    for column in others:
        together = [{name: row[name] for name in (*parts[-1], column)} for row in rows]
        if len(parts[-1]) > 1 and measured.measure(_table(together)).minimum > width:
            parts.append([first])
        parts[-1].append(column)
    return parts


def _table(
    rows: Sequence[Mapping[str, Any]],
    *,
    narrow: bool = False,
    right: Mapping[str, bool] = MappingProxyType({}),
) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in rows[0]:
        numeric = right.get(column, all(_is_number(row[column]) for row in rows))
        lines = [printable(line) for line in column.split("\n")]
        widest = max(map(width_of, (*lines, *(printable(row[column]) for row in rows))))
        table.add_column(
            Text("\n".join(lines)),
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=widest <= LONG and not narrow,
            min_width=None if narrow else min(widest, LONG),
        )
    for row in rows:
        table.add_row(*(Text(printable(value)) for value in row.values()))
    return table


def _text(words: str, style: str) -> Any:
    from rich.text import Text

    return Text(printable(words), style)


def _is_number(cell: str) -> bool:
    """Whether a cell begins with a number; names with digits, such as 20261127-111753-mnist-9421, do not."""
    return cell in ("", "-", UNDEFINED) or (cell.lstrip("-+±")[:1].isdigit() and re.search(r"\d-\w", cell) is None)


def print_findings(findings: Sequence[Any], *, rules: bool = False) -> None:
    """Print findings as marked sentences with the first samples or units that they are about.

    What follows from a finding is named by its title below it.

    Args:
        findings: `Finding` records.
        rules: Whether to print the page of the kind of each.
    """
    from rich.table import Table
    from rich.text import Text

    from cutaway.findings import folded

    styles = {"good": ("ok", "green"), "note": ("note", "cyan"), "warning": ("warning", "yellow")}
    for finding, consequences in folded(findings):
        mark, style = styles[finding.severity]
        title, text = (printable(part, LONGEST_TEXT) for part in (finding.title, as_typed(finding.text)))
        lines = [Text.assemble((title, "bold"), (f" ({finding.kind})", "dim"), f". {text}")]
        for what, names in (("samples", finding.samples), ("units", finding.units)):
            if names and (rules or finding.severity == "warning"):
                lines.append(Text(printable(f"{what}: {listed(names, NAMED)}"), "dim"))
        if rules and finding.rule is not None:
            lines += [Text(escaped(line), "dim") for line in finding.rule.page]
        if finding.muted:
            mark, style = "muted", "dim"
            lines.append(Text(printable(f"muted: {finding.muted}", LONGEST_TEXT), "dim"))
        if consequences:
            named = (f"{each.title} ({each.kind})" if rules else each.title for each in consequences)
            titles = "; ".join(dict.fromkeys(named))
            lines.append(Text(printable(f"this explains: {titles}", LONGEST_TEXT), "dim"))
        grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
        grid.add_column(width=7, justify="right")
        grid.add_column(overflow="fold")
        for number, line in enumerate(lines):
            grid.add_row(Text("" if number else mark, style), line)
        print_rich(grid)


def width_of(text: str) -> int:
    """The columns that a text takes in a terminal: two for a character of Chinese or Japanese, or an emoji."""
    from rich.cells import cell_len

    return cell_len(text)


def shorten(name: str, most: int) -> str:
    """A name cut to some columns of a terminal."""
    if width_of(name) <= most:
        return name
    kept = name[: most - 1]
    while width_of(kept) > most - 1:
        kept = kept[:-1]
    return f"{kept}…"


def has_display() -> bool:
    """Whether there is a screen to open a browser on; a text browser would take this terminal."""
    if "SSH_CONNECTION" in os.environ and not os.environ.get("DISPLAY"):
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def wrapped(text: str, stream: TextIO) -> str:
    """Text with its lines broken between words, where a terminal will show it.

    Args:
        text: Lines; a command in a line goes on to its end, and is never broken, so that it can be copied.
        stream: Where the text is printed. Pipes and files get lines as they are, for programs that read them.
    """
    width = columns_of(stream)
    if width is None or width < LEAST:
        return text
    return "\n".join(_wrapped_line(line, width) for line in text.split("\n"))


def columns_of(stream: TextIO) -> int | None:
    """How many columns the terminal behind a stream has; None if there is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None if stream.isatty() else None
    except (OSError, ValueError, AttributeError):  # no terminal
        return None


def _wrapped_line(line: str, width: int) -> str:
    from rich.cells import cell_len

    if cell_len(line) <= width:
        return line
    label = found[0] if (found := _LABEL.match(line)) else ""
    indent = " " * cell_len(label)
    command = found[0] if (found := _COMMAND.search(line, len(label))) else ""
    words = re.findall(r"\S+ *", line[len(label) : len(line) - len(command)])
    lines, room = [label], width - cell_len(label)
    for word in [*words, *filter(None, [command])]:
        if cell_len(word.rstrip()) > room and lines[-1] not in (label, indent):
            lines.append(indent)
            room = width - len(indent)
        lines[-1] += word
        room -= cell_len(word)
    return "\n".join(each.rstrip() for each in lines)


def as_typed(text: str | CutawayError) -> str:
    """An error, or a text of the library, with options as they are typed: ``--epochs 3``."""
    if isinstance(text, CutawayError):
        return str(CutawayError(text.rule, got=text.got, hint=as_typed(text.hint)))
    return text.written(_option) if isinstance(text, Hint) else text


def _option(name: str, value: Any) -> str:
    if value is None or value is ...:
        return f"--{name.replace('_', '-')}{'' if value is None else ' ...'}"
    return shlex.join(typed_options({name: value}))
