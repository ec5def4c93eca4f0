"""Reads the files that pages are made from."""

import base64
from importlib.resources import files

STYLES = ("page.css", "explorer.css", "network.css", "label_sheet.css", "curves.css")
"""Style sheets of a page, in order."""


def read_template(name: str) -> str:
    """Return a template or a style sheet by its name."""
    return read_module(f"templates/{name}")


def read_font() -> str:
    """Return the style sheet of the font, with the font in it."""
    font = base64.b64encode(files("cutaway.page").joinpath("fonts/inter.woff2").read_bytes()).decode()
    return read_template("font.css").replace("../fonts/inter.woff2", f"data:font/woff2;base64,{font}")


def read_module(name: str) -> str:
    """Return an ES module by its name, relative to this folder, such as "map/view.js"."""
    return files("cutaway.page").joinpath(name).read_text(encoding="utf-8")
