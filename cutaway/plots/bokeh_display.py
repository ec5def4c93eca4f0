"""A Bokeh figure that a notebook shows by itself, without a network and without any setup."""

import base64
import gzip
import html
from functools import partial
from typing import TYPE_CHECKING, Any

from .theme import INK

if TYPE_CHECKING:
    from bokeh.plotting import figure as BokehFigure

EXTRA = 40
"""Pixels below and above a figure in its frame."""

# The frame may run its own scripts and nothing else: it has no origin, and may fetch nothing.
_POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:"

# No background, and a gray that is legible on light and dark pages.
_LOOK = {
    "Plot": {"background_fill_alpha": 0, "border_fill_alpha": 0},
    "Legend": {"label_text_color": INK},
}

# BokehJS is 1.2 MB as text and a third of that compressed, so the page is unpacked where it is shown.
_FRAME = """<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}"><script>
const packed = Uint8Array.from(atob("{page}"), c => c.charCodeAt(0));
const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
new Response(stream).text().then(text => {{ document.open(); document.write(text); document.close(); }});
</script>"""


def show_in_notebooks(figure: "BokehFigure") -> None:
    """Make notebooks display a figure when it is the last value of a cell.

    JupyterLab, VS Code and Colab show it in a frame with BokehJS inside. `bokeh.io.show` works on it as before.
    """

    def mimebundle(include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": _frame(figure), "text/plain": f"<{type(figure).__name__} of Bokeh>"}

    # Bokeh lets names with an underscore be set; its own display is a list of properties.
    object.__setattr__(figure, "_repr_mimebundle_", mimebundle)
    object.__setattr__(figure, "_repr_html_", partial(_frame, figure))


def _frame(figure: "BokehFigure") -> str:
    """A figure as HTML: a frame that holds it and all that it needs."""
    from bokeh.embed import file_html
    from bokeh.resources import Resources
    from bokeh.themes import Theme

    # a copy of the settings of Bokeh would fetch BokehJS from its servers, depending on the environment
    resources = Resources(mode="inline", log_level="warn")
    page = file_html(figure, resources, title="figure", theme=Theme(json={"attrs": _LOOK}))
    page = page.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{_POLICY}">', 1)
    packed = base64.b64encode(gzip.compress(page.encode(), mtime=0)).decode()
    frame = html.escape(_FRAME.format(policy=_POLICY, page=packed))
    return (
        f'<iframe srcdoc="{frame}" sandbox="allow-scripts allow-downloads" title="figure" '
        f'style="width: 100%; height: {(figure.height or 400) + EXTRA}px; border: 0; border-radius: 8px; '
        "background: transparent; "
        # the scheme of the page inside: where they differ, browsers put a white or black background between them
        'color-scheme: light"></iframe>'
    )
