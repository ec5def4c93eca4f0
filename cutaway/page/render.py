"""From a `Page` to one HTML file with everything inside, or from a section to a part of a page."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from cutaway.errors import escaped
from cutaway.plots import Panel, data_uri
from cutaway.words import counted

from .bundle import QUICK_LEVEL, Bundle
from .explorer import Explorer
from .label_sheet import LabelSheet
from .linking import link
from .resources import STYLES, read_font, read_module, read_template
from .sections import Cards, Figure, Page, Section, Summary, with_parts

_NUMBER = re.compile(r"[-+~]?\d[\d,.]*(e[-+]?\d+)?(±\d[\d,.]*)?%?( \([\d.]+%\))?|[-–]?", re.IGNORECASE)


def render(page: Page) -> str:
    """Return a page as one HTML document that fetches nothing.

    Its content security policy admits only the script that it carries, by its digest, so text that comes from a run
    cannot run as code.

    Args:
        page: All its text is escaped, also what a terminal would obey or what turns the direction of a line; panels are
            embedded as JSON.
    """
    bundle = Bundle()
    data = _document(page.all_sections, bundle)
    return render_document(
        "page.html",
        script=link("page.js", read_module),
        data=data,
        bundle=bundle,
        styles=STYLES,
        values={"page": page},
    )


def render_document(
    template: str,
    *,
    script: str,
    data: Any,
    bundle: Bundle,
    styles: Sequence[str],
    values: Mapping[str, Any],
) -> str:
    """Fill a template of a whole page, which has a place for each of these.

    Args:
        template: Its name, such as "page.html".
        script: The module that starts the page, linked.
        data: What it reads, JSON-able.
        bundle: The arrays that it reads.
        styles: Names of style sheets, in order.
        values: Whatever else the template shows.
    """
    script = escape_script(script)
    return (
        _environment()
        .get_template(template)
        .render(
            data=Markup(json.dumps(data, allow_nan=False).replace("<", "\\u003c")),
            arrays=[Markup(base64.b64encode(array).decode("ascii")) for array in bundle.data],
            css=Markup("\n".join((read_font(), *map(read_template, styles)))),
            script=Markup(script),
            digest=script_digest(script),
            **values,
        )
    )


@dataclass(frozen=True)
class SectionPart:
    """A section by itself, for a page that a server hands out section by section.

    Attributes:
        document: ``name``, ``title``, ``view``, ``entries`` and ``html``, the element of the section; and what its
            scripts need: ``figures``, ``explorers`` and ``sheets``, and ``arrays``, the facts about each array.
            JSON-able.
        arrays: The bytes of each array.
    """

    document: dict[str, Any]
    arrays: list[bytes]


def render_section(section: Section) -> SectionPart:
    """Return a section of a page by itself, by the same templates."""
    bundle = Bundle(level=QUICK_LEVEL)
    data = _document(with_parts(section), bundle)
    html = _environment().get_template("section.html").render(section=section)
    named = {"name": section.name, "title": escaped(section.title), "view": section.view, "entries": section.entries}
    return SectionPart({**named, "html": html, **data}, bundle.data)


def render_fragment(template: str, **values: Any) -> str:
    """Return a part of a page of the studio, by a template; all text is escaped.

    Args:
        template: Its name, such as "survey.html".
        values: What the template shows.
    """
    return _environment().get_template(template).render(**values)


def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(read_template),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_escaped,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    environment.globals |= {"data_uri": data_uri, "number_columns": _number_columns, "counted": counted}
    return environment


def _breakable(text: str) -> Markup:
    """A name that may go on in the next line after an underscore, and nowhere else within a word."""
    return escape(escaped(text)).replace("_", Markup("_<wbr>"))


def _document(sections: Sequence[Section], bundle: Bundle) -> dict[str, Any]:
    """What the scripts of sections need, as plain data; arrays go into the bundle."""
    figures = [
        {"name": name, "panels": [panel.document() for panel in panels], "isSmall": is_small}
        for section in sections
        for name, panels, is_small in _figures(section)
    ]
    explorers = [section.document(bundle) for section in sections if isinstance(section, Explorer)]
    sheets = [section.document() for section in sections if isinstance(section, LabelSheet)]
    return {"figures": figures, "explorers": explorers, "sheets": sheets, "arrays": bundle.records}


def _figures(section: Section) -> list[tuple[str, Sequence[Panel], bool]]:
    """The name of each place for charts in a section, its panels, and whether they are small."""
    if isinstance(section, Figure):
        return [(section.name, section.panels, False)]
    cards = section.cards if isinstance(section, Cards) else ()
    own = ()
    if isinstance(section, Summary):
        cards, own = [line.card for line in section.lines], section.panels
    drawn = [
        (section.name, own),
        *((f"{section.name}-{number}", card.panels) for number, card in enumerate(cards) if card),
    ]
    return [(name, panels, True) for name, panels in drawn if panels]


def _escaped(value: Any) -> Any:
    return escaped(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _number_columns(rows: Sequence[Mapping[str, str]]) -> set[str]:
    """The columns whose every entry is a number such as "7 (21.9%)" or a dash."""
    return {key for key in rows[0] if all(_NUMBER.fullmatch(row[key]) for row in rows)} if rows else set()


def escape_script(source: str) -> str:
    """Keep the HTML parser from ending a script early; the escapes mean the same to JavaScript."""
    return source.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def script_digest(script: str) -> str:
    """What admits a script in a content security policy."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"
