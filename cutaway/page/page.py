"""The report page: one HTML file with everything inside."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from cutaway.plots import data_uri

if TYPE_CHECKING:
    from bokeh.models import UIElement

_NUMBER = re.compile(r"[-+]?\d[\d,. ]*(e[-+]?\d+)?( ?%)?|[-–]?", re.IGNORECASE)


@dataclass(frozen=True)
class ReportFinding:
    """One thing that a person should know about the run.

    Attributes:
        severity: How it is marked.
        title: A few words.
        text: A sentence or two.
    """

    severity: Literal["good", "note", "warning"]
    title: str
    text: str


@dataclass(frozen=True)
class ReportMistake:
    """A sample that the network reads wrongly.

    Attributes:
        name: The sample's name, such as "test[7]".
        label: Name of its class.
        predicted: Name of the predicted class.
        confidence: Probability 0..1 of the predicted class.
        picture: The sample as a PNG, or None where samples are no pictures.
        values: The sample in words, shown where there is no picture.
    """

    name: str
    label: str
    predicted: str
    confidence: float
    picture: bytes | None
    values: str


@dataclass(frozen=True)
class ReportUnit:
    """A unit of a layer.

    Attributes:
        name: Such as "Unit 7".
        weights: Its incoming weights as a PNG, or None.
        examples: The samples that excite it most, side by side on one PNG, or None where samples are no pictures.
        samples: Their names, strongest first.
        answers: Names of the classes that it answers most to.
        cost: What its removal costs, a sentence.
        alike: Which unit is most like it, a sentence; or "".
    """

    name: str
    weights: bytes | None
    examples: bytes | None
    samples: tuple[str, ...]
    answers: tuple[str, ...]
    cost: str
    alike: str


@dataclass(frozen=True)
class ReportInside:
    """What layers know, and the units that matter most.

    Attributes:
        lead: Which layer knows it, and since when.
        rows: Rows of a table, the same keys in each: a layer after an epoch.
        measured: On what, a sentence.
        layer: Name of the layer whose units are shown.
        samples: How many samples each of them was taken out for.
        units: The most important first; empty where there are none.
    """

    lead: str
    rows: tuple[dict[str, str], ...]
    measured: str
    layer: str
    samples: int
    units: tuple[ReportUnit, ...]


@dataclass(frozen=True)
class ReportContent:
    """What a report shows, ready to be laid out.

    Attributes:
        title: Heading of the page.
        subtitle: One line below it.
        facts: (label, value) pairs, shown as cards on top.
        findings: In the order in which they should be read.
        curves: Bokeh model with the learning curves; None for a model that was not trained here.
        confusion: Bokeh figure with the confusion matrix.
        embedding: Bokeh figure with the embedding, or None.
        embedding_caption: Says what the embedding shows.
        layers: Rows of a table, the same keys in each; the keys are the heads of its columns.
        mistakes: The worst first.
        settings: (name, value) pairs: everything needed to make the run again.
        footer: Last line of the page.
        inside: What layers and units know; None where that was not measured.
    """

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    findings: tuple[ReportFinding, ...]
    curves: "UIElement | None"
    confusion: "UIElement"
    embedding: "UIElement | None"
    embedding_caption: str
    layers: tuple[dict[str, str], ...]
    mistakes: tuple[ReportMistake, ...]
    settings: tuple[tuple[str, str], ...]
    footer: str
    inside: ReportInside | None = None


def report_page(content: ReportContent) -> str:
    """Return the report as one HTML document that fetches nothing.

    Its content policy admits only the scripts that it carries, by their digests, so text that comes from a run
    cannot bring code along.

    Args:
        content: Texts are escaped; figures are embedded as JSON.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals["data_uri"] = data_uri
    scripts = [*_bokehjs(), _script(_resource("report.js"))]
    return environment.from_string(_resource("report.html")).render(
        content=content,
        layers=_table(content.layers),
        knowledge=_table(content.inside.rows if content.inside else ()),
        figures=_figures(content),
        css=Markup(_resource("report.css")),
        scripts=[Markup(script) for script in scripts],
        digests=" ".join(f"'sha256-{_digest(script)}'" for script in scripts),
    )


def _table(rows: tuple[dict[str, str], ...]) -> dict[str, Any]:
    """Rows of a table, its columns, and those in which all entries are numbers."""
    columns = tuple(rows[0]) if rows else ()
    numeric = {key for key in columns if all(_NUMBER.fullmatch(row[key]) for row in rows)}
    return {"rows": rows, "columns": columns, "numeric": numeric}


def _figures(content: ReportContent) -> Markup:
    """Return the figures as a JSON list that may stand inside a script element."""
    from bokeh.core.types import ID
    from bokeh.embed import json_item
    from bokeh.themes import Theme

    # The page shines through, so figures follow its light and dark.
    clear = Theme(json={"attrs": {"Plot": {"background_fill_color": None, "border_fill_color": None}}})
    models = {"curves": content.curves, "confusion": content.confusion, "embedding": content.embedding}
    items = [
        json_item(model, target=ID(f"{name}-figure"), theme=clear)
        for name, model in models.items()
        if model is not None
    ]
    return Markup(json.dumps(items, allow_nan=False).replace("<", "\\u003c"))


def _bokehjs() -> list[str]:
    from bokeh.resources import Resources

    # Only what the figures use; "warn" keeps BokehJS from greeting on the console.
    resources = Resources(mode="inline", components=["bokeh", "bokeh-gl"], log_level="warn")
    return [_script(source) for source in resources.js_raw]


def _script(source: str) -> str:
    """Keep the parser of HTML from ending a script early; the escapes mean the same to JavaScript."""
    return source.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _resource(name: str) -> str:
    return files("cutaway.page").joinpath(name).read_text(encoding="utf-8")
