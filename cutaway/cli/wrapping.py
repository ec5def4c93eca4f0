"""Lines for people are broken between words where they would not fit a terminal."""

import os
import re
from typing import TextIO

LEAST = 40
"""A terminal with fewer columns breaks lines itself."""

_LABEL = re.compile(r"  \S.*?\S? {2,}(?=\S)|trial +\d+  ")
"""What stands before the text of a line; further lines begin below the text."""

_COMMAND = re.compile(r"\bcutaway [a-z].*")


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
    except (OSError, ValueError, AttributeError):
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
