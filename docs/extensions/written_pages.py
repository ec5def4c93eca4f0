"""Writes the playground beside the pages of the site."""

from pathlib import Path

from cutaway.api.playground import write_playground


def setup(app):
    """Have the page written once the site is built."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _write(app, error):
    if error is None:
        write_playground(Path(app.outdir) / "playground.html")
