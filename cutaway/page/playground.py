"""The playground: one HTML file that trains a network, or lays out points by t-SNE, in the browser."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from cutaway.plots import BLUE, CLASS_COLORS, SEQUENTIAL_COLORS, WRONG_COLOR

from .bundle import Bundle
from .linking import link
from .render import escape_script, render_document, script_digest
from .resources import read_module

STYLES = ("page.css", "network.css", "curves.css", "playground.css", "tsne.css")

GROUNDS = {"light": "#ffffff", "dark": "#1b1e22"}
"""The surfaces of page.css, which colors are mixed with."""


@dataclass(frozen=True)
class PlaygroundDigits:
    """Digits to learn from.

    Attributes:
        x: uint8 ``(sample, 28, 28)``, images to train on.
        y: uint8 ``(sample,)``, the digit of each.
        x_test: uint8 ``(sample, 28, 28)``, images to test on.
        y_test: uint8 ``(sample,)``, the digit of each.
        notice: Whose they are, in words.
    """

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    notice: str


@dataclass(frozen=True)
class PlaygroundPage:
    """The playground.

    Attributes:
        html: The document, which fetches nothing.
        policy: Its content security policy, which is in the document as well: it admits its own script, by its digest,
            and a worker that this script makes of a text of the document.
    """

    html: str
    policy: str


def render_playground(
    digits: PlaygroundDigits, *, version: str, studio: str, start: dict[str, Any] | None = None
) -> PlaygroundPage:
    """Make the page with some digits in it.

    Args:
        digits: What the dataset "Handwritten digits" holds.
        version: Of cutaway, which the page names.
        studio: Relative address of the studio, such as "./": the page asks it which tasks are done and
            tells those that are. "" for a page that asks for nothing.
        start: The samples and settings that it begins with: ``settings``, ``rows``, ``classNames`` and ``about``.
    """
    bundle = Bundle()
    for array in (digits.x, digits.y, digits.x_test, digits.y_test):
        bundle.add(array)
    colors = {
        "classes": list(CLASS_COLORS),
        "sequential": list(SEQUENTIAL_COLORS),
        "positive": BLUE,
        "negative": WRONG_COLOR,
        "grounds": GROUNDS,
    }
    worker = link("playground/worker.js", read_module)
    script = link("playground/playground.js", read_module)
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {script_digest(escape_script(script))}",
            "worker-src blob:",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            "font-src data:",
            *(["connect-src 'self'"] if studio else []),
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    html = render_document(
        "playground.html",
        script=script,
        data={
            "arrays": bundle.records,
            "colors": colors,
            "tasksAt": f"{studio}api/tasks" if studio else "",
            "start": start,
        },
        bundle=bundle,
        styles=STYLES,
        values={
            "worker": Markup(escape_script(worker)),
            "policy": Markup(policy),
            "notice": digits.notice,
            "version": version,
            "studio": studio,
        },
    )
    return PlaygroundPage(html, policy)
