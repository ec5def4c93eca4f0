"""The title that a person gave a run. It is in the run folder and moves with it."""

from pathlib import Path

from cutaway.errors import RunError, printable
from cutaway.runs import changing, check_own, read_bytes, write_atomic

TITLE = "title.txt"
LENGTH = 200
"""Characters of a title at most."""


def read_title(run: Path) -> str:
    """The title in a run folder, one line of at most `LENGTH` characters; "" where there is none that can be read."""
    try:
        return printable(read_bytes(run / TITLE, run=run, limit=8 * LENGTH).decode(errors="replace"), LENGTH)
    except (OSError, RunError):
        return ""


def write_title(run: Path, title: str) -> None:
    """Write the title of a run; "" removes it.

    Args:
        run: The folder of the run.
        title: At most `LENGTH` characters count.

    Raises:
        RunError: The folder cannot be written, or the file is a link.
    """
    check_own(run.parent, Path(run.name) / TITLE)
    line = printable(title, LENGTH)
    try:
        with changing(run / TITLE):
            if line:
                write_atomic(run / TITLE, f"{line}\n".encode())
            else:
                (run / TITLE).unlink(missing_ok=True)
    except OSError as error:
        raise RunError(
            "the title is kept in the folder of the run, which must be one that can be written",
            got=f"{error.strerror or error}: {run.name}",
            hint="check the permissions of the folder and the free space on the disk",
        ) from error
