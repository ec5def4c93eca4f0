"""The styles of a page, for a shadow root in the output of a cell."""

import re

from cutaway.page.resources import STYLES, read_module, read_template

_ROOT = re.compile(r":root((?:\[[^\]]*\]|:not\([^)]*\))*)")
_NARROW = re.compile(r"@media (\((?:max|min)-width: [^)]*\))")


def widget_style() -> str:
    """The style sheets of a page: what they say of the page holds for the widget, and of the window for the cell."""
    page = "\n".join(read_template(name) for name in STYLES)
    page = _ROOT.sub(lambda found: f":host({found[1]})" if found[1] else ":host", page)
    page = _NARROW.sub(r"@container \1", page)
    return f"{page}\n{read_module('notebook/widget.css')}"
