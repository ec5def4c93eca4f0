"""Reads the files that pages are made from."""

from importlib.resources import files

STYLES = ("page.css", "explorer.css", "network.css", "label_sheet.css", "curves.css")
"""Style sheets of a page, in order."""


def read_template(name: str) -> str:
    """Return a template or a style sheet by its name."""
    return read_module(f"templates/{name}")


def read_module(name: str) -> str:
    """Return an ES module by its name, relative to this folder, such as "map/view.js"."""
    return files("cutaway.page").joinpath(name).read_text(encoding="utf-8")
