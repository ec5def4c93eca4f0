"""Turn names in single backticks in docstrings into links where the API page has them, else into plain code."""

import re
from typing import Any

from sphinx.application import Sphinx

import cutaway

_SINGLE = re.compile(r"(?<![`:\w])`([A-Za-z_][\w.]*)`(?!`)")


def _target(name: str) -> str:
    last = name.rsplit(".", 1)[-1]
    if last in cutaway.__all__:
        return f":py:obj:`{last} <cutaway.{last}>`"
    if hasattr(cutaway.Run, name) or name.startswith("Run."):
        return f":py:obj:`{last} <cutaway.Run.{last}>`"
    return f"``{name}``"


def rewrite(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Rewrite the lines of a docstring in place."""
    lines[:] = [_SINGLE.sub(lambda match: _target(match[1]), line) for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it with Sphinx."""
    app.connect("autodoc-process-docstring", rewrite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
