"""Files that were written for the user."""

import html
import os
from pathlib import Path

from cutaway.checks import check_path
from cutaway.runs import REPORT, check_no_link, check_output, write_output


class WrittenFile(type(Path())):
    """The path of a file that was written; a notebook shows it as a link."""

    def _repr_html_(self) -> str:
        return self.link()

    def link(self) -> str:
        """A link to the file as HTML."""
        where = os.path.relpath(self)  # a notebook serves its own folder
        return f'<a href="{html.escape(where)}" target="_blank">{html.escape(str(self))}</a>'


def output_path(path: str | Path | None, *, folder: Path) -> Path:
    """The path of the HTML file to write, checked before the work of half a minute.

    Args:
        path: As a user names it, links included; report.html in `folder` if None.
        folder: A folder that may come from a stranger; no link in it is followed.

    Raises:
        RunError: The report of the folder is a link.
        UsageError: It is no HTML file in a folder that exists, or cannot be written.
    """
    target = folder / REPORT if path is None else check_path(path, name="path")
    if path is None:
        check_no_link(target)
    # a file of no type, such as /dev/stdout, is written as well
    check_output(target, (".html", ".htm") if target.suffix else ())
    return target


def write_html(target: Path, html: str) -> None:
    """Write an HTML file, whole or not at all.

    Raises:
        UsageError: It cannot be written.
    """
    write_output(target, html.encode(errors="backslashreplace"))
